package main

import (
	"log"
	"os"

	"github.com/gomodule/redigo/redis"
)

// A client of Redis, with its defaults; the argument is the port.
func main() {
	connection, err := redis.Dial("tcp", "127.0.0.1:"+os.Args[1])
	if err == nil {
		_, err = connection.Do("GET", "key")
	}
	if err != nil {
		log.Fatal(err)
	}
}
