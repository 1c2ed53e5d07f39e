import { assertEquals } from "@std/assert";
import { Connection } from "../../lib/gate/connection.ts";
import { evictReason, rejectReason } from "../../lib/gate/ending.ts";
import type { Session } from "../../lib/gate/session.ts";
import { EVICT_REASONS, REJECT_REASONS } from "../../lib/pool/client.ts";
import { MemoryPool } from "../../lib/pool/memory_pool.ts";
import { Visitor } from "../support/door.ts";
import { settled } from "../support/fake_clock.ts";
import { raise } from "../support/raise.ts";

/**
 * A connection that waits behind another client, the pool, and the endings that its session was
 * told.
 */
function newConnection(leavesLater = false) {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 1 }, raise);
  pool.connect("first", undefined, 0);
  const interrupts: string[] = [];
  const interrupt = (ending: string) => interrupts.push(ending);
  const session = { leavesLater, interrupt } as unknown as Session;
  const socket = new Visitor("second");
  const arrival = { socket, name: socket.name, source: undefined, route: undefined };
  const all = { received: 0, sent: 0 };
  const connection = new Connection(
    arrival,
    all,
    () => session,
    (holder) => pool.connect(socket.name, holder, 0),
  );
  return { pool, connection, interrupts };
}

/** Whether a promise has resolved. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let done = false;
  promise.then(() => done = true);
  await settled();
  return done;
}

Deno.test("Connection.signal: resolves when the pool has changed the record", async () => {
  const { pool, connection } = newConnection();
  const signal = connection.signal();
  assertEquals(await isSettled(signal), false);
  pool.disconnect("first", 0);
  assertEquals([await isSettled(signal), connection.client.state], [true, "connected"]);
  assertEquals(connection.ending, undefined);
});

Deno.test("Connection.end: wakes who waits for a signal, and interrupts the session where nobody does", async () => {
  const { connection, interrupts } = newConnection();
  const signal = connection.signal();
  connection.end("queue_timeout");
  assertEquals([await isSettled(signal), interrupts], [true, []]);
  connection.end("drain_timeout");
  assertEquals([connection.ending, interrupts], ["queue_timeout", ["drain_timeout"]]);
});

Deno.test("Connection.changed: one that is in the pool no more ends, for the reason in its record", () => {
  const { pool, connection, interrupts } = newConnection();
  pool.disconnect("second", 0);
  assertEquals([connection.ending, interrupts], ["evicted", ["evicted"]]);
});

Deno.test("Connection.changed: one that leaves later, and is evicted, ends while it still has its place", () => {
  const { pool, connection, interrupts } = newConnection(true);
  pool.disconnect("first", 0);
  pool.disconnect("second", 0);
  assertEquals([connection.client.state, connection.ending], ["connected", "evicted"]);
  assertEquals(interrupts, ["evicted"]);
});

Deno.test("Connection.hungUp: ends it", () => {
  const { connection, interrupts } = newConnection();
  connection.hungUp();
  assertEquals([connection.ending, interrupts], ["finished", ["finished"]]);
});

const OTHER_ENDINGS = ["finished", "evicted", "drain_timeout", "fault"] as const;

Deno.test("rejectReason: is the ending itself where that is a reason to reject, else nothing", () => {
  assertEquals(REJECT_REASONS.map(rejectReason), [...REJECT_REASONS]);
  for (const ending of [...EVICT_REASONS, ...OTHER_ENDINGS]) {
    assertEquals(rejectReason(ending), undefined);
  }
});

Deno.test("evictReason: is the ending itself where that is a limit of time, else nothing", () => {
  assertEquals(EVICT_REASONS.map(evictReason), [...EVICT_REASONS]);
  for (const ending of [...REJECT_REASONS, ...OTHER_ENDINGS]) {
    assertEquals(evictReason(ending), undefined);
  }
});
