package main

import (
	"log"
	"os"

	"github.com/go-ldap/ldap/v3"
)

// A client of LDAP, with its defaults; the argument is the port.
func main() {
	connection, err := ldap.DialURL("ldap://127.0.0.1:" + os.Args[1])
	if err == nil {
		err = connection.Bind("cn=ann", "secret")
	}
	if err != nil {
		log.Fatal(err)
	}
}
