package main

import (
	"log"
	"os"

	"gopkg.in/redis.v5"
)

// A client of Redis, with its defaults; the argument is the port.
func main() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + os.Args[1]})
	if err := client.Get("key").Err(); err != nil {
		log.Fatal(err)
	}
}
