package main

import (
	"log"
	"os"

	"github.com/bradfitz/gomemcache/memcache"
)

// A client of memcached, with its defaults; the argument is the port.
func main() {
	if _, err := memcache.New("127.0.0.1:" + os.Args[1]).Get("key"); err != nil {
		log.Fatal(err)
	}
}
