package main

import (
	"log"
	"os"
	"strconv"

	"github.com/gocql/gocql"
)

// A client of Cassandra, with its defaults; the argument is the port.
func main() {
	cluster := gocql.NewCluster("127.0.0.1")
	cluster.Port, _ = strconv.Atoi(os.Args[1])
	if _, err := cluster.CreateSession(); err != nil {
		log.Fatal(err)
	}
}
