#!/usr/bin/env bash
# What does the driver of MongoDB for PHP make of an error to its hello?
#
# Seen with ext-mongodb 1.15.0, of libmongoc (Debian 12's package), before a server that answers the hello with ok: 0,
# with code 462 (rate limit exceeded), 91 (shutdown in progress) or none: in each case it throws an
# AuthenticationException, though it has no user name at all and nobody has looked at a login. The text is the server's.
# Usage: mongoc-hello-refused.sh    (on Debian 12, with php-cli, php-mongodb and python3; exits with 1 when something
# else is seen)
set -euo pipefail

answered() {
  /usr/bin/python3 - "$1" <<'PY'
import socket, struct, subprocess, sys, threading
def element(kind, name, value): return bytes([kind]) + name + b"\0" + value
text = b"come again later"
fields = element(1, b"ok", struct.pack("<d", 0))
fields += element(2, b"errmsg", struct.pack("<i", len(text) + 1) + text + b"\0")
if sys.argv[1]: fields += element(16, b"code", struct.pack("<i", int(sys.argv[1])))
document = struct.pack("<i", len(fields) + 5) + fields + b"\0"
body = struct.pack("<iqii", 8, 0, 0, 1) + document
server = socket.create_server(("127.0.0.1", 0))
def serve():
    while True:
        client = server.accept()[0]
        request = struct.unpack_from("<i", client.recv(4096), 4)[0]
        client.sendall(struct.pack("<iiii", 16 + len(body), 0, request, 1) + body)
threading.Thread(target=serve, daemon=True).start()
script = """try { (new MongoDB\\Driver\\Manager("mongodb://127.0.0.1:$argv[1]"))
    ->executeCommand("shop", new MongoDB\\Driver\\Command(["ping" => 1])); }
  catch (Exception $e) { print(get_class($e) . ": " . $e->getMessage()); }"""
port = str(server.getsockname()[1])
print(subprocess.run(["php", "-r", script, "--", port], capture_output=True, text=True).stdout)
PY
}
changed=0
# expect WHAT WANTED SEEN
expect() {
  echo "$1: $3"
  [ "$2" = "$3" ] || { echo "  CHANGED, it was: $2"; changed=1; }
}
wanted='MongoDB\Driver\Exception\AuthenticationException: come again later'
expect "version" "1.15.0" "$(php -r 'print(phpversion("mongodb"));')"
expect "code 462" "$wanted" "$(answered 462)"
expect "code 91" "$wanted" "$(answered 91)"
expect "no code" "$wanted" "$(answered "")"
exit "$changed"
