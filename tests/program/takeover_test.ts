/** A new process that takes over from one that runs, with clients meanwhile. Imports nothing from lib/. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Conversation, run } from "../support/program.ts";
import { ADMIN_SERVED, Directory, testWith } from "../support/servers.ts";
import { Service } from "../support/service.ts";
import { Client, freePort, until } from "../support/sockets.ts";

const TAKEOVERS = 3;
const PLACES = 4;
const WAITING = 50;
/** How long between two clients that come all the time, in milliseconds. */
const ARRIVAL_MS = 5;

const permissions = ["--allow-net", "--allow-read", "--allow-write"];

/** A client that hears nothing for so long fails its test. */
const PATIENCE_MS = 20_000;

/** What became of a client that says something, and hears it again. */
async function visit(address: string): Promise<string> {
  const [hostname, port] = address.split(":");
  let limit: ReturnType<typeof setTimeout> | undefined;
  try {
    using socket = await Deno.connect({ hostname: hostname!, port: Number(port) });
    limit = setTimeout(() => socket.close(), PATIENCE_MS);
    await socket.write(new TextEncoder().encode("hello\n"));
    const buffer = new Uint8Array(64);
    const length = await socket.read(buffer);
    if (length === null) return "ended";
    const heard = new TextDecoder().decode(buffer.subarray(0, length));
    return heard === "hello\n" ? "served" : `told ${heard}`;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionReset ? "reset" : `refused: ${error}`;
  } finally {
    clearTimeout(limit);
  }
}

/** Clients that come one after the other, until they are told to stop: what became of them. */
function comingAndGoing(address: string): () => Promise<string[]> {
  const visits: Promise<string>[] = [];
  const timer = setInterval(() => visits.push(visit(address)), ARRIVAL_MS);
  return async () => {
    clearInterval(timer);
    return await Promise.all(visits);
  };
}

/** How many of each there are. */
function counts(outcomes: string[]): Record<string, number> {
  const count: Record<string, number> = {};
  for (const outcome of outcomes) count[outcome] = (count[outcome] ?? 0) + 1;
  return count;
}

for (const [where, admin] of [["a port", []], ["a port, and that of --admin", ["--admin"]]]) {
  const needs = admin!.length === 0 ? [] : [ADMIN_SERVED];
  testWith(
    needs,
    `--reuse-port: while a process takes over at ${where}, ${TAKEOVERS} times, nobody is refused or turned away`,
    async () => {
      await using service = new Service(echoing);
      const [address, adminAddress] = [freePort(), freePort()].map((port) => `127.0.0.1:${port}`);
      const args = [
        ...[
          "--listen",
          address!,
          "--reuse-port",
          "--upstream",
          `127.0.0.1:${service.address.port}`,
        ],
        ...["--max-connections", `${PLACES}`, "--backlog-size", "10000"],
        ...admin!.length === 0 ? [] : ["--admin", adminAddress!, "--admin-reuse-port"],
      ];
      let [current] = await Conversation.listening(args);
      const stop = comingAndGoing(address!);
      const waited: string[] = [];
      for (let round = 0; round < TAKEOVERS; round++) {
        const old = current;
        const holders = await Promise.all(
          Array.from({ length: PLACES }, () => Client.to(address!)),
        );
        for (const holder of holders) await holder.say("hello\n");
        assertEquals(await holders[0]!.line(), "hello");
        const before = (await old.stats()).queued_total;
        const waiting = Array.from({ length: WAITING }, () => visit(address!));
        await until("they wait", async () => (await old.stats()).queued_total >= before + WAITING);
        [current] = await Conversation.listening(args);
        old.signal("SIGTERM");
        assertStringIncludes(await old.note(), "draining: those that wait keep their turn");
        for (const holder of holders) holder.close();
        waited.push(...await Promise.all(waiting));
        assertMatch(await old.lastNotes(), /^poolgate: drained in \d+\.\d s\n$/);
        assertEquals(await old.exit(), 0);
      }
      const came = await stop();
      assertEquals(counts(waited), { served: TAKEOVERS * WAITING });
      // Who comes at the very moment in which a listener closes is reset by the kernel, unless it was
      // told by net.ipv4.tcp_migrate_req not to.
      const { served, reset = 0, ...others } = counts(came);
      assertEquals([served, others], [came.length - reset, {}]);
      assertEquals(reset <= TAKEOVERS, true, `${reset} were reset`);
      current.signal("SIGTERM");
      assertEquals(await current.exit(), 0);
      assertEquals(service.peak <= 2 * PLACES + 1, true, `${service.peak} at once`);
    },
  );
}

