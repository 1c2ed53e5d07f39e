package main

import (
	"log"
	"os"

	"github.com/emersion/go-imap/client"
)

// A client of IMAP, with its defaults; the argument is the port.
func main() {
	connection, err := client.Dial("127.0.0.1:" + os.Args[1])
	if err == nil {
		err = connection.Login("ann", "secret")
	}
	if err != nil {
		log.Fatal(err)
	}
}
