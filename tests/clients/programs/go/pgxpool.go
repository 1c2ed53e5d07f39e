package main

import (
	"context"
	"log"
	"os"

	"github.com/jackc/pgx/v4/pgxpool"
)

// A pool of clients of PostgreSQL, with its defaults; the argument is the port.
func main() {
	url := "postgres://ann:secret@127.0.0.1:" + os.Args[1] + "/shop"
	_, err := pgxpool.Connect(context.Background(), url)
	if err != nil {
		log.Fatal(err)
	}
}