/** The service: says each line again. */
function echoing(socket: Deno.TcpConn): Promise<void> {
  return echoingAfter(0, socket);
}

/** It may take a while for that, in milliseconds. */
async function echoingAfter(ms: number, socket: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(64);
  for (;;) {
    const length = await socket.read(buffer).catch(() => null);
    if (length === null) return;
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    await socket.write(buffer.subarray(0, length));
  }
}

/** Sets how many are let in, as an operator does. */
async function setPlaces(admin: string, places: number): Promise<void> {
  const answer = await fetch(`http://${admin}/api/config`, {
    method: "PUT",
    headers: { authorization: "Bearer sesame" },
    body: JSON.stringify({ max_connections: places }),
  });
  assertEquals((await answer.json()).max_connections, places);
}

testWith(
  [ADMIN_SERVED],
  "README: by the halves that it says, a takeover gives the service no more clients than it bears",
  async () => {
    await using service = new Service((socket) => echoingAfter(10, socket));
    const [address, admin] = [freePort(), freePort()].map((port) => `127.0.0.1:${port}`);
    const upstream = `127.0.0.1:${service.address.port}`;
    const args = [
      ...["--listen", address!, "--reuse-port", "--upstream", upstream, "--backlog-size", "10000"],
      ...["--admin", admin!, "--admin-reuse-port", "--admin-token", "sesame"],
    ];
    const [old] = await Conversation.listening([...args, "--max-connections", `${PLACES}`]);
    const stop = comingAndGoing(address!);
    const crowd = () => Array.from({ length: WAITING }, () => visit(address!));
    const visits = crowd();
    await until("all places are taken", () => service.peak === PLACES);
    await setPlaces(admin!, PLACES / 2);
    await until("half of them are free", async () => {
      return (await (await fetch(`http://${admin}/api/stats`)).json()).active <= PLACES / 2;
    });
    const [next] = await Conversation.listening([...args, "--max-connections", `${PLACES / 2}`]);
    visits.push(...crowd());
    old.signal("SIGTERM");
    assertEquals(await old.exit(), 0);
    await setPlaces(admin!, PLACES);
    visits.push(...crowd());
    const { served, reset = 0, ...others } = counts([
      ...await stop(),
      ...await Promise.all(visits),
    ]);
    assertEquals([served! > 3 * WAITING - 2, reset <= 1, others], [true, true, {}]);
    assertEquals(service.peak, PLACES);
    next.signal("SIGTERM");
    assertEquals(await next.exit(), 0);
  },
);

Deno.test("--reuse-port: both need it", async () => {
  const address = `127.0.0.1:${freePort()}`;
  const [first] = await Conversation.listening(["--listen", address]);
  const args = ["--listen", address, "--reuse-port"];
  const { code, stderr } = await run("", { args, permissions });
  assertEquals(code, 2);
  assertMatch(stderr, /^poolgate: listening at \S+ \(--listen\) is not possible: Address already/);
  first.signal("SIGTERM");
  assertEquals(await first.exit(), 0);
});

Deno.test("--reuse-port: at every interface, the two share the port of each", async () => {
  const port = freePort();
  const args = ["--listen", `:${port}`, "--reuse-port"];
  const [first] = await Conversation.listening(args);
  const [second] = await Conversation.listening(args);
  first.signal("SIGTERM");
  assertEquals(await first.exit(), 0);
  const client = await Client.to(`127.0.0.1:${port}`);
  assertStringIncludes(await client.line() ?? "", `"connected"`);
  client.close();
  second.signal("SIGTERM");
  assertEquals(await second.exit(), 0);
});

