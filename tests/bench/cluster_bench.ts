/**
 * Measures what several gates have of one pool in a local Redis: `deno task bench:cluster [--rounds N] [SECTION]...`
 *
 * The sections are pairs, handover, memory, reap and churn; without any, all are run. Gates are bare: they send ops in
 * batches as the shared pool does, without connections of clients. Only churn has whole gates, before nginx. Ratios are
 * those within a round, so that a machine whose speed drifts does not decide; the median of the rounds is what counts.
 *
 * @module
 */

import { TextLineStream } from "@std/streams/text-line-stream";
import type { OpResult } from "../../lib/cluster/link.ts";
import { poolKey } from "../../lib/cluster/scripts.ts";
import { addressOf } from "../support/cluster/caller.ts";
import { RedisServer } from "../support/cluster/redis_server.ts";
import { Batcher } from "./batcher.ts";
import { column, compare, has, readArguments, report } from "./figures.ts";
import { Stage } from "./gate_programs.ts";
import { EACH_ANEW, load, settled, wrk } from "./load.ts";

const HERE = new URL(".", import.meta.url).pathname;
const SEMAPHORE = `${HERE}peers/redis_semaphore`;

const SECONDS = 2;
const PLACES = 1_000_000;
/** How many clients of each process come and go at once. */
const CLIENTS = 64;

const MILLION = 1_000_000;
/** How many wait while hand-overs are measured. */
const WAITING = { few: 1000, many: MILLION };
const HANDOVERS = 1000;

/** Longer than a stall, in milliseconds. */
const WATCHED_MS = 2000;

/** Of whole gates. In the first seconds a new pool lets nobody in, and the compiler is not done. */
const CHURN = { places: 32, connections: 64, warmUpSeconds: 9, seconds: 3 };

interface Settings {
  rounds: number;
  redis: RedisServer;
}

/** Programs that have clients come and go, each with the arguments of `cluster_driver.ts` but the first. */
type Command = (args: string[]) => Deno.Command;

function driver(kind: string): Command {
  return (args) =>
    new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--allow-net=127.0.0.1", `${HERE}cluster_driver.ts`, kind],
        ...args,
      ],
      ...{ stdin: "piped", stdout: "piped" },
    });
}

/** Installs the package in a folder, by the hashes of its lock file; `undefined` where that is not possible. */
async function installSemaphore(folder: string): Promise<Command | undefined> {
  for (const name of ["package.json", "package-lock.json", "pairs.mjs"]) {
    await Deno.copyFile(`${SEMAPHORE}/${name}`, `${folder}/${name}`);
  }
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  const { success } = await new Deno.Command("npm", { args, cwd: folder, stdout: "null" }).output();
  if (!success) console.log("  (redis-semaphore cannot be installed: it is skipped)");
  return success
    ? (args) =>
      new Deno.Command("node", {
        args: ["pairs.mjs", ...args],
        ...{ cwd: folder, stdin: "piped", stdout: "piped" },
      })
    : undefined;
}

/** @returns How many clients come and go each second, of several processes at once. */
async function pairsOf(command: Command, { redis }: Settings, processes: number): Promise<number> {
  const key = `bench-${crypto.randomUUID()}`;
  const words = [redis.port, key, PLACES, CLIENTS, SECONDS].map(String);
  const running = Array.from({ length: processes }, () => {
    const child = command(words).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
    return { child, lines, input: child.stdin.getWriter() };
  });
  for (const { lines } of running) await lines.read();
  await Promise.all(running.map(({ input }) => input.write(new TextEncoder().encode("\n"))));
  const rates = await Promise.all(running.map(async ({ lines }) => (await lines.read()).value));
  await Promise.all(running.map(({ child }) => child.status));
  return rates.reduce((sum, rate) => sum + Number(rate), 0);
}

