import { assertEquals, assertStringIncludes } from "@std/assert";
import { LINGER_MS, MAX_LINGERING } from "../../lib/gate/goodbyes.ts";
import { limitsChange } from "../../lib/pool/limits.ts";
import type { ReplyBody } from "../../lib/protocol/messages.ts";
import { listen } from "../../lib/io/network.ts";
import type { Arrival, Listener } from "../../lib/io/socket.ts";
import { Door } from "../support/door.ts";
import { POOLS } from "../support/pools.ts";
import { Client, isRefused, until, untilStill } from "../support/sockets.ts";
import { ANY_PORT, TestGate } from "../support/test_gate.ts";

type Body = Record<string, unknown>;

/** The body of the next message. */
async function hear(client: Client): Promise<Body> {
  return JSON.parse(await client.line() ?? '{"body": "nothing"}').body;
}

/** Sends a request, and returns the body of the reply. */
async function ask(client: Client, body: Body): Promise<Body> {
  await client.say(`${JSON.stringify({ src: "me", dest: "gate", body })}\n`);
  return await hear(client);
}

for (const kind of POOLS) {
  Deno.test(`native gate: lets in, queues and rejects, saying so, and promotes when a place is free${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind, maxConnections: 2, backlogSize: 3 });
    const clients: Client[] = [];
    const lines: (string | undefined)[] = [];
    for (let i = 0; i < 6; i++) {
      clients.push(...await gate.clients(1));
      lines.push(await clients.at(-1)!.line());
    }
    const said = (at: number, status: string, active: number, queued: number) =>
      `{"src": "gate", "dest": "${clients[at]!.name}", "body": {"type": "pool_connect_ok", ` +
      `"status": "${status}", "active": ${active}, "queued": ${queued}, "msg_id": ${at}}}`;
    assertEquals(lines, [
      said(0, "connected", 1, 0),
      said(1, "connected", 2, 0),
      said(2, "queued", 2, 1),
      said(3, "queued", 2, 2),
      said(4, "queued", 2, 3),
      said(5, "rejected", 2, 3),
    ]);
    assertEquals([await clients[5]!.line(), clients[5]!.ended], [undefined, true]);
    clients[0]!.close();
    const promoted = clients[2]!.name;
    assertEquals(
      await clients[2]!.line(),
      `{"src": "gate", "dest": "${promoted}", "body": {"type": "pool_promoted", ` +
        `"client_id": "${promoted}", "active": 2, "queued": 2, "msg_id": 6}}`,
    );
  });

  Deno.test(`native gate: a node without a name speaks from the address that it listens at${kind.name}`, async () => {
    await using gate = new TestGate(await listen(ANY_PORT), { kind });
    const client = await gate.client();
    assertEquals(JSON.parse(await client.line() ?? "{}").src, gate.address);
  });

  Deno.test(`native gate: answers a connection that asks for itself, by its id or without one${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind });
    const [client] = await gate.clients(1) as [Client];
    await hear(client);
    const client_id = client.name;
    const ok = { type: "pool_connect_ok", status: "connected", active: 1, queued: 0 };
    const again = await ask(client, { type: "pool_connect", msg_id: 7, client_id });
    assertEquals(again, { ...ok, in_reply_to: 7, msg_id: 1 });
    assertEquals(await ask(client, { type: "pool_connect" }), { ...ok, msg_id: 2 });
    const nulls = { client_id: null, msg_id: null, in_reply_to: null, notify: null };
    assertEquals(await ask(client, { type: "pool_connect", ...nulls }), { ...ok, msg_id: 3 });
    assertEquals((await ask(client, { type: "pool_stats" })).active, 1);
  });

  Deno.test(`native gate: pool_disconnect of itself is answered, then the connection ends and the next has its place${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind });
    const [first, second] = await gate.clients(2) as [Client, Client];
    await hear(first);
    await hear(second);
    const reply = await ask(first, { type: "pool_disconnect", msg_id: 1 });
    assertEquals([reply.type, reply.promoted], ["pool_disconnect_ok", second.name]);
    assertEquals([await first.line(), first.ended], [undefined, true]);
    assertEquals((await hear(second)).type, "pool_promoted");
    assertEquals(gate.stats.disconnectedTotal, 1);
  });

  Deno.test(`native gate: a waiting connection may disconnect itself${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind });
    const [, second] = await gate.clients(2) as [Client, Client];
    await hear(second);
    const reply = await ask(second, { type: "pool_disconnect", client_id: second.name });
    assertEquals([reply.promoted, reply.active, reply.queued], [null, 1, 0]);
    assertEquals(await second.line(), undefined);
  });

  const refused: [string, Body, number, string][] = [
    [
      "pool_config",
      { type: "pool_config", max_connections: 9, backlog_size: 9 },
      10,
      "pool_config",
    ],
    ["init", { type: "init", node_id: "n9", node_ids: ["n9"] }, 10, "init"],
    ["a connect of another", { type: "pool_connect", client_id: "x" }, 12, 'client_id is "x"'],
    ["a disconnect of another", { type: "pool_disconnect", client_id: "x" }, 12, "for itself only"],
    ["a bad client_id", { type: "pool_connect", client_id: 5 }, 12, "client_id is 5"],
    ["an unknown type", { type: "hello" }, 10, 'type is "hello"'],
    ["a text in in_reply_to", { type: "pool_connect", in_reply_to: "1" }, 12, 'in_reply_to is "1"'],
  ];

  for (const [what, body, code, text] of refused) {
    Deno.test(`native gate: ${what} is error ${code}, and changes nothing${kind.name}`, async () => {
      await using gate = await TestGate.open({ kind });
      gate.pool.connect("x", undefined, 0);
      await gate.quiet();
      const before = gate.stats;
      const client = await gate.client();
      await hear(client);
      const reply = await ask(client, { ...body, msg_id: 3 });
      assertEquals([reply.type, reply.in_reply_to, reply.code], ["error", 3, code]);
      assertStringIncludes(String(reply.text), text);
      assertEquals({ ...gate.stats, queued: 0, queuedTotal: 0 }, before);
      assertEquals((await ask(client, { type: "pool_stats" })).type, "pool_stats_ok");
    });
  }

  Deno.test(`native gate: a line that is no request is an error that names the line, and the next is read${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind });
    const client = await gate.client();
    await hear(client);
    await client.say(`\n{"no json\n${"x".repeat(70_000)}\n{"type":"error"}\n`);
    const first = await hear(client);
    assertEquals([first.type, first.code, first.in_reply_to], ["error", 12, undefined]);
    assertStringIncludes(String(first.text), "line 2 is passed over: it is not JSON");
    const second = await hear(client);
    assertEquals(second.text, "line 3 is passed over: it is longer than 65536 bytes");
    assertStringIncludes(
      String((await hear(client)).text),
      "line 4 is passed over: src is missing",
    );
  });

  Deno.test(`native gate: a connection that hangs up while it waits leaves at once${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind });
    const [first, second, third] = await gate.clients(3) as [Client, Client, Client];
    second.close();
    await gate.counts(1, 1);
    first.close();
    await hear(third);
    assertEquals((await hear(third)).type, "pool_promoted");
    const { promotedTotal, disconnectedTotal } = gate.stats;
    assertEquals([promotedTotal, disconnectedTotal], [1, 2]);
  });

  Deno.test(`native gate: replies reach a client that has ended its own side${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind });
    const [client] = await gate.clients(1) as [Client];
    await client.say(`{"src":"me","dest":"gate","body":{"type":"pool_stats","msg_id":1}}\n`);
    await (client.socket as Deno.TcpConn).closeWrite();
    const all = await client.rest();
    assertEquals(all.split("\n").map((line) => line && JSON.parse(line).body.type), [
      "pool_connect_ok",
      "pool_stats_ok",
      "",
    ]);
    await gate.counts(0, 0);
  });

  Deno.test(`native gate: a client that does not read is not read from either, and holds up nobody${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind, maxConnections: 2 });
    const [deaf, other] = await gate.clients(2) as [Client, Client];
    await hear(other);
    const request = `{"src":"me","dest":"gate","body":{"type":"pool_stats"}}\n`.repeat(1000);
    let sent = 0;
    const flood = (async () => {
      for (;;) {
        await deaf.say(request);
        sent += request.length;
      }
    })().catch(() => {});
    await untilStill(() => sent);
    assertEquals((await ask(other, { type: "pool_stats" })).active, 2);
    deaf.close();
    await flood;
    await gate.counts(1, 0);
  });

  Deno.test(`--queue-timeout: who has waited for so long is told, and leaves the queue${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind, queueTimeoutMs: 1000 });
    const [, second] = await gate.clients(2) as [Client, Client];
    await gate.clock.advance(600);
    await gate.clients(1);
    await gate.clock.advance(400);
    assertEquals((await hear(second)).status, "queued");
    const told = await hear(second);
    assertEquals([told.code, told.in_reply_to], [11, undefined]);
    assertStringIncludes(String(told.text), "no place became free in time");
    assertEquals(await second.line(), undefined);
    await gate.counts(1, 1);
  });

  Deno.test(`--queue-timeout: ends with the wait${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind, queueTimeoutMs: 1000 });
    const [first, second] = await gate.clients(2) as [Client, Client];
    first.close();
    await hear(second);
    await hear(second);
    await gate.clock.advance(5000);
    assertEquals((await ask(second, { type: "pool_stats" })).active, 1);
  });

  Deno.test(`--max-per-source: turns away those of one address beyond it, until one of them leaves${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind, maxPerSource: 2, backlogSize: 9 });
    const [first, , third] = await gate.clients(3) as [Client, Client, Client];
    const told = await hear(third);
    assertEquals([told.code, told.text], [11, "too many connections from this address"]);
    assertEquals(await third.line(), undefined);
    await gate.quiet();
    assertEquals(gate.stats.rejectedTotal, 1);
    first.close();
    await gate.counts(1, 0);
    assertEquals((await hear(await gate.client())).status, "queued");
  });

  Deno.test(`--idle-timeout: a place is taken from who is silent for so long, not from who speaks${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind, maxConnections: 2, idleTimeoutMs: 1000 });
    const [silent, speaker, waiter] = await gate.clients(3) as [Client, Client, Client];
    for (const client of [silent, speaker, waiter]) await hear(client);
    await gate.clock.advance(900);
    await ask(speaker, { type: "pool_stats" });
    await gate.clock.advance(100);
    assertEquals(await silent.line(), undefined);
    assertEquals((await hear(waiter)).type, "pool_promoted");
    assertEquals((await ask(speaker, { type: "pool_stats" })).active, 2);
  });

  Deno.test(`--max-lifetime: who has had its place for so long hears the end, as one that is evicted${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind, maxLifetimeMs: 1000 });
    const [first, second] = await gate.clients(2) as [Client, Client];
    for (const client of [first, second]) await hear(client);
    await gate.clock.advance(900);
    assertEquals((await ask(first, { type: "pool_stats" })).active, 1);
    await gate.clock.advance(100);
    assertEquals(await first.line(), undefined);
    assertEquals((await hear(second)).type, "pool_promoted");
    await gate.counts(1, 0);
  });

  Deno.test(`pool_config: more places let the queue in at once, fewer cut nobody${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind });
    const changes: unknown[] = [];
    gate.pool.observe({
      configured: (before, after) => changes.push(limitsChange(before, after)),
    });
    const clients = await gate.clients(3);
    for (const client of clients) await hear(client);
    gate.configure({ maxConnections: 3, backlogSize: 0 });
    for (const client of clients.slice(1)) assertEquals((await hear(client)).type, "pool_promoted");
    gate.configure({ maxConnections: 1, backlogSize: 0 });
    await gate.quiet();
    for (const client of clients) {
      assertEquals((await ask(client, { type: "pool_stats" })).active, 3);
    }
    assertEquals(changes.toSorted(), [
      "max_connections 1 -> 3, backlog_size 5 -> 0",
      "max_connections 3 -> 1",
    ]);
  });

  Deno.test(`pool_disconnect: of a connection, from stdin, ends it and gives its place to the next, once${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind });
    const [first, second] = await gate.clients(2) as [Client, Client];
    for (const client of [first, second]) await hear(client);
    assertEquals((await gate.disconnect(first.name))?.promoted, second.name);
    assertEquals([await first.line(), first.ended], [undefined, true]);
    assertEquals((await hear(second)).type, "pool_promoted");
    for (const client of [first, second]) client.close();
    await gate.counts(0, 0);
    assertEquals(gate.stats.disconnectedTotal, 2);
  });

  Deno.test(`pool_promoted: a connection that leaves lets a client of stdin in, which is told${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind });
    const [first] = await gate.clients(1) as [Client];
    const operation = { type: "pool_connect" as const, clientId: "ann", notify: true };
    const announced: [string, ReplyBody][] = [];
    gate.node.answer(
      { type: "request", src: "c1", dest: "n1", msgId: "1", operation },
      { announce: (to, body) => announced.push([to.src, body]) },
    );
    await gate.counts(1, 1);
    first.close();
    await until("it is told", () => announced.length > 0);
    await gate.quiet();
    assertEquals(announced, [
      ["c1", { type: "pool_promoted", clientId: "ann", active: 1, queued: 0 }],
    ]);
  });

  Deno.test(`native gate: two connections of one name are two clients${kind.name}`, async () => {
    const path = await Deno.makeTempDir() + "/door";
    await using gate = await TestGate.open({
      kind,
      listen: { transport: "unix", path },
      maxConnections: 9,
    });
    gate.pool.connect("unix:1", undefined, 0);
    const client = new Client(await Deno.connect({ transport: "unix", path }));
    const { dest } = JSON.parse(await client.line() ?? "{}");
    assertEquals([dest, gate.stats.active], ["unix:1#2", 2]);
    client.close();
    await gate.counts(1, 0);
  });

  Deno.test(`--drain-queue reject: the queue is told, the active ones may go on, new ones are refused, and run ends with the last${kind.name}`, async () => {
    const gate = await TestGate.open({ kind, drainTimeoutMs: 1000, drainQueue: "reject" });
    const [first, second] = await gate.clients(2) as [Client, Client];
    for (const client of [first, second]) await hear(client);
    gate.gate.drain();
    assertEquals((await hear(second)).text, "the service is shutting down");
    assertEquals(await second.line(), undefined);
    assertEquals((await ask(first, { type: "pool_stats" })).active, 1);
    await until("others are refused", () => isRefused(gate.address));
    let ended = false;
    gate.running.then(() => ended = true);
    await gate.clock.advance(999);
    assertEquals(ended, false);
    await gate.clock.advance(1);
    assertEquals(await first.line(), undefined);
    await gate.running;
    for (const client of [first, second]) client.close();
  });

  Deno.test(`drain: those that wait are let in as places get free, and told when the timeout is over${kind.name}`, async () => {
    const gate = await TestGate.open({ kind, drainTimeoutMs: 1000 });
    const [first, second, third] = await gate.clients(3) as [Client, Client, Client];
    for (const client of [first, second, third]) await hear(client);
    gate.gate.drain();
    await until("others are refused", () => isRefused(gate.address));
    first.close();
    assertEquals((await hear(second)).type, "pool_promoted");
    await gate.clock.advance(999);
    assertEquals([gate.gate.drainLeftMs, gate.stats.active, gate.stats.queued], [1, 1, 1]);
    await gate.clock.advance(1);
    assertEquals((await hear(third)).text, "the service is shutting down");
    for (const client of [second, third]) assertEquals(await client.line(), undefined);
    for (const client of [second, third]) client.close();
    await gate.running;
    assertEquals(gate.gate.drainLeftMs, 0);
    assertEquals(gate.notes.slice(-3), [
      "info: draining: those that wait keep their turn, those with a place may go on, for 1s at most",
      "warn: the drain timeout is over: 1 with a place ended, 1 that waited turned away",
      "info: drained in 1.0 s",
    ]);
  });

  Deno.test(`drain: the time of those that wait runs on${kind.name}`, async () => {
    const gate = await TestGate.open({ kind, queueTimeoutMs: 1000 });
    const [first, second] = await gate.clients(2) as [Client, Client];
    for (const client of [first, second]) await hear(client);
    gate.gate.drain();
    await gate.clock.advance(1000);
    assertEquals(
      (await hear(second)).text,
      "too many connections, and no place became free in time",
    );
    assertEquals(gate.notes.some((note) => note.includes("drain timeout")), false);
    for (const client of [first, second]) client.close();
    await gate.running;
  });

  Deno.test(`drain: of no drain timeout, waits for as long as it takes${kind.name}`, async () => {
    const gate = await TestGate.open({ kind, drainTimeoutMs: 0 });
    const client = await gate.client();
    await hear(client);
    gate.gate.drain();
    await gate.clock.advance(1e9);
    assertEquals((await ask(client, { type: "pool_stats" })).active, 1);
    client.close();
    await gate.running;
  });

  Deno.test(`native gate: what comes behind a disconnect of itself is not answered any more${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind });
    const client = await gate.client();
    await hear(client);
    const message = (type: string) =>
      `${JSON.stringify({ src: "a", dest: "b", body: { type } })}\n`;
    await client.say(message("pool_disconnect") + message("pool_connect"));
    const types = (await client.rest()).trim().split("\n").map((line) =>
      JSON.parse(line).body.type
    );
    assertEquals(types, ["pool_disconnect_ok"]);
    client.close();
    await gate.counts(0, 0);
    assertEquals(gate.stats.connectedTotal, 1);
  });

  Deno.test(`drain: with nobody there, ends at once${kind.name}`, async () => {
    const gate = await TestGate.open({ kind });
    gate.gate.drain();
    await gate.running;
  });

  Deno.test(`--log-connections: notes what becomes of each${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind, logConnections: true, backlogSize: 1 });
    const [first, second] = await gate.clients(3) as [Client, Client];
    const names = [first.name, second.name];
    first.close();
    await gate.counts(1, 0);
    await until("it is noted", () => gate.notes.at(-1)?.endsWith("promoted") ?? false);
    const notes = gate.notes.filter((note) => names.some((name) => note.includes(name)));
    assertEquals(notes, [
      `info: ${names[0]}: connected`,
      `info: ${names[1]}: queued`,
      `info: ${names[0]}: left: the client closed the connection ` +
      "(waited 0.000 s, served 0.000 s, received 0 bytes, sent 142)",
      `info: ${names[1]}: promoted`,
    ]);
  });

  Deno.test(`native gate: so many may take their time to go at once, and are closed when it is over${kind.name}`, async () => {
    const door = new Door();
    await using gate = new TestGate(door, { kind, maxConnections: 0, backlogSize: 0 });
    const lingering = [];
    for (let i = 0; i < MAX_LINGERING; i++) lingering.push(await door.arrive());
    await gate.quiet();
    assertEquals(lingering.filter(({ heard, closed }) => heard === "" || closed).length, 0);
    const oneTooMany = await door.arrive();
    await gate.quiet();
    assertEquals([oneTooMany.heard !== "", oneTooMany.closed], [true, false]);
    assertEquals(lingering.filter(({ closed }) => closed).length, 1);
    await gate.clock.advance(LINGER_MS);
    assertEquals(lingering.filter(({ closed }) => !closed).length, 0);
    const next = await door.arrive();
    await gate.quiet();
    assertEquals([next.heard !== "", next.closed], [true, false]);
    await until("the last are closed", async () => {
      await gate.clock.advance(LINGER_MS);
      return next.closed && oneTooMany.closed;
    });
  });

  Deno.test(`native gate: when connections cannot be accepted, says so once, and when they can again${kind.name}`, async () => {
    const script = [new Error("Too many open files"), new Error("Too many open files")];
    const closed = Promise.withResolvers<Arrival>();
    const listener: Listener = {
      address: "nowhere",
      accepts: [() => {
        const next = script.shift();
        if (next !== undefined) return Promise.reject(next);
        if (served) return closed.promise;
        served = true;
        return Promise.resolve({
          socket: {
            read: () => null,
            write: (bytes) => bytes.length,
            closeWrite: () => Promise.resolve(),
            close: () => {},
          },
          name: "someone",
          source: undefined,
          route: undefined,
        });
      }],
      close: () => closed.reject(new Error("closed")),
    };
    let served = false;
    await using gate = new TestGate(listener, { kind });
    await until("it is served, and has been for a while", async () => {
      await gate.clock.advance(100);
      return gate.stats.disconnectedTotal === 1 && gate.notes.length > 2;
    });
    assertEquals(gate.notes, [
      "info: listening at nowhere (max-connections 1, backlog-size 5, reject-as line)",
      "error: accepting connections fails: Too many open files",
      "info: accepting connections again",
    ]);
  });
}

// Only a pool that answers at once tells both in this order.
Deno.test("native gate: a disconnect is answered before the next one is told of its place", async () => {
  await using gate = await TestGate.open();
  const [first, second] = await gate.clients(2) as [Client, Client];
  for (const client of [first, second]) await hear(client);
  const reply = await ask(first, { type: "pool_disconnect" });
  const notice = await hear(second);
  assertEquals([reply.msg_id, notice.msg_id], [2, 3]);
});

// To a pool that answers later, the end of a client's bytes is a hang-up until it has.
Deno.test("native gate: a client that says all at once, and ends its side, is answered", async () => {
  await using gate = await TestGate.open();
  const client = await gate.client();
  await client.say(`{"src":"me","dest":"gate","body":{"type":"pool_stats","msg_id":1}}\n`);
  await (client.socket as Deno.TcpConn).closeWrite();
  const lines = (await client.rest()).trim().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line).body.type), [
    "pool_connect_ok",
    "pool_stats_ok",
  ]);
  await gate.counts(0, 0);
});
