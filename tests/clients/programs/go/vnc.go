package main

import (
	"log"
	"net"
	"os"

	"github.com/mitchellh/go-vnc"
)

// A client of VNC, with its defaults; the argument is the port.
func main() {
	connection, err := net.Dial("tcp", "127.0.0.1:"+os.Args[1])
	if err == nil {
		_, err = vnc.Client(connection, &vnc.ClientConfig{})
	}
	if err != nil {
		log.Fatal(err)
	}
}