async function pairs(settings: Settings): Promise<void> {
  const commands = new Map([["poolgate", driver("poolgate")], [
    "INCR and DECR",
    driver("counter"),
  ]]);
  const folder = await Deno.makeTempDir({ prefix: "poolgate-bench-" });
  try {
    if (await has("npm")) {
      const semaphore = await installSemaphore(folder);
      if (semaphore !== undefined) commands.set("redis-semaphore", semaphore);
    }
    for (const processes of [1, 4]) {
      console.log(`pairs: processes: ${processes}, ${CLIENTS} clients each join and leave at once`);
      const measure = (command: Command) => pairsOf(command, settings, processes);
      report("pairs each second", await compare(settings.rounds, commands, measure));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Two gates whose clients wait in turn: whoever has the place leaves, and joins again as the last. */
class Relay {
  #gates: [Batcher, Batcher];
  #clients = 0;
  /** Whose turn it is, and which client. */
  #holder: { gate: number; n: number };
  #told: ((n: number) => void) | undefined;

  private constructor(gates: [Batcher, Batcher]) {
    this.#gates = gates;
    this.#holder = { gate: 0, n: 0 };
  }

  static async open({ redis }: Settings, waiting: number): Promise<Relay> {
    const pool = `bench-${crypto.randomUUID()}`;
    const limits = { maxConnections: 1, backlogSize: 2 * MILLION };
    const open = () => Batcher.open(addressOf(redis.port), pool, limits);
    const relay = new Relay([await open(), await open()]);
    for (const gate of relay.#gates) {
      gate.pushed = ({ promoted }) => promoted.forEach((n) => relay.#told?.(n));
    }
    relay.#holder = { gate: 0, n: await relay.#join(0) };
    // As many take turns as are handed over; whoever else waits does so behind them.
    for (let count = 0; count < Math.min(waiting, HANDOVERS); count++) {
      await relay.#join(1 - count % 2);
    }
    const rest = Math.max(0, waiting - HANDOVERS);
    await Promise.all(Array.from({ length: rest }, () => relay.#join(1)));
    return relay;
  }

  /** @returns How long each of so many hand-overs took, from one gate to the other, in milliseconds. */
  async run(count: number): Promise<number[]> {
    const times: number[] = [];
    while (times.length < count) times.push(await this.#handOver());
    return times;
  }

  close(): void {
    for (const gate of this.#gates) gate.close();
  }

  async #handOver(): Promise<number> {
    const { gate, n } = this.#holder;
    const next = new Promise<number>((told) => this.#told = told);
    const from = performance.now();
    const left = new Promise<OpResult>((done) => this.#gates[gate]!.leave(n, done));
    this.#holder = { gate: 1 - gate, n: await next };
    const ms = performance.now() - from;
    await left;
    await this.#join(gate);
    return ms;
  }

  async #join(gate: number): Promise<number> {
    const n = ++this.#clients;
    await new Promise<OpResult>((done) => this.#gates[gate]!.join(n, done));
    return n;
  }
}

function percentile(times: number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

async function handover(settings: Settings): Promise<void> {
  console.log(`handover: a client leaves at one gate, until the next one's gate knows of it`);
  const relays = new Map<string, Relay>();
  for (const waiting of [WAITING.many, WAITING.few]) {
    relays.set(`${waiting} waiting`, await Relay.open(settings, waiting));
  }
  // Each round takes its share, since only so many take turns where many wait.
  const share = Math.floor(HANDOVERS / (settings.rounds + 1));
  for (const relay of relays.values()) await relay.run(share);
  const times = await compare(settings.rounds, relays, (relay) => relay.run(share));
  for (const part of [0.5, 0.99]) {
    const figures = [...times].map(([name, rounds]) =>
      [name, rounds.map((round) => percentile(round, part))] as const
    );
    report(`ms, p${part * 100}`, new Map(figures));
  }
  for (const [name, rounds] of times) {
    const all = rounds.flat();
    const [p50, p99] = [0.5, 0.99].map((part) => percentile(all, part).toFixed(3));
    console.log(`  ${name}, all rounds: p50 ${p50} ms, p99 ${p99} ms`);
  }
  for (const relay of relays.values()) relay.close();
}

async function usedMemory(redis: RedisServer): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.ask("info", "memory"))?.[1]);
}

/** A gate with a million waiting clients. */
async function fillGate({ redis }: Settings, pool: string): Promise<{ gate: Batcher; ms: number }> {
  const limits = { maxConnections: 0, backlogSize: 2 * MILLION };
  const gate = await Batcher.open(addressOf(redis.port), pool, limits);
  const from = performance.now();
  await new Promise<void>((all) => {
    let left = MILLION;
    for (let n = 1; n <= MILLION; n++) gate.join(n, () => --left === 0 && all());
  });
  return { gate, ms: performance.now() - from };
}

async function memory(settings: Settings): Promise<void> {
  console.log("memory: in Redis, each of a million waiting clients");
  const before = await usedMemory(settings.redis);
  const { gate, ms } = await fillGate(settings, `bench-${crypto.randomUUID()}`);
  const each = (await usedMemory(settings.redis) - before) / MILLION;
  console.log(`  ${each.toFixed(1)} bytes; ${Math.round(MILLION / ms * 1000)} joins a second`);
  gate.close();
}

/** Has a client come and go for a while, one time after the other; returns the longest time it took, in milliseconds. */
async function longestStall(gate: Batcher, first: number): Promise<number> {
  let longest = 0;
  const end = performance.now() + WATCHED_MS;
  for (let n = first; performance.now() < end; n++) {
    const from = performance.now();
    await new Promise<OpResult>((done) => gate.join(n, done));
    await new Promise<OpResult>((done) => gate.leave(n, done));
    longest = Math.max(longest, performance.now() - from);
  }
  return longest;
}

async function reap(settings: Settings): Promise<void> {
  console.log("reap: the longest that others wait, when a gate with a million waiting is reaped");
  const { redis, rounds } = settings;
  const stalls = { quiet: [] as number[], reaping: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const pool = `bench-${crypto.randomUUID()}`;
    const { gate } = await fillGate(settings, pool);
    const limits = { maxConnections: 0, backlogSize: 2 * MILLION };
    const other = await Batcher.open(addressOf(redis.port), pool, limits);
    await longestStall(other, 1);
    stalls.quiet.push(await longestStall(other, 1e7));
    const ended = redis.ask("zadd", `${poolKey(pool)}:leases`, "1", `${gate.number}`);
    const [longest] = await Promise.all([longestStall(other, 2e7), ended]);
    stalls.reaping.push(longest);
    const reply = await other.renew();
    if (reply === "fenced" || reply.gates.length !== 1) throw new Error("it was not reaped");
    gate.close();
    other.close();
  }
  report("ms", new Map([["while it is reaped", stalls.reaping], ["quiet", stalls.quiet]]));
}

/** @returns The CPU time that Redis has used, in microseconds. */
async function usedCpu(redis: RedisServer): Promise<number> {
  const info = await redis.ask("info", "cpu");
  const [, sys, user] = /used_cpu_sys:([\d.]+)\s+used_cpu_user:([\d.]+)/.exec(info) ?? [];
  return (Number(sys) + Number(user)) * 1e6;
}

/** A gate before nginx, with its pool in Redis and in memory. */
async function churn({ rounds, redis }: Settings): Promise<void> {
  const { places, connections, warmUpSeconds, seconds } = CHURN;
  console.log(`churn: ${connections} clients for ${places} places, a connection for each request`);
  if (!await has("nginx") || !await has("wrk")) return;
  const stage = new Stage();
  try {
    const server = await stage.nginx(1);
    const gates = new Map([
      ["pool in Redis", await stage.poolgate(server, places, { redisPort: redis.port })],
      ["pool in memory", await stage.poolgate(server, places)],
    ]);
    for (const gate of gates.values()) {
      await wrk(stage, gate, connections, warmUpSeconds, EACH_ANEW);
    }
    const work = { stage, server, connections, headers: EACH_ANEW };
    const figures = await compare(rounds, gates, async (gate) => {
      await settled(server);
      const before = await usedCpu(redis);
      const figure = await load(work, gate, seconds);
      return { ...figure, redis: (await usedCpu(redis) - before) / figure.requests };
    });
    report("connections each second", column(figures, ({ rate }) => rate));
    report("ms, 99th percentile", column(figures, ({ slowest }) => slowest));
    report("us of CPU each connection", column(figures, ({ cpu }) => cpu));
    const inRedis = column(figures, ({ redis }) => redis).get("pool in Redis") ?? [];
    report("us of CPU in Redis", new Map([["pool in Redis", inRedis]]));
  } finally {
    await stage.close();
  }
}

const SECTIONS = { pairs, handover, memory, reap, churn };

const { sections, counts } = readArguments(Object.keys(SECTIONS), { rounds: 5 });
if (await has("redis-server") && await has("redis-cli")) {
  await using redis = await RedisServer.start();
  for (const name of sections) {
    await SECTIONS[name as keyof typeof SECTIONS]({ rounds: counts.rounds, redis });
    await redis.ask("flushall");
  }
}
