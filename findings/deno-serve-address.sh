#!/usr/bin/env bash
# Who chooses the address that a program of Deno serves HTTP at: the program, or DENO_SERVE_ADDRESS?
#
# Seen with Deno 2.7.11 and 2.9.6 (npm): the variable wins over the hostname, the port and the path
# that the program passes to its first Deno.serve, and over those for the listen of node:http, also
# where the program may not read the environment. With `duplicate,` before it, Deno serves at both
# places, and the `addr` of the server is the one asked for.
# Usage: deno-serve-address.sh    (needs npm; exits with 1 when something else is seen)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat > "$dir/web.js" <<'JS'
const options = JSON.parse(Deno.args[0]);
const { addr } = Deno.serve({ ...options, onListen() {} }, () => new Response("here"));
const answers = async (url) => await fetch(url).then((answer) => answer.text(), () => "nobody");
console.log(addr.path ?? addr.hostname, "elsewhere:", await answers(Deno.args[1]));
Deno.exit();
JS
cat > "$dir/node.js" <<'JS'
import http from "node:http";
const server = http.createServer((_, answer) => answer.end("here"));
server.listen(0, "127.0.0.1", async () => {
  const answers = async (url) => await fetch(url).then((answer) => answer.text(), () => "nobody");
  console.log("elsewhere:", await answers(Deno.args[1]));
  Deno.exit();
});
JS

changed=0
# expect WHAT WANTED SEEN
expect() {
  echo "  $1: $3"
  [ "$2" = "$3" ] || { echo "  CHANGED, it was: $2"; changed=1; }
}

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.2", 0)); print(s.getsockname()[1])')
elsewhere=127.0.0.2:$port
for version in 2.7.11 2.9.6; do
  npm install --silent --prefix "$dir/$version" "deno@$version"
  deno=$dir/$version/node_modules/.bin/deno
  "$deno" --version | head -n 1
  # ask PROGRAM OPTIONS VALUE
  ask() {
    DENO_SERVE_ADDRESS=$3 NO_COLOR=1 "$deno" run --quiet --no-prompt --allow-net \
      --allow-read="$dir" --allow-write="$dir" "$dir/$1.js" "$2" "http://$elsewhere/" 2>&1
  }
  tcp='{"hostname":"127.0.0.1","port":0}'
  expect "Deno.serve at 127.0.0.1, told tcp:$elsewhere" \
    "127.0.0.2 elsewhere: here" "$(ask web "$tcp" "tcp:$elsewhere")"
  expect "Deno.serve at a Unix socket, told tcp:$elsewhere" \
    "127.0.0.2 elsewhere: here" "$(ask web "{\"path\":\"$dir/socket\"}" "tcp:$elsewhere")"
  expect "Deno.serve at 127.0.0.1, told unix:" \
    "$dir/$version.sock elsewhere: nobody" "$(ask web "$tcp" "unix:$dir/$version.sock")"
  expect "Deno.serve at 127.0.0.1, told duplicate,tcp:$elsewhere" \
    "127.0.0.1 elsewhere: here" "$(ask web "$tcp" "duplicate,tcp:$elsewhere")"
  expect "node:http at 127.0.0.1, told tcp:$elsewhere" \
    "elsewhere: here" "$(ask node '{}' "tcp:$elsewhere")"
done
exit "$changed"
