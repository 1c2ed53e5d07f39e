/** What fails on the way to the upstream, from outside. Imports nothing from lib/. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { commandLine, Conversation, LACKS_ADMIN, timeLimit } from "../support/program.ts";
import { Gate, OWN_NETWORK, run, testWith } from "../support/servers.ts";
import { echo, Service } from "../support/service.ts";
import { Client, freePort, until } from "../support/sockets.ts";

const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write"];

Deno.test("--upstream: without a file descriptor left, all that wait are served in the end", async () => {
  await using service = new Service(echo);
  const upstream = `127.0.0.1:${service.address.port}`;
  const args = ["--listen", "127.0.0.1:0", "--upstream", upstream, "--max-connections", "20"];
  // So few that the second half of many a connection finds none.
  const poolgate = Conversation.inShell(`ulimit -n 64; exec "$@"`, {
    args: [...args, "--backlog-size", "100"],
    permissions: PERMISSIONS,
  });
  let notes = "";
  await until("it listens", async () => {
    notes += await poolgate.note();
    return /listening at \S+:(\d+)/.test(notes);
  });
  const port = /listening at \S+:(\d+)/.exec(notes)![1];
  const clients = await Promise.all(Array.from({ length: 90 }, async () => {
    const client = await Client.to(`127.0.0.1:${port}`);
    await client.say("x");
    return client;
  }));
  for (const client of clients) {
    const buffer = new Uint8Array(3);
    assertEquals(await client.socket.read(buffer), 3);
    client.close();
  }
  poolgate.signal("SIGTERM");
  notes += await poolgate.note();
  assertEquals(await poolgate.exit(), 0);
  assert(!notes.includes("is down"), notes);
});

const WITHOUT_METRIC = LACKS_ADMIN === undefined ? "" : ` (its metric is skipped: ${LACKS_ADMIN})`;

testWith(
  ["python3"],
  `--upstream: a busy Unix socket is not down, and serves all${WITHOUT_METRIC}`,
  async () => {
    const directory = await Deno.makeTempDir();
    const path = `${directory}/service`;
    const script = `
import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(2); print("up", flush=True)
for _ in range(32):
    c, _ = s.accept(); time.sleep(0.01); c.sendall(b"hello\\n"); c.close()
`;
    const service = run("python3", ["-c", script, path]);
    await until("it is up", () => Deno.lstat(path).then(() => true, () => false));
    {
      await using gate = await Gate.open(
        ...["--upstream", `unix:${path}`, "--max-connections", "30"],
        ...(LACKS_ADMIN === undefined ? ["--admin", "127.0.0.1:0"] : []),
      );
      const heard = await Promise.all(Array.from({ length: 30 }, async () => {
        const client = await Client.to(gate.address);
        const word = await client.rest();
        client.close();
        return word;
      }));
      assertEquals(heard, Array(30).fill("hello\n"));
      assert(!gate.notes.includes("is down"), gate.notes);
      if (LACKS_ADMIN === undefined) {
        assertStringIncludes(
          await gate.metrics(),
          `poolgate_upstream_up{upstream="unix:${path}"} 1`,
        );
      }
      (await Deno.connect({ transport: "unix", path })).close();
    }
    await service;
    await Deno.remove(directory, { recursive: true });
  },
);

/** How long after the start it may take to say that the upstream is not there, in milliseconds. */
const SOON_MS = 2000;

const absent: [string, RegExp][] = [
  ["nowhere.invalid:5432", /is down, nobody is let in: [^\n]*(name|Name)/],
  [`127.0.0.1:${freePort()}`, /is down, nobody is let in: Connection refused/],
  ["unix:/nowhere/service", /is down, nobody is let in: No such file/],
];

for (const [upstream, warning] of absent) {
  const name = upstream.replace(/\d+$/, "PORT");
  Deno.test(`--upstream ${name}: that nobody is there is one note soon after the start, and it listens`, async () => {
    const begun = performance.now();
    const [poolgate, address, notes] = await Conversation.listening([
      ...["--upstream", upstream, "--drain-queue", "reject"],
    ]);
    let said = notes;
    while (!warning.test(said)) {
      const note = await poolgate.note();
      assert(note !== "", said);
      said += note;
    }
    assert(performance.now() - begun < SOON_MS, `it took ${performance.now() - begun} ms`);
    const client = await Client.to(address);
    poolgate.signal("SIGTERM");
    assertEquals(await client.rest(), "");
    client.close();
    said += await poolgate.lastNotes();
    assertEquals(await poolgate.exit(), 0);
    assertEquals(said.match(/is down/g)?.length, 1, said);
  });
}

