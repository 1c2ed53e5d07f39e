#!/usr/bin/env bash
# How often does Python's grpcio connect for one call to a server that greets it and takes its leave?
#
# Seen with grpcio 1.51.1 (Debian 12's package): a server that answers the preface with SETTINGS and
# GOAWAY (ENHANCE_YOUR_CALM) is connected to again at once, some 1,000 times a second, until the
# call's deadline: the settings count as a success, which ends every pause between tries. A server
# that ends the connection without settings is asked once, and the call fails as UNAVAILABLE.
# Usage: grpcio-goaway.sh    (on Debian 12, with apt-get and its python3; exits with 1 when
# something else is seen)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

(cd "$dir" && apt-get download --quiet python3-grpcio python3-six libgrpc29 libprotobuf32 \
  libabsl20220623 libc-ares2 libre2-9 > /dev/null 2>&1)
for package in "$dir"/*.deb; do dpkg-deb --extract "$package" "$dir/root"; done
export PYTHONPATH=$dir/root/usr/lib/python3/dist-packages
LD_LIBRARY_PATH=$(dirname "$dir"/root/usr/lib/*/libgrpc.so.29)
export LD_LIBRARY_PATH

cat > "$dir/call.py" <<'PY'
import socket, sys, threading, grpc
SETTINGS = bytes.fromhex("000000040000000000")
GOAWAY = bytes.fromhex("000008070000000000") + (0).to_bytes(4, "big") + (11).to_bytes(4, "big")
said = SETTINGS + GOAWAY if sys.argv[1] == "goaway" else b""
server = socket.create_server(("127.0.0.1", 0), backlog=1000)
connections = 0
def serve():
    global connections
    while True:
        client = server.accept()[0]; connections += 1
        try: client.recv(1000); client.sendall(said); client.close()
        except OSError: pass
threading.Thread(target=serve, daemon=True).start()
channel = grpc.insecure_channel("127.0.0.1:%d" % server.getsockname()[1])
try: channel.unary_unary("/a/b")(b"x", timeout=3)
except grpc.RpcError as error: code = error.code().name
print(code, "after more than 300 connections" if connections > 300 else "after %d" % connections)
PY
changed=0
# expect WHAT WANTED SEEN
expect() {
  echo "$1: $3"
  [ "$2" = "$3" ] || { echo "  CHANGED, it was: $2"; changed=1; }
}
python=/usr/bin/python3
expect "version" "1.51.1" "$("$python" -c 'import grpc; print(grpc.__version__)')"
expect "settings and GOAWAY, in 3 s" "DEADLINE_EXCEEDED after more than 300 connections" \
  "$("$python" "$dir/call.py" goaway)"
expect "the end" "UNAVAILABLE after 1" "$("$python" "$dir/call.py" end)"
exit "$changed"
