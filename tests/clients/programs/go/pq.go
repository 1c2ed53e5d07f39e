package main

import (
	"database/sql"
	"log"
	"os"

	_ "github.com/lib/pq"
)

// A client of PostgreSQL, with its defaults but for TLS; the argument is the port.
func main() {
	url := "postgres://ann:secret@127.0.0.1:" + os.Args[1] + "/shop?sslmode=disable"
	db, err := sql.Open("postgres", url)
	if err == nil {
		err = db.Ping()
	}
	if err != nil {
		log.Fatal(err)
	}
}
