package main

import (
	"fmt"
	"log"
	"os"

	"github.com/miekg/dns"
)

// A client of DNS over TCP that asks for extensions, else with its defaults; the argument is the port.
func main() {
	question := new(dns.Msg).SetQuestion("example.org.", dns.TypeA).SetEdns0(dns.DefaultMsgSize, false)
	client := &dns.Client{Net: "tcp"}
	answer, _, err := client.Exchange(question, "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer)
}
