#!/usr/bin/env bash
# Does an IMAP client send its password to a server that has said BYE, or NO, in the place of the greeting?
#
# Seen with go-imap 1.2.0 and Net::IMAP 0.2.3 of Ruby 3.1.2 (Debian 12's packages): to BYE, which is how a server
# refuses a connection (RFC 9051, 7.1.5), Dial of go-imap gives no error, and Login sends the password; Ruby names the
# text and sends nothing. To NO, which is no greeting, it is the other way round.
# Usage: go-imap-bye.sh    (on Debian 12, with apt-get, its golang-go, ruby and python3; exits with 1 when something
# else is seen)
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT

(cd "$dir" && apt-get download --quiet golang-github-emersion-go-imap-dev \
  golang-github-emersion-go-sasl-dev golang-github-emersion-go-message-dev \
  golang-github-emersion-go-textwrapper-dev golang-golang-x-text-dev > /dev/null 2>&1)
for package in "$dir"/*.deb; do dpkg-deb --extract "$package" "$dir/root"; done

cat > "$dir/login.go" <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/emersion/go-imap/client"
)

func main() {
	connection, err := client.Dial("127.0.0.1:" + os.Args[1])
	if err != nil {
		fmt.Println("Dial:", err)
		return
	}
	fmt.Println("Login:", connection.Login("ann", "secret"))
}
GO
export GO111MODULE=off GOPATH=$dir/root/usr/share/gocode GOCACHE=$dir/cache CGO_ENABLED=0
go build -o "$dir/login" "$dir/login.go"

cat > "$dir/login.rb" <<'RUBY'
require "net/imap"
begin
  Net::IMAP.new("127.0.0.1", port: ARGV[0].to_i).login("ann", "secret")
rescue Net::IMAP::Error => error
  puts error.message
end
RUBY

cat > "$dir/serve.py" <<'PY'
import socket, subprocess, sys, threading
greeting, command = sys.argv[1].encode() + b"\r\n", sys.argv[2:]
server, heard = socket.create_server(("127.0.0.1", 0)), []
def serve():
    client = server.accept()[0]
    client.sendall(greeting); client.shutdown(socket.SHUT_WR)
    client.settimeout(3)
    try:
        while data := client.recv(1000): heard.append(data)
    except OSError: pass
serving = threading.Thread(target=serve); serving.start()
told = subprocess.run([*command, str(server.getsockname()[1])], capture_output=True, text=True)
serving.join()
secret = "sends the password" if b"secret" in b"".join(heard) else "sends no password"
print(f"{secret}, and says: {(told.stdout + told.stderr).strip()}")
PY
serve() { /usr/bin/python3 "$dir/serve.py" "$@"; }
changed=0
# expect WHAT WANTED SEEN
expect() {
  echo "$1: $3"
  [ "$2" = "$3" ] || { echo "  CHANGED, it was: $2"; changed=1; }
}
expect "version of go-imap" "1.2.0" \
  "$(dpkg-deb --field "$dir"/golang-github-emersion-go-imap-dev_*.deb Version | grep -o '^[0-9.]*')"
expect "version of Ruby" "3.1.2" "$(ruby -e 'print RUBY_VERSION')"
expect "go-imap, to BYE" "sends the password, and says: Login: imap: connection closed" \
  "$(serve "* BYE full" "$dir/login")"
expect "Ruby, to BYE" "sends no password, and says: full" \
  "$(serve "* BYE full" ruby "$dir/login.rb")"
expect "go-imap, to NO" \
  "sends no password, and says: Dial: invalid greeting received from server: NO" \
  "$(serve "* NO full" "$dir/login")"
expect "Ruby, to NO" "sends the password, and says:" \
  "$(serve "* NO full" ruby "$dir/login.rb" | grep -o '^sends the password, and says:')"
exit "$changed"