/** A listener whose accept queue is full: the kernel drops who comes, and answers nobody. */
const DEAF = `
import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(0)
full = [socket.socket() for _ in range(4)]
for c in full: c.setblocking(False); c.connect_ex(s.getsockname())
print(s.getsockname()[1], flush=True); sys.stdin.read()
`;

testWith(
  ["python3"],
  "--upstream: one that does not answer is one note soon after the start, too",
  async () => {
    const deaf = new Deno.Command("python3", {
      args: ["-c", DEAF],
      ...{ stdin: "piped", stdout: "piped", signal: timeLimit() },
    }).spawn();
    const output = deaf.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const port = Number((await output.read()).value);
    const begun = performance.now();
    const [poolgate, , notes] = await Conversation.listening(["--upstream", `127.0.0.1:${port}`]);
    const warning = /listening at/.test(notes) ? await poolgate.note() : notes;
    assertStringIncludes(warning, `no answer from 127.0.0.1:${port} within 1500 ms`);
    assert(performance.now() - begun < SOON_MS, `it took ${performance.now() - begun} ms`);
    poolgate.signal("SIGTERM");
    assertEquals(await poolgate.exit(), 0);
    await Promise.all([deaf.stdin.close(), output.cancel()]);
    await deaf.status;
  },
);

Deno.test("--upstream: is looked at once before the first client, and that look has ended by then", async () => {
  await using service = new Service(echo);
  const upstream = `127.0.0.1:${service.address.port}`;
  const args = ["--upstream", upstream, "--max-connections", "1"];
  const [poolgate, address] = await Conversation.listening(args);
  const client = await Client.to(address);
  await client.say("x");
  const buffer = new Uint8Array(3);
  assertEquals(await client.socket.read(buffer), 3);
  assertEquals([service.served, service.peak], [2, 1]);
  client.close();
  poolgate.signal("SIGTERM");
  assertEquals(await poolgate.exit(), 0);
});

Deno.test("--max-connections 0: nobody is connected to the upstream, not even to look", async () => {
  await using service = new Service(echo);
  const upstream = `127.0.0.1:${service.address.port}`;
  const [poolgate, address] = await Conversation.listening(
    ["--upstream", upstream, "--max-connections", "0"],
  );
  const client = await Client.to(address);
  await until("it waits", async () => (await poolgate.stats()).queued === 1);
  assertEquals(service.served, 0);
  client.close();
  poolgate.signal("SIGTERM");
  assertEquals(await poolgate.exit(), 0);
});

const NETWORK = ["unshare", "ip", "sysctl", "python3", OWN_NETWORK];

testWith(NETWORK, "--upstream: with nobody there, is never connected to itself", async () => {
  const [program, args] = commandLine({
    args: ["--listen", "127.0.0.1:7001", "--upstream", "127.0.0.1:40002"],
    permissions: PERMISSIONS,
  });
  // Once the service is missed, there are four ports to connect from, and its own is among them:
  // without care, that takes some tries.
  const script = `ip link set lo up; sysctl -qw net.ipv4.ip_local_port_range="50000 60000"
"$@" < /dev/null 2> >(tee /dev/stderr | grep -q "is down" &&
  sysctl -qw net.ipv4.ip_local_port_range="40000 40003"; cat > /dev/null) & gate=$!
python3 - <<'END'
import socket, time
def client():
    for _ in range(200):
        try: return socket.create_connection(("127.0.0.1", 7001))
        except OSError: time.sleep(0.05)
c = client(); c.sendall(b"secret"); c.settimeout(4)
try: print("heard", c.recv(99))
except TimeoutError: print("heard nothing")
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 40002)); print("the port is free")
END
kill $gate; wait $gate`;
  const { stdout, stderr } = await run(
    "unshare",
    ["--net", "bash", "-c", script, "bash", program, ...args],
  );
  assertEquals(stdout, "heard nothing\nthe port is free\n", stderr);
});
