package main

import (
	"context"
	"log"
	"os"

	"github.com/jackc/pgx/v4"
)

// A client of PostgreSQL, with its defaults; the argument is the port.
func main() {
	_, err := pgx.Connect(context.Background(), "postgres://ann:secret@127.0.0.1:"+os.Args[1]+"/shop")
	if err != nil {
		log.Fatal(err)
	}
}
