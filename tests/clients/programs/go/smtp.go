package main

import (
	"log"
	"net/smtp"
	"os"
)

// A client of SMTP, with its defaults; the argument is the port.
func main() {
	if _, err := smtp.Dial("127.0.0.1:" + os.Args[1]); err != nil {
		log.Fatal(err)
	}
}
