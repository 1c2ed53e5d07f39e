/**
 * Clients and an upstream that behave as badly as they can, in an order that the seed decides,
 * against the program from outside. At the end every place must be there again. Imports nothing
 * from lib/.
 */

import { assert, assertEquals } from "@std/assert";
import type { Socket } from "node:net";
import { Conversation, timeLimit } from "../support/program.ts";
import { Random, SEED, SEEDED } from "../support/random.ts";
import { type Behaviour, Service } from "../support/service.ts";
import { Client, freePort, resettable, until } from "../support/sockets.ts";

const PLACES = 5;
const BACKLOG = 10;
const ROUNDS = 4;
const VISITS_A_ROUND = 300;
const MIB = 1024 * 1024;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Upstreams that answer a request with much, or with nothing, and end as they like: each by its
 * number.
 */
function moody(): Behaviour {
  let number = 0;
  return async (socket) => {
    // Visits have the numbers from 1.
    const random = new Random(SEED, -++number);
    const mood = random.pick(["answer", "answer", "answer", "silent", "end", "vanish"]);
    if (mood === "vanish") return;
    const buffer = new Uint8Array(1024);
    while (await socket.read(buffer) !== null) {
      if (mood === "end") return await socket.closeWrite();
      if (mood === "answer") {
        const answer = new Uint8Array(300_000);
        for (let sent = 0; sent < answer.length;) sent += await socket.write(answer.subarray(sent));
      }
    }
    await socket.closeWrite();
  };
}

/** How a client behaves once it is connected; each ends by itself. */
const habits: ((client: Client, random: Random) => Promise<void>)[] = [
  async function leavesAtOnce() {},
  async function waitsAndLeaves(_, random) {
    await pause(random.below(100));
  },
  async function speaksAndLeaves(client, random) {
    await client.say("hello");
    await pause(random.below(30));
  },
  async function speaksAndListens(client, random) {
    await client.say("hello");
    await Promise.race([client.rest(), pause(random.below(200))]);
  },
  async function halfCloses(client, random) {
    await client.say("hello");
    await (client.socket as Deno.TcpConn).closeWrite();
    await Promise.race([client.rest(), pause(random.below(200))]);
  },
  async function readsSlowly(client, random) {
    const pauses = Array.from({ length: 20 }, () => random.below(30));
    await client.say("hello");
    const buffer = new Uint8Array(10_000);
    for (const ms of pauses) {
      if (await Promise.race([client.socket.read(buffer), pause(ms)]) === null) return;
      await pause(ms / 3);
    }
  },
  async function floods(client, random) {
    await Promise.race([client.say("x".repeat(2 * MIB)), pause(random.below(100))]);
  },
];

/** One of five visits ends in a reset: such a connection may be gone before it is accepted. */
const RESETS = 0.2;

/** A visit, decided by the seed and its number. @returns Whether it ended in a reset. */
async function visit(address: string, number: number): Promise<boolean> {
  const random = new Random(SEED, number);
  if (random.next() < RESETS) {
    await visitAndReset(Number(address.split(":")[1]), random.below(60));
    return true;
  }
  const client = await Client.to(address);
  // A client whose connection is ended under its hands has been treated as it deserves.
  await random.pick(habits)(client, random).catch(() => {});
  client.close();
  return false;
}

async function visitAndReset(port: number, afterMs: number): Promise<void> {
  const socket: Socket = resettable(port);
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write("hello");
  await pause(afterMs);
  socket.resetAndDestroy();
}

/** Added to the number of a first visit: the pauses between visits have numbers of their own. */
const PAUSES = 2 ** 20;

/** Visits, the first half while there is no upstream. @returns How many ended in a reset. */
async function stormRound(address: string, port: number, first: number): Promise<number> {
  const random = new Random(SEED, PAUSES + first);
  const visits: Promise<boolean>[] = [];
  const half = async () => {
    for (let i = 0; i < VISITS_A_ROUND / 2; i++) {
      visits.push(visit(address, first + visits.length));
      await pause(random.below(6));
    }
  };
  await half();
  await using _ = new Service(moody(), port);
  await half();
  const reset = await Promise.all(visits);
  return reset.filter((each) => each).length;
}

/**
 * How many sockets a process has open: connections that nobody has any more would stay among them.
 */
async function openSockets(pid: number): Promise<number> {
  // Deno gives no test leave to read /proc.
  const script = `ls -l /proc/${pid}/fd | grep -c socket:`;
  const { stdout } = await new Deno.Command("bash", { args: ["-c", script], signal: timeLimit() })
    .output();
  return Number(new TextDecoder().decode(stdout));
}

/** The fewest of some counts: a look at the upstream has a socket for a moment, again and again. */
async function fewestSockets(pid: number): Promise<number> {
  const counts = [];
  while (counts.length < 10) counts.push(await openSockets(pid));
  return Math.min(...counts);
}

Deno.test(`chaos: every place is there again, the totals add up, and no socket is left open (${SEEDED})`, async () => {
  const port = freePort();
  const [poolgate, address] = await Conversation.listening([
    ...["--upstream", `127.0.0.1:${port}`, "--reject-as", "http"],
    ...["--max-connections", String(PLACES), "--backlog-size", String(BACKLOG)],
    ...["--queue-timeout", "300ms", "--connect-timeout", "200ms", "--idle-timeout", "500ms"],
  ]);
  const socketsBefore = await fewestSockets(poolgate.pid);
  let resets = 0;
  for (let round = 0; round < ROUNDS; round++) {
    resets += await stormRound(address, port, 1 + round * VISITS_A_ROUND);
    await until("nobody is there any more", async () => {
      const { active, queued } = await poolgate.stats();
      return active === 0 && queued === 0;
    });
    // Those that were turned away have a second to end; then there is the listener, and no one
    // else.
    await until(
      "each socket is closed",
      async () => await openSockets(poolgate.pid) === socketsBefore,
    );
  }
  const totals = await poolgate.stats();
  const { connected_total, queued_total, rejected_total, disconnected_total } = totals;
  const missing = VISITS_A_ROUND * ROUNDS - connected_total - queued_total - rejected_total;
  assert(missing >= 0 && missing <= resets, `${missing} were not let in, queued or rejected`);
  assertEquals(connected_total + queued_total, disconnected_total, "all that were in have left");
  assert(queued_total > 0 && rejected_total > 0, "it was no storm");

  await using service = new Service(undefined, port);
  const clients: Client[] = [];
  await until("the upstream is found again", async () => {
    const client = await Client.to(address);
    await client.say("x");
    const buffer = new Uint8Array(3);
    await Promise.race([client.socket.read(buffer), pause(1000)]);
    client.close();
    return new TextDecoder().decode(buffer) === "<x>";
  });
  for (let i = 0; i < PLACES; i++) clients.push(await Client.to(address));
  await until("every place is taken, and joined", async () => {
    // Whoever is silent is closed after a while.
    for (const client of clients) await client.say("x");
    return service.open === PLACES;
  });
  for (const client of clients) client.close();
  poolgate.signal("SIGTERM");
  assertEquals(await poolgate.exit(), 0);
});
