package main

import (
	"log"
	"os"

	irc "github.com/thoj/go-ircevent"
)

// A client of IRC, with its defaults; the argument is the port.
func main() {
	connection := irc.IRC("ann", "ann")
	connection.AddCallback("ERROR", func(event *irc.Event) { log.Fatal(event.Message()) })
	if err := connection.Connect("127.0.0.1:" + os.Args[1]); err != nil {
		log.Fatal(err)
	}
	connection.Loop()
}
