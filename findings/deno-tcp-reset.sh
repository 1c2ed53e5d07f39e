#!/usr/bin/env bash
# Can a TCP connection of Deno be reset, and the delay of its keep-alive be set?
#
# Seen with Deno 2.9.6 (npm) on Linux: not where Deno.listen accepted it or Deno.connect dialled it.
# Its class has no method for a reset, and closing it ends it in the regular way (Deno shuts it down
# first), also where bytes of the peer are unread, for which Linux would send a reset. Its
# keep-alive begins after the two hours of the system, whatever delay is passed along. It cannot be
# handed to node:net. The sockets that node:net itself accepted or dialled can be reset, which the
# peer sees after the bytes that came before, and their delay can be set.
# Usage: deno-tcp-reset.sh    (on Linux, needs npm and ss; exits with 1 when something else is seen)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat > "$dir/sockets.js" <<'JS'
import net from "node:net";
import { once } from "node:events";

/** Both ends of a connection: the one that is looked at, and its peer. */
const make = {
  async accepted() {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [peer, end] = await Promise.all([Deno.connect(listener.addr), listener.accept()]);
    listener.close();
    return [end, peer];
  },
  async dialled() {
    return (await make.accepted()).reverse();
  },
  async nodeAccepted() {
    const server = net.createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address();
    const [peer, [end]] = await Promise.all([
      Deno.connect({ hostname: "127.0.0.1", port }),
      once(server, "connection"),
    ]);
    server.close();
    return [end, peer];
  },
  async nodeDialled() {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const end = net.connect(listener.addr.port, "127.0.0.1");
    const [peer] = await Promise.all([listener.accept(), once(end, "connect")]);
    listener.close();
    return [end, peer];
  },
};

/** What the peer reads until its connection has ended. */
async function heard(peer) {
  const buffer = new Uint8Array(100);
  let bytes = 0;
  try {
    for (;;) {
      const length = await peer.read(buffer);
      if (length === null) return `${bytes} bytes, end`;
      bytes += length;
    }
  } catch (error) {
    return `${bytes} bytes, ${error.code}`;
  } finally {
    peer.close();
  }
}

const answer = new TextEncoder().encode("hello");
const written = (end) => new Promise((resolve) => end.write(answer, resolve));

const questions = {
  async methods() {
    const [end, peer] = await make.accepted();
    const names = Object.getOwnPropertyNames(Object.getPrototypeOf(end)).sort().join(" ");
    end.close();
    peer.close();
    return names;
  },
  async closed(how) {
    const [end, peer] = await make[how]();
    await end.write(answer);
    end.close();
    return await heard(peer);
  },
  async closedUnread(how) {
    const [end, peer] = await make[how]();
    await peer.write(new Uint8Array(8));
    // Once some have come, the others are there.
    await end.read(new Uint8Array(4));
    await end.write(answer);
    end.close();
    return await heard(peer);
  },
  async handedOver(how) {
    const [end, peer] = await make[how]();
    const taken = new net.Socket({ handle: end });
    const outcome = once(taken, "close").then(() => "taken", ({ name }) => name);
    taken.resetAndDestroy();
    try {
      return await outcome;
    } finally {
      peer.close();
    }
  },
  async reset(how) {
    const [end, peer] = await make[how]();
    end.on("error", () => {});
    await written(end);
    end.resetAndDestroy();
    return await heard(peer);
  },
  async keepAlive(how) {
    const [end, peer] = await make[how]();
    end.setKeepAlive(true, 60_000);
    const port = end.localPort ?? end.localAddr.port;
    const args = ["--tcp", "--numeric", "--options", "--no-header", "sport", "=", `${port}`];
    const { stdout } = await new Deno.Command("ss", { args }).output();
    const [, left = "none", unit = ""] =
      new TextDecoder().decode(stdout).match(/timer:\(keepalive,(\d+)\.?\d*(min|sec)/) ?? [];
    (end.close ?? end.destroy).call(end);
    peer.close();
    const minutes = unit === "min" ? Number(left) : Number(left) / 60;
    return minutes > 110 ? "about two hours" : minutes <= 1 ? "a minute" : `${left}${unit}`;
  },
};
const [question, how] = Deno.args;
console.log(await questions[question](how));
Deno.exit();
JS

npm install --silent --prefix "$dir/deno" deno@2.9.6
deno=$dir/deno/node_modules/.bin/deno
"$deno" --version | head -n 1

changed=0
# expect WHAT WANTED QUESTION [HOW]
expect() {
  local seen
  seen=$(NO_COLOR=1 timeout 30 "$deno" run --quiet --no-prompt --allow-net --allow-run=ss \
    "$dir/sockets.js" "${@:3}" 2>&1) || true
  echo "  $1: $seen"
  [ "$2" = "$seen" ] || { echo "  CHANGED, it was: $2"; changed=1; }
}

expect "methods of a Deno.TcpConn" "constructor setKeepAlive setNoDelay" methods
for how in accepted dialled; do
  expect "Deno, $how, closed" "5 bytes, end" closed "$how"
  expect "Deno, $how, closed with unread bytes" "5 bytes, end" closedUnread "$how"
  expect "Deno, $how, handed to node:net" "TypeError" handedOver "$how"
  expect "Deno, $how, keep-alive after a minute" "about two hours" keepAlive "$how"
done
for how in nodeAccepted nodeDialled; do
  expect "node:net, $how, reset" "5 bytes, ECONNRESET" reset "$how"
  expect "node:net, $how, keep-alive after a minute" "a minute" keepAlive "$how"
done
exit "$changed"
