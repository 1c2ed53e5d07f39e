package main

import (
	"context"
	"log"
	"os"

	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
)

// A client of MongoDB, with its defaults; the argument is the port.
func main() {
	url := "mongodb://127.0.0.1:" + os.Args[1]
	client, err := mongo.Connect(context.Background(), options.Client().ApplyURI(url))
	if err == nil {
		err = client.Ping(context.Background(), nil)
	}
	if err != nil {
		log.Fatal(err)
	}
}
