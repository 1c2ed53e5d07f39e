package main

import (
	"log"
	"os"

	amqp "github.com/rabbitmq/amqp091-go"
)

// A client of AMQP 0-9-1, with its defaults; the argument is the port.
func main() {
	if _, err := amqp.Dial("amqp://ann:secret@127.0.0.1:" + os.Args[1]); err != nil {
		log.Fatal(err)
	}
}
