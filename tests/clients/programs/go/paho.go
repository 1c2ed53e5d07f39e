package main

import (
	"log"
	"os"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// A client of MQTT, with its defaults; the argument is the port.
func main() {
	options := mqtt.NewClientOptions().AddBroker("tcp://127.0.0.1:" + os.Args[1])
	token := mqtt.NewClient(options).Connect()
	if token.Wait() && token.Error() != nil {
		log.Fatal(token.Error())
	}
}
