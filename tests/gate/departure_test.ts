/** What is noted of a connection that has left: who ended it, why, and its figures. */

import { assertEquals, assertMatch } from "@std/assert";
import type { Departure } from "../../lib/gate/departure.ts";
import type { Disconnected } from "../../lib/pool/pool.ts";
import { packet } from "../support/postgres_packet.ts";
import { type Behaviour, Service } from "../support/service.ts";
import { type Client, connectResettable, resettablePair, until } from "../support/sockets.ts";
import { type Settings, TestGate } from "../support/test_gate.ts";

const LIMIT_MS = 7000;

/** As in `open_gate.ts`. */
const HALF_CLOSED_MS = 30_000;

/** The stories of all that have left, in order. */
function departures({ events }: TestGate): Departure[] {
  return events.filter(({ event }) => event === "left" || event === "rejected") as Departure[];
}

/** Waits for the first to have left. */
async function departed(gate: TestGate): Promise<Departure> {
  await until("one has left", () => departures(gate).length > 0);
  return departures(gate)[0]!;
}

async function open(service: Service | undefined, settings: Settings = {}): Promise<TestGate> {
  const upstream = service?.address;
  return await TestGate.open({ logConnections: true, ...upstream && { upstream }, ...settings });
}

/** Makes one connection that is served, has it end, and tells how that was noted. */
async function endOf(
  { behaviour, settings, end }: {
    behaviour?: Behaviour;
    settings?: Settings;
    end: (client: Client, gate: TestGate, service: Service) => unknown;
  },
): Promise<unknown[]> {
  await using service = new Service(behaviour);
  await using gate = await open(service, settings);
  const [client] = await gate.clients(1) as [Client];
  await client.say("hello");
  if (behaviour === undefined) await client.socket.read(new Uint8Array(7));
  await end(client, gate, service);
  const { event, ended_by, reason, received, sent } = await departed(gate);
  return [event, ended_by, reason, received, sent];
}

const HEARD = [5, 7];

Deno.test("departureOf: the client has closed it", async () => {
  const end = (client: Client) => client.close();
  assertEquals(await endOf({ end }), ["left", "client", "client_closed", ...HEARD]);
});

Deno.test("departureOf: the client has ended its side, and had its answer", async () => {
  const end = (client: Client) => (client.socket as Deno.TcpConn).closeWrite();
  assertEquals(await endOf({ end }), ["left", "client", "client_closed", ...HEARD]);
});

Deno.test("departureOf: the client's connection was reset", async () => {
  await using service = new Service();
  await using gate = await open(service);
  const client = await connectResettable(Number(gate.address.split(":")[1]));
  await gate.counts(1, 0);
  client.write("hello");
  await until("it has its answer", () => gate.gate.traffic.sent === 7);
  client.resetAndDestroy();
  const { ended_by, reason } = await departed(gate);
  assertEquals([ended_by, reason], ["client", "client_reset"]);
});

Deno.test("departureOf: the upstream has closed it", async () => {
  const behaviour: Behaviour = async (socket) => {
    await socket.read(new Uint8Array(5));
  };
  const end = async (client: Client) => {
    assertEquals(await client.rest(), "");
    client.close();
  };
  const expected = ["left", "upstream", "upstream_closed", 5, 0];
  assertEquals(await endOf({ behaviour, end }), expected);
});

Deno.test("departureOf: the upstream's connection was reset", async () => {
  const [reset, upstream] = await resettablePair();
  await using service = new Service();
  const dial = () => Promise.resolve(upstream);
  await using gate = await open(service, { dial });
  const [client] = await gate.clients(1) as [Client];
  await client.say("hello");
  await until("it has come", () => gate.gate.traffic.received === 5);
  reset.resetAndDestroy();
  const { ended_by, reason } = await departed(gate);
  assertEquals([ended_by, reason], ["upstream", "upstream_reset"]);
});

Deno.test("departureOf: it was silent for too long", async () => {
  const settings = { idleTimeoutMs: LIMIT_MS };
  const end = (_: Client, { clock }: TestGate) => clock.advance(LIMIT_MS);
  assertEquals(await endOf({ settings, end }), ["left", "idle", "idle_timeout", ...HEARD]);
});

Deno.test("departureOf: the upstream has ended, and the client was silent", async () => {
  const behaviour: Behaviour = async (socket) => {
    await socket.read(new Uint8Array(5));
    await socket.closeWrite();
    while (await socket.read(new Uint8Array(5)) !== null);
  };
  const end = async (client: Client, { clock }: TestGate) => {
    assertEquals(await client.socket.read(new Uint8Array(1)), null);
    await clock.advance(HALF_CLOSED_MS);
  };
  const expected = ["left", "half_closed", "half_closed", 5, 0];
  assertEquals(await endOf({ behaviour, end }), expected);
});

