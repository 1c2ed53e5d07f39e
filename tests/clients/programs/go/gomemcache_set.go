package main

import (
	"log"
	"os"

	"github.com/bradfitz/gomemcache/memcache"
)

// A client of memcached that writes, with its defaults; the argument is the port.
func main() {
	item := &memcache.Item{Key: "key", Value: []byte("x")}
	if err := memcache.New("127.0.0.1:" + os.Args[1]).Set(item); err != nil {
		log.Fatal(err)
	}
}
