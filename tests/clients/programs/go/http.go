package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

// A client of HTTP, with its defaults; the argument is the port.
func main() {
	answer, err := http.Get("http://127.0.0.1:" + os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.Status, string(body))
}