Deno.test("--reuse-port: at a Unix socket, the new process takes the path, and the old one keeps who waits", async () => {
  await using home = await Directory.make();
  const path = `${home.path}/door`;
  const args = ["--listen", `unix:${path}`, "--reuse-port", "--max-connections", "1"];
  const connect = async () => new Client(await Deno.connect({ transport: "unix", path }));
  const [first] = await Conversation.listening(args);
  const [holder, waiting] = [await connect(), await connect()];
  assertStringIncludes(await waiting.line() ?? "", `"queued"`);
  const [second] = await Conversation.listening(args);
  const client = await connect();
  assertStringIncludes(await client.line() ?? "", `"connected"`);
  first.signal("SIGTERM");
  assertStringIncludes(await first.note(), "draining");
  holder.close();
  assertStringIncludes(await waiting.line() ?? "", `"pool_promoted"`);
  waiting.close();
  assertEquals(await first.exit(), 0);
  client.close();
  const another = await connect();
  assertMatch(await another.line() ?? "", /"(connected|queued)"/);
  another.close();
  assertEquals((await Array.fromAsync(Deno.readDir(home.path))).map(({ name }) => name), ["door"]);
  second.signal("SIGTERM");
  assertEquals(await second.exit(), 0);
});

Deno.test("--reuse-port: at a path that is no socket, replaces nothing", async () => {
  await using home = await Directory.make();
  const path = `${home.path}/file`;
  await Deno.writeTextFile(path, "of somebody");
  const args = ["--listen", `unix:${path}`, "--reuse-port"];
  const { code, stderr } = await run("", { args, permissions });
  assertEquals(code, 2);
  assertStringIncludes(
    stderr,
    `unix:${path} (--listen) is not possible: there is a file, no socket`,
  );
  assertEquals(await Deno.readTextFile(path), "of somebody");
});

const state = async (admin: string) => {
  const response = await fetch(`http://${admin}/readyz`, { headers: { connection: "close" } });
  return (await response.text()).split(/[:\n]/)[0];
};

testWith(
  [ADMIN_SERVED],
  "--admin: without --admin-reuse-port, operators are served to the end of the drain",
  async () => {
    const admin = `127.0.0.1:${freePort()}`;
    const [first, address] = await Conversation.listening(["--admin", admin]);
    const client = await Client.to(address);
    await client.line();
    first.signal("SIGTERM");
    await until("it drains", async () => await state(admin) === "draining");
    const page = await fetch(`http://${admin}/`);
    assertStringIncludes(await page.text(), "<html");
    const { drain_seconds_left, active } = await (await fetch(`http://${admin}/api/stats`)).json();
    assertEquals([drain_seconds_left > 20, active], [true, 1]);
    assertStringIncludes(await (await fetch(`http://${admin}/metrics`)).text(), "poolgate_");
    client.close();
    assertEquals(await first.exit(), 0);
  },
);

testWith(
  [ADMIN_SERVED],
  "--admin-reuse-port: from a signal to end on, operators meet the new process",
  async () => {
    const admin = `127.0.0.1:${freePort()}`;
    const args = ["--admin", admin, "--admin-reuse-port"];
    const [first, address] = await Conversation.listening(args);
    const client = await Client.to(address);
    await client.line();
    const events = await fetch(`http://${admin}/api/events`);
    const [second] = await Conversation.listening(args);
    first.signal("SIGTERM");
    assertStringIncludes(await first.note(), "draining");
    assertStringIncludes(await events.text(), "retry: ");
    await until("operators meet the new one, time after time", async () => {
      for (let i = 0; i < 20; i++) {
        if (await state(admin).catch(() => "reset") !== "ready") return false;
      }
      return true;
    });
    client.close();
    assertEquals(await first.exit(), 0);
    second.signal("SIGTERM");
    assertEquals(await second.exit(), 0);
  },
);