Deno.test("departureOf: it has had its place for as long as it may", async () => {
  const settings = { maxLifetimeMs: LIMIT_MS };
  const end = (_: Client, { clock }: TestGate) => clock.advance(LIMIT_MS);
  assertEquals(await endOf({ settings, end }), ["left", "lifetime", "max_lifetime", ...HEARD]);
});

Deno.test("departureOf: a drain timeout has ended it, and those that waited", async () => {
  await using service = new Service();
  await using gate = await open(service, { drainTimeoutMs: LIMIT_MS });
  await gate.clients(2);
  await gate.clock.advance(1);
  gate.gate.drain();
  await gate.clock.advance(LIMIT_MS);
  await until("both have left", () => departures(gate).length === 2);
  const told = departures(gate).map(({ event, ended_by, reason, waited_ms, served_ms }) => [
    ...[event, ended_by, reason, waited_ms, served_ms],
  ]);
  assertEquals(told.toSorted(), [
    ["left", "drain", "drain_timeout", 0, LIMIT_MS + 1],
    ["rejected", "drain", "draining", LIMIT_MS + 1, 0],
  ]);
  await gate.running;
  assertEquals(gate.events.at(-1), { event: "drained", drained_ms: LIMIT_MS });
  const sum = gate.events.find(({ event }) => event === "drain_timeout");
  assertEquals(sum, { event: "drain_timeout", ended: 1, rejected: 1 });
});

Deno.test("departureOf: an operator has taken it out", async () => {
  const end = (client: Client, gate: TestGate): Promise<Disconnected | undefined> =>
    gate.disconnect(client.name);
  assertEquals(await endOf({ end }), ["left", "operator", "evicted", ...HEARD]);
});

Deno.test("departureOf: a client of the pool itself has given its place back", async () => {
  await using gate = await open(undefined);
  const [client] = await gate.clients(1) as [Client];
  const body = { type: "pool_disconnect" };
  await client.say(`${JSON.stringify({ src: "a", dest: "b", body })}\n`);
  const { event, ended_by, reason } = await departed(gate);
  assertEquals([event, ended_by, reason], ["left", "client", "client_disconnected"]);
});

Deno.test("departureOf: what it sent needs no place", async () => {
  await using service = new Service(async (socket) => {
    await socket.read(new Uint8Array(16));
  });
  await using gate = await open(service, { service: "postgres" });
  const [, waiting] = await gate.clients(2) as [Client, Client];
  await gate.counts(1, 1);
  await waiting.socket.write(packet(80877102, "12345678"));
  const { event, ended_by, reason } = await departed(gate);
  assertEquals([event, ended_by, reason], ["left", "client", "passed_on"]);
});

Deno.test("departureOf: it was turned away, when it came or after a wait", async () => {
  await using service = new Service();
  await using gate = await open(service, { backlogSize: 1, queueTimeoutMs: LIMIT_MS });
  await gate.clients(3);
  await until("one was turned away", () => departures(gate).length === 1);
  await gate.clock.advance(LIMIT_MS);
  await until("one more was", () => departures(gate).length === 2);
  const told = departures(gate).map(({ event, ended_by, reason, waited_ms, served_ms }) => [
    ...[event, ended_by, reason, waited_ms, served_ms],
  ]);
  assertEquals(told, [
    ["rejected", "poolgate", "backlog_full", 0, 0],
    ["rejected", "poolgate", "queue_timeout", LIMIT_MS, 0],
  ]);
});

Deno.test("departureText: says in one sentence what the fields say", async () => {
  await using service = new Service();
  await using gate = await open(service, { queueTimeoutMs: 0 });
  const [first, second] = await gate.clients(2) as [Client, Client];
  await gate.clock.advance(1500);
  first.close();
  await until("the second is served", () => service.served === 2);
  await second.say("x".repeat(1500));
  await second.socket.read(new Uint8Array(2000));
  await gate.clock.advance(12_345);
  second.close();
  await until("both have left", () => departures(gate).length === 2);
  const text = gate.notes.find((note) => note.startsWith(`info: ${second.name}: left`)) ?? "";
  assertMatch(
    text,
    /: left: the client closed the connection \(waited 1\.500 s, served 12\.345 s, received 1,500 bytes, sent 1,502\)$/,
  );
  const { client, source } = departures(gate)[1]!;
  assertEquals([client, source], [second.name, "127.0.0.1"]);
});
