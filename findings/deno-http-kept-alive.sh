#!/usr/bin/env bash
# Does node:http keep a connection for a second request that was given to it by emit("connection")?
#
# Node's documentation of that event has it for connections of one's own: "This event can also be
# explicitly emitted by users to inject connections into the HTTP server." Seen with Deno 2.9.6
# (npm): such a server says "Connection: keep-alive" in its first answer and then closes the
# connection, unless its property `listening` is true, which it is not where the program listens
# itself. The Node that is installed keeps the connection.
# Usage: deno-http-kept-alive.sh    (needs npm; exits with 1 when something else is seen)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat > "$dir/kept.mjs" <<'JS'
import http from "node:http";
import net from "node:net";

const web = http.createServer((_, answer) => answer.end("here"));
if (process.argv[2] === "listening") Object.defineProperty(web, "listening", { value: true });
const door = net.createServer((socket) => web.emit("connection", socket));
door.listen(0, "127.0.0.1", () => {
  const client = net.connect(door.address().port, "127.0.0.1");
  const ask = () => client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  let heard = "";
  const answers = () => heard.split("\r\n\r\nhere").length - 1;
  const end = (how) => {
    const [said] = /connection: [^\r]*/i.exec(heard) ?? ["nothing"];
    console.log(`answers: ${answers()}, ${how}, said ${said}`);
    process.exit();
  };
  client.on("data", (bytes) => {
    heard += bytes;
    if (answers() === 1) ask();
    if (answers() === 2) end("open");
  });
  client.on("error", () => {});
  client.on("close", () => end("closed"));
  ask();
});
JS

npm install --silent --prefix "$dir/deno" deno@2.9.6
deno=$dir/deno/node_modules/.bin/deno
"$deno" --version | head -n 1
echo "node $(node --version)"

changed=0
# expect WHAT WANTED COMMAND...
expect() {
  local seen
  seen=$(NO_COLOR=1 timeout 30 "${@:3}" 2>&1) || true
  echo "  $1: $seen"
  [ "$2" = "$seen" ] || { echo "  CHANGED, it was: $2"; changed=1; }
}

run=("$deno" run --quiet --no-prompt --allow-net "$dir/kept.mjs")
expect "Deno" "answers: 1, closed, said Connection: keep-alive" "${run[@]}"
expect "Deno, listening is true" "answers: 2, open, said Connection: keep-alive" "${run[@]}" listening
expect "Node" "answers: 2, open, said Connection: keep-alive" node "$dir/kept.mjs"
exit "$changed"
