package main

import (
	"log"
	"os"

	"github.com/jlaffaye/ftp"
)

// A client of FTP, with its defaults; the argument is the port.
func main() {
	if _, err := ftp.Dial("127.0.0.1:" + os.Args[1]); err != nil {
		log.Fatal(err)
	}
}
