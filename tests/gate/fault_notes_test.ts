/** Faults of poolgate in the gate: each is noted, and ends nothing but what it met. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { LINGER_SILENCE_MS } from "../../lib/gate/goodbyes.ts";
import { listen } from "../../lib/io/network.ts";
import type { Arrival, Listener } from "../../lib/io/socket.ts";
import { POOLS } from "../support/pools.ts";
import { Service } from "../support/service.ts";
import { type Client, connectResettable, until } from "../support/sockets.ts";
import { ANY_PORT, type Settings, TestGate } from "../support/test_gate.ts";

const FAULT = "BUG: on purpose";

function fail(): never {
  throw new Error(FAULT);
}

/** A listener whose first connection throws as it is closed. */
async function firstFails(): Promise<Listener> {
  const listener = await listen(ANY_PORT);
  let first = true;
  const broken = (arrival: Arrival): Arrival => {
    if (!first) return arrival;
    first = false;
    const { socket } = arrival;
    const close = socket.close.bind(socket);
    socket.close = () => {
      close();
      fail();
    };
    return arrival;
  };
  const accepts = listener.accepts.map((accept) => async () => broken(await accept()));
  return { address: listener.address, accepts, close: () => listener.close() };
}

Deno.test("--idle-timeout: a fault at the end of one connection is noted, and the next one ends in its time", async () => {
  const settings = { maxConnections: 2, idleTimeoutMs: 1000 };
  await using gate = new TestGate(await firstFails(), settings);
  const [, second] = await gate.clients(2) as [Client, Client];
  assertStringIncludes(await second.line() ?? "", "connected");
  await gate.clock.advance(1000);
  assertEquals(await second.line(), undefined);
  const notes = gate.notes.filter((note) => note.includes("fault"));
  assertEquals(notes, [`error: a timer met a fault of poolgate: Error: ${FAULT}`]);
});

Deno.test("--drain-timeout: a fault at the end of one connection is noted, and the others end", async () => {
  const settings = { maxConnections: 2, drainTimeoutMs: 1000 };
  await using gate = new TestGate(await firstFails(), settings);
  const [, second] = await gate.clients(2) as [Client, Client];
  assertStringIncludes(await second.line() ?? "", "connected");
  gate.gate.drain();
  await gate.clock.advance(1000);
  assertEquals(await second.line(), undefined);
  const notes = gate.notes.filter((note) => note.includes("fault"));
  assertEquals(notes, [`error: a connection met a fault of poolgate: Error: ${FAULT}`]);
});

/** What ends the first of two connections, each with a place. */
const endings: [string, (gate: TestGate, first: Client) => void | Promise<void>][] = [
  ["--idle-timeout", ({ clock }) => clock.advance(1000)],
  ["pool_disconnect", (gate, { name }) => void gate.disconnect(name)],
  ["the end of a drain", async (gate) => {
    gate.gate.drain();
    await gate.clock.advance(1000);
  }],
  ["a hang-up", (_, first) => first.close()],
];

for (const [what, end] of endings) {
  for (const forwards of [false, true]) {
    const which = forwards ? "joined" : "native";
    Deno.test(`${what}: a ${which} connection whose closing meets a fault gives its place back all the same`, async () => {
      await using service = new Service();
      const settings: Settings = {
        ...{ maxConnections: 1, backlogSize: 0, idleTimeoutMs: 1000, drainTimeoutMs: 1000 },
        upstream: forwards ? service.address : undefined,
      };
      await using gate = new TestGate(await firstFails(), settings);
      const [first] = await gate.clients(1) as [Client];
      if (forwards) await until("it is joined", () => service.open === 1);
      await end(gate, first);
      await gate.counts(0, 0);
      await until("the upstream is left", () => service.open === 0);
      await until("the fault is noted", async () => {
        // It may be given time to hear its last word.
        await gate.clock.advance(LINGER_SILENCE_MS);
        return gate.notes.some((note) => note.includes(FAULT));
      });
      assertEquals(gate.notes.filter((note) => note.includes(FAULT)).length, 1);
    });
  }
}

Deno.test("--upstream: a client that is reset, and whose closing meets a fault, gives its place back all the same", async () => {
  await using service = new Service();
  await using gate = new TestGate(await firstFails(), { upstream: service.address });
  const client = await connectResettable(Number(gate.address.split(":")[1]));
  await until("it is joined", () => service.open === 1);
  client.resetAndDestroy();
  await gate.counts(0, 0);
  await until("the upstream is left", () => service.open === 0);
  assertEquals(gate.notes.filter((note) => note.includes(FAULT)).length, 1);
});

for (const kind of POOLS) {
  Deno.test(`native gate: a request that meets a fault is error 13, and noted${kind.name}`, async () => {
    await using gate = await TestGate.open({ kind });
    const client = await gate.client();
    assertStringIncludes(await client.line() ?? "", "connected");
    const stats = gate.pool.stats.bind(gate.pool);
    gate.pool.stats = fail;
    const ask = `{"src":"me","dest":"gate","body":{"type":"pool_stats","msg_id":7}}\n`;
    await client.say(ask);
    const { body } = JSON.parse(await client.line() ?? "{}");
    assertEquals([body.type, body.code, body.in_reply_to], ["error", 13, 7]);
    gate.pool.stats = stats;
    await until("the fault is noted", () => gate.notes.some((note) => note.includes("fault")));
    const notes = gate.notes.filter((note) => note.includes("fault"));
    const text = `error: a request of a connection met a fault of poolgate: Error: ${FAULT}`;
    assertEquals(notes, [text]);
    await client.say(ask);
    assertStringIncludes(await client.line() ?? "", "pool_stats_ok");
  });
}
