package main

import (
	"log"
	"os"

	"golang.org/x/crypto/ssh"
)

// A client of SSH that takes any host's key, else with its defaults; the argument is the port.
func main() {
	_, err := ssh.Dial("tcp", "127.0.0.1:"+os.Args[1], &ssh.ClientConfig{
		User:            "ann",
		Auth:            []ssh.AuthMethod{ssh.Password("secret")},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
	if err != nil {
		log.Fatal(err)
	}
}
