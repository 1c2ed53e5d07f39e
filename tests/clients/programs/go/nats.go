package main

import (
	"log"
	"os"

	"github.com/nats-io/nats.go"
)

// A client of NATS, with its defaults; the argument is the port.
func main() {
	if _, err := nats.Connect("nats://ann:secret@127.0.0.1:" + os.Args[1]); err != nil {
		log.Fatal(err)
	}
}
