package main

import (
	"database/sql"
	"log"
	"os"

	_ "github.com/go-sql-driver/mysql"
)

// A client of MySQL and MariaDB, with its defaults; the argument is the port.
func main() {
	db, err := sql.Open("mysql", "ann:secret@tcp(127.0.0.1:"+os.Args[1]+")/shop")
	if err == nil {
		err = db.Ping()
	}
	if err != nil {
		log.Fatal(err)
	}
}
