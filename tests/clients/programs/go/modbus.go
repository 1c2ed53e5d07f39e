package main

import (
	"log"
	"os"

	"github.com/goburrow/modbus"
)

// A client of Modbus, with its defaults; the argument is the port.
func main() {
	if _, err := modbus.TCPClient("127.0.0.1:"+os.Args[1]).ReadHoldingRegisters(1, 1); err != nil {
		log.Fatal(err)
	}
}
