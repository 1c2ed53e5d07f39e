#!/usr/bin/env bash
# What does a get of libmemcached say to SERVER_ERROR?
#
# Seen with memccat and memcstat of libmemcached-tools 1.1.4 (Debian 12's package), before a server
# that answers every line with "SERVER_ERROR out of order": memccat prints nothing, and ends with 1,
# as it does for a key that is not there. memcstat prints the text.
# Usage: libmemcached-get-refused.sh    (on Debian 12, with apt-get and its python3; exits with 1
# when something else is seen)
set -euo pipefail
dir=$(mktemp -d)
pids=()
# shellcheck disable=SC2317,SC2329 # called by the trap
finish() {
  [ "${#pids[@]}" = 0 ] || kill "${pids[@]}" 2> /dev/null || true
  wait
  rm -rf "$dir"
}
trap finish EXIT

(cd "$dir" && apt-get download --quiet libmemcached-tools libmemcached11 libhashkit2 \
  > /dev/null 2>&1)
for package in "$dir"/*.deb; do dpkg-deb --extract "$package" "$dir/root"; done
LD_LIBRARY_PATH=$(dirname "$dir"/root/usr/lib/*/libmemcached.so.11)
export LD_LIBRARY_PATH

cat > "$dir/server.py" <<'PY'
import socketserver, sys
class Refusal(socketserver.StreamRequestHandler):
    def handle(self):
        for _ in self.rfile: self.wfile.write(sys.argv[1].encode() + b"\r\n")
server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusal)
print(server.server_address[1], flush=True)
server.serve_forever()
PY
# serve FILE ANSWER
serve() {
  /usr/bin/python3 "$dir/server.py" "$2" > "$dir/$1" & pids+=($!)
  until [ -s "$dir/$1" ]; do sleep 0.1; done
}
serve refusing "SERVER_ERROR out of order"
serve lacking END
bin=$dir/root/usr/bin
# ask PROGRAM SERVER [KEY]: what it says, and its exit status
ask() {
  local status=0 said
  said=$("$bin/$1" "--servers=127.0.0.1:$(cat "$dir/$2")" "${@:3}" 2>&1) || status=$?
  grep -q "out of order" <<< "$said" && said="the text" || said="no text"
  echo "$said, $status"
}
changed=0
# expect WHAT WANTED SEEN
expect() {
  echo "$1: $3"
  [ "$2" = "$3" ] || { echo "  CHANGED, it was: $2"; changed=1; }
}
expect "version" "1.1.4" "$(dpkg-deb --field "$dir"/libmemcached11_*.deb Version | grep -o '^[0-9.]*')"
expect "memccat, that is refused" "no text, 1" "$(ask memccat refusing key)"
expect "memccat, for a key that is not there" "no text, 1" "$(ask memccat lacking key)"
expect "memcstat, that is refused" "the text, 1" "$(ask memcstat refusing)"
exit "$changed"
