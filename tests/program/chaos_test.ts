/**
 * Clients and an upstream that behave as badly as they can, in an order that the seed decides, against the program from
 * outside. At the end every place must be there again. Imports nothing from lib/.
 */

import { assert, assertEquals } from "@std/assert";
import type { Socket } from "node:net";
import { Conversation } from "../support/program.ts";
import { type Behaviour, Service } from "../support/service.ts";
import { Client, freePort, resettable, until } from "../support/sockets.ts";

const PLACES = 5;
const BACKLOG = 10;
const ROUNDS = 4;
const CLIENTS_A_ROUND = 150;
const MIB = 1024 * 1024;

/** What the memory may differ by, after a round and after the last: the garbage that happens to be there. */
const SLACK_BYTES = 32 * MIB;

const seed = Number(Deno.env.get("POOLGATE_TEST_SEED") ?? Math.floor(Math.random() * 2 ** 32));

/** Numbers from 0 to 1, the same for the same seed: Mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const chance = random(seed);

function pick<T>(choices: readonly T[]): T {
  return choices[Math.floor(chance() * choices.length)]!;
}

function pause(mostMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, chance() * mostMs));
}

/** An upstream that answers a request with much, or with nothing, and ends as it likes. */
const moody: Behaviour = async (socket) => {
  const buffer = new Uint8Array(1024);
  const mood = pick(["answer", "answer", "answer", "silent", "end", "vanish"]);
  if (mood === "vanish") return;
  while (await socket.read(buffer) !== null) {
    if (mood === "end") return await socket.closeWrite();
    if (mood === "answer") {
      const answer = new Uint8Array(300_000);
      for (let sent = 0; sent < answer.length;) sent += await socket.write(answer.subarray(sent));
    }
  }
  await socket.closeWrite();
};

/** How a client behaves once it is connected; each ends by itself. */
const habits: Record<string, (client: Client) => Promise<void>> = {
  async leavesAtOnce() {},
  async waitsAndLeaves() {
    await pause(100);
  },
  async speaksAndLeaves(client) {
    await client.say("hello");
    await pause(30);
  },
  async speaksAndListens(client) {
    await client.say("hello");
    await Promise.race([client.rest(), pause(200)]);
  },
  async halfCloses(client) {
    await client.say("hello");
    await (client.socket as Deno.TcpConn).closeWrite();
    await Promise.race([client.rest(), pause(200)]);
  },
  async readsSlowly(client) {
    await client.say("hello");
    const buffer = new Uint8Array(10_000);
    for (let i = 0; i < 10; i++) {
      if (await Promise.race([client.socket.read(buffer), pause(30)]) === null) return;
      await pause(10);
    }
  },
  async floods(client) {
    await Promise.race([client.say("x".repeat(2 * MIB)), pause(100)]);
  },
};

async function visit(address: string): Promise<void> {
  if (chance() < 0.2) return await visitAndReset(Number(address.split(":")[1]));
  const client = await Client.to(address);
  // A client whose connection is ended under its hands has been treated as it deserves.
  await pick(Object.values(habits))(client).catch(() => {});
  client.close();
}

/** How many connections may have been gone before they were accepted. */
let resets = 0;

async function visitAndReset(port: number): Promise<void> {
  resets++;
  const socket: Socket = resettable(port);
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write("hello");
  await pause(60);
  socket.resetAndDestroy();
}

async function residentBytes(pid: number): Promise<number> {
  // Deno gives no test leave to read /proc.
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "-p", `${pid}`] })
    .output();
  return Number(new TextDecoder().decode(stdout)) * 1024;
}

async function stormRound(address: string, port: number): Promise<void> {
  const visits: Promise<void>[] = [];
  for (let i = 0; i < CLIENTS_A_ROUND; i++) {
    visits.push(visit(address));
    await pause(6);
  }
  {
    await using _ = new Service(moody, port);
    for (let i = 0; i < CLIENTS_A_ROUND; i++) {
      visits.push(visit(address));
      await pause(6);
    }
  }
  await Promise.all(visits);
}

Deno.test(`chaos: every place is there again, the totals add up, and so does the memory (POOLGATE_TEST_SEED=${seed})`, async () => {
  const port = freePort();
  const [poolgate, address] = await Conversation.listening([
    ...["--upstream", `127.0.0.1:${port}`, "--reject-as", "http"],
    ...["--max-connections", String(PLACES), "--backlog-size", String(BACKLOG)],
    ...["--queue-timeout", "300ms", "--connect-timeout", "200ms", "--idle-timeout", "500ms"],
  ]);
  let resident = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    await stormRound(address, port);
    await until("nobody is there any more", async () => {
      const { active, queued } = await poolgate.stats();
      return active === 0 && queued === 0;
    });
    if (round === 1) resident = await residentBytes(poolgate.pid);
  }
  const totals = await poolgate.stats();
  const { connected_total, queued_total, rejected_total, disconnected_total } = totals;
  const missing = 2 * CLIENTS_A_ROUND * ROUNDS - connected_total - queued_total - rejected_total;
  assert(missing >= 0 && missing <= resets, `${missing} were not let in, queued or rejected`);
  assertEquals(connected_total + queued_total, disconnected_total, "all that were in have left");
  assert(queued_total > 0 && rejected_total > 0, "it was no storm");
  const growth = await residentBytes(poolgate.pid) - resident;
  assert(growth < SLACK_BYTES, `${Math.round(growth / MIB)} MiB more than after the first round`);

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
