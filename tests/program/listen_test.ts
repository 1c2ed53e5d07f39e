/** The program from outside, as it listens: signals, stdin beside connections, addresses. Imports nothing from lib/. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Conversation, run } from "../support/program.ts";
import { Client, freePort, isRefused, listener, until } from "../support/sockets.ts";

const permissions = ["--allow-net", "--allow-read", "--allow-write"];

function request(body: Record<string, unknown>): string {
  return `${JSON.stringify({ src: "c1", dest: "n1", body })}\n`;
}

async function statusOf(client: Client): Promise<string> {
  return JSON.parse(await client.line() ?? '{"body":{}}').body.status;
}

async function ended(poolgate: Conversation): Promise<number> {
  poolgate.signal("SIGTERM");
  return await poolgate.exit();
}

Deno.test("--listen: says where, and takes connections while stdin is answered, and after its end", async () => {
  const [poolgate, address] = await Conversation.listening(["--max-connections", "1"]);
  const first = await Client.to(address);
  assertEquals(await statusOf(first), "connected");
  const second = await Client.to(address);
  assertEquals(await statusOf(second), "queued");
  await poolgate.say(request({ type: "pool_stats", msg_id: 1 }));
  assertStringIncludes(await poolgate.hear(), '"active": 1, "queued": 1');
  await poolgate.hush();
  first.close();
  assertStringIncludes(await second.line() ?? "", "pool_promoted");
  second.close();
  assertEquals(await ended(poolgate), 0);
});

Deno.test("pool_config: on stdin re-sizes the gate while it runs, and is noted", async () => {
  const [poolgate, address] = await Conversation.listening(["--max-connections", "0"]);
  const client = await Client.to(address);
  assertEquals(await statusOf(client), "queued");
  await poolgate.say(request({ type: "pool_config", max_connections: 3, backlog_size: 100 }));
  assertStringIncludes(await client.line() ?? "", "pool_promoted");
  assertStringIncludes(await poolgate.hear(), "pool_config_ok");
  assertEquals(await poolgate.note(), "poolgate: limits changed: max_connections 0 -> 3\n");
  client.close();
  assertEquals(await ended(poolgate), 0);
});

Deno.test("pool_promoted: a connection that leaves lets in a client of stdin, which is told at once", async () => {
  const [poolgate, address] = await Conversation.listening(["--max-connections", "1"]);
  const client = await Client.to(address);
  assertEquals(await statusOf(client), "connected");
  await poolgate.say(request({ type: "pool_connect", client_id: "ann", notify: true }));
  assertStringIncludes(await poolgate.hear(), '"queued"');
  await poolgate.hush();
  client.close();
  assertStringIncludes(await poolgate.hear(), '"type": "pool_promoted", "client_id": "ann"');
  assertEquals(await ended(poolgate), 0);
});

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  Deno.test(`${signal}: lets in those that wait, takes no others, and exits with 0`, async () => {
    const [poolgate, address] = await Conversation.listening(["--max-connections", "1"]);
    const first = await Client.to(address);
    await statusOf(first);
    const second = await Client.to(address);
    await statusOf(second);
    poolgate.signal(signal);
    assertStringIncludes(await poolgate.note(), "draining");
    await until("others are refused", () => isRefused(address));
    first.close();
    assertStringIncludes(await second.line() ?? "", "pool_promoted");
    second.close();
    assertEquals(await poolgate.exit(), 0);
  });

  Deno.test(`${signal}: with --drain-queue reject, tells the queue, lets those with a place finish, and exits with 0`, async () => {
    const args = ["--max-connections", "1", "--drain-queue", "reject"];
    const [poolgate, address] = await Conversation.listening(args);
    const first = await Client.to(address);
    await statusOf(first);
    const second = await Client.to(address);
    await statusOf(second);
    poolgate.signal(signal);
    assertStringIncludes(await second.line() ?? "", "shutting down");
    assertStringIncludes(await poolgate.note(), "draining");
    await first.say(request({ type: "pool_stats" }));
    assertStringIncludes(await first.line() ?? "", "pool_stats_ok");
    first.close();
    assertEquals(await poolgate.exit(), 0);
    second.close();
  });
}

Deno.test("--queue-timeout: who has waited for as long is told for how long that was", async () => {
  const upstream = listener();
  const flags = ["--upstream", `127.0.0.1:${upstream.addr.port}`, "--reject-as", "smtp"];
  const limits = ["--max-connections", "0", "--queue-timeout", "1s"];
  const [poolgate, address] = await Conversation.listening([...flags, ...limits]);
  const client = await Client.to(address);
  assertEquals(await client.line(), "421 4.3.2 no place became free in 1 second\r");
  client.close();
  upstream.close();
  assertEquals(await ended(poolgate), 0);
});

Deno.test("--drain-timeout: ends those that have not finished by then, with exit 0", async () => {
  const [poolgate, address] = await Conversation.listening(["--drain-timeout", "50ms"]);
  const client = await Client.to(address);
  await statusOf(client);
  poolgate.signal("SIGTERM");
  assertEquals(await client.line(), undefined);
  assertStringIncludes(
    await poolgate.lastNotes(),
    "the drain timeout is over: 1 with a place ended, 0 that waited turned away\n",
  );
  assertEquals(await poolgate.exit(), 0);
  client.close();
});

Deno.test("SIGTERM: a second one ends at once", async () => {
  const [poolgate, address] = await Conversation.listening([]);
  const client = await Client.to(address);
  await statusOf(client);
  poolgate.signal("SIGTERM");
  assertStringIncludes(await poolgate.note(), "draining");
  poolgate.signal("SIGTERM");
  assertEquals(await poolgate.exit(), 143);
  client.close();
});

Deno.test("--listen: a port in use is one line and exit 2", async () => {
  using door = listener();
  const args = ["--listen", `127.0.0.1:${door.addr.port}`];
  const { code, stdout, stderr } = await run("", { args, permissions });
  assertEquals([code, stdout], [2, ""]);
  assertMatch(
    stderr,
    /^poolgate: listening at 127\.0\.0\.1:\d+ \(--listen\) is not possible: Address already in use[^\n]*\n$/,
  );
});

Deno.test("--listen: a name that is none is one line and exit 2", async () => {
  const { code, stderr } = await run("", { args: ["--listen", "nowhere.invalid:1"], permissions });
  assertEquals(code, 2);
  assertMatch(
    stderr,
    /^poolgate: listening at nowhere\.invalid:1 \(--listen\) is not possible: [^\n]*\n$/,
  );
});

Deno.test("--listen: a Unix socket that nobody listens at is replaced, a live one or another file is not", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/door`;
  const args = ["--listen", `unix:${path}`];
  const [killed, address] = await Conversation.listening(args);
  assertEquals(address, `unix:${path}`);
  killed.signal("SIGKILL");
  await killed.exit();
  assertEquals((await Deno.lstat(path)).isSocket, true);

  const [poolgate] = await Conversation.listening(args);
  const client = new Client(await Deno.connect({ transport: "unix", path }));
  assertEquals(await statusOf(client), "connected");
  const live = await run("", { args, permissions });
  assertEquals(live.code, 2);
  assertMatch(live.stderr, /is not possible: Address already in use[^\n]*\n$/);
  await client.say(request({ type: "pool_stats" }));
  assertStringIncludes(await client.line() ?? "", "pool_stats_ok");
  client.close();
  assertEquals(await ended(poolgate), 0);

  await Deno.writeTextFile(path, "precious");
  assertEquals((await run("", { args, permissions })).code, 2);
  assertEquals(await Deno.readTextFile(path), "precious");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("--listen: out of file descriptors, serves those it has, says so once, and accepts again when it can", async () => {
  // The kernel accepts for the program: so many more connections than the limit are made.
  const script = `ulimit -n 64; exec "$@"`;
  const args = ["--listen", "127.0.0.1:0", "--max-connections", "1000"];
  const child = Conversation.inShell(script, { args, permissions });
  const address = /at (\S+)/.exec(await child.note())?.[1] ?? "";
  const clients: Client[] = [];
  const statuses: string[] = [];
  for (let i = 0; i < 100; i++) clients.push(await Client.to(address));
  assertMatch(
    await child.note(),
    /^poolgate: accepting connections fails: Too many open files[^\n]*\n$/,
  );
  await clients[0]!.line();
  await clients[0]!.say(request({ type: "pool_stats" }));
  assertStringIncludes(await clients[0]!.line() ?? "", "pool_stats_ok");
  for (const client of clients.slice(0, 80)) client.close();
  for (const client of clients.slice(80)) statuses.push(await statusOf(client));
  assertEquals(new Set(statuses), new Set(["connected"]));
  assertEquals(await child.note(), "poolgate: accepting connections again\n");
  for (const client of clients.slice(80)) client.close();
  assertEquals(await ended(child), 0);
});

Deno.test("--listen: a stdout that nobody reads any more ends the answers, not the connections", async () => {
  const [poolgate, address] = await Conversation.listening([]);
  await poolgate.deafen();
  await poolgate.say(request({ type: "pool_stats" }));
  const client = await Client.to(address);
  assertEquals(await statusOf(client), "connected");
  client.close();
  assertEquals(await ended(poolgate), 0);
});

Deno.test("SIGTERM: a stderr that nobody reads does not keep it from ending", async () => {
  const script = `exec "$@" 2> >(exec sleep 300)`;
  const args = ["--listen", "127.0.0.1:0", "--log-connections", "--drain-timeout", "1ms"];
  const poolgate = Conversation.inShell(script, { args, permissions });
  await poolgate.say(request({ type: "pool_stats" }));
  await poolgate.hear();
  // Each bad line is a note: more of them than a pipe holds.
  await poolgate.say("bad\n".repeat(5000));
  assertEquals(await ended(poolgate), 0);
});

Deno.test("--log-format json: each event is an object, --quiet leaves out all but errors", async () => {
  const json = ["--log-format", "json"];
  const [poolgate, , said] = await Conversation.noting(/(listening at)/, [
    ...["--listen", "127.0.0.1:0"],
    ...json,
  ]);
  poolgate.signal("SIGTERM");
  const stderr = said + await poolgate.lastNotes();
  assertEquals(await poolgate.exit(), 0);
  const notes = stderr.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(notes.map(({ level, event }) => [level, event]), [
    ["info", "listening"],
    ["info", "draining"],
    ["info", "drained"],
  ]);
  assertStringIncludes(notes[0].text, "listening at 127.0.0.1:");
  const address = `127.0.0.1:${freePort()}`;
  const args = ["--listen", address, ...json, "--quiet"];
  const quiet = Conversation.inShell(`exec "$@"`, { args, permissions });
  await until("it serves", async () => {
    const client = await Client.to(address).catch(() => undefined);
    await client?.line();
    client?.close();
    return client !== undefined;
  });
  quiet.signal("SIGTERM");
  assertEquals([await quiet.lastNotes(), await quiet.exit()], ["", 0]);
});

Deno.test("--help: its example of a gate is a command line that is accepted", async () => {
  const { stdout } = await run("", { args: ["--help"] });
  const [, example = "false"] = /\$ (poolgate --listen [^]*?)\n\nExit/.exec(stdout) ?? [];
  const script = example.replace("poolgate", 'exec "$@"').replace(":6432", ":0");
  const poolgate = Conversation.inShell(script, { permissions });
  assertMatch(
    await poolgate.note(),
    /listening at .*, for 127\.0\.0\.1:5432 \(max-connections 20, backlog-size 100, queue-timeout 30s, .*, reject-as postgres\)\n/,
  );
  assertEquals(await ended(poolgate), 0);
});

Deno.test("POOLGATE_LISTEN: is its flag's variable", async () => {
  const env = { POOLGATE_LISTEN: "127.0.0.1:0" };
  const [poolgate, address] = await Conversation.noting(/listening at (\S+)/, [], env);
  assertStringIncludes(address, "127.0.0.1:");
  assertEquals(await ended(poolgate), 0);
});
