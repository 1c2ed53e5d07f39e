#!/usr/bin/env bash
# What does PyMySQL make of an error that comes in the place of the greeting?
#
# Seen with PyMySQL 1.0.2 (Debian 12's package), before a server that refuses with error 1040: the
# SQL state in it is optional before a client has said that it knows of it, but PyMySQL skips 6
# characters in any case. "Too many connections" is "ny connections" then.
# Usage: pymysql-error-before-greeting.sh    (on Debian 12, with apt-get and its python3; exits with
# 1 when something else is seen)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

(cd "$dir" && apt-get download --quiet python3-pymysql > /dev/null 2>&1)
dpkg-deb --extract "$dir"/*.deb "$dir/root"
export PYTHONPATH=$dir/root/usr/lib/python3/dist-packages

cat > "$dir/connect.py" <<'PY'
import socket, sys, threading, pymysql
payload = b"\xff" + (1040).to_bytes(2, "little") + sys.argv[1].encode() + b"Too many connections"
server = socket.create_server(("127.0.0.1", 0))
def serve():
    client = server.accept()[0]
    client.sendall(len(payload).to_bytes(3, "little") + b"\0" + payload)
    client.shutdown(socket.SHUT_WR); client.recv(1000)
threading.Thread(target=serve, daemon=True).start()
try: pymysql.connect(host="127.0.0.1", port=server.getsockname()[1], user="ann", password="x")
except pymysql.err.OperationalError as error: print(error)
PY
changed=0
# expect WHAT WANTED SEEN
expect() {
  echo "$1: $3"
  [ "$2" = "$3" ] || { echo "  CHANGED, it was: $2"; changed=1; }
}
python=/usr/bin/python3
expect "version" "1.0.2" "$("$python" -c 'import pymysql; print(pymysql.__version__)')"
expect "with the SQL state" "(1040, 'Too many connections')" "$("$python" "$dir/connect.py" '#08004')"
expect "without" "(1040, 'ny connections')" "$("$python" "$dir/connect.py" '')"
exit "$changed"
