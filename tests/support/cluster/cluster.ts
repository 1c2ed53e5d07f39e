/**
 * Several gates of one pool before one service, as real processes, each with a way of its own to a
 * real Redis. Imports nothing from lib/.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { commandLine, Conversation } from "../program.ts";
import { testWith } from "../servers.ts";
import { until } from "../sockets.ts";
import { Arbiter } from "./arbiter.ts";
import { Crowd, type CrowdOptions } from "./crowd.ts";
import { Cuttable } from "./cuttable.ts";
import { type Members, RedisServer, type Settings } from "./redis_server.ts";

/** The lease of the gates, in milliseconds: the shortest that there is. */
export const LEASE_MS = 3000;

/** How long nobody is let in to a pool that is new: half a lease. */
export const GRACE_MS = LEASE_MS / 2;

/**
 * What is granted to a machine that does other things meanwhile, in milliseconds: between what
 * happens, and that a test sees it.
 */
export const SLACK_MS = 1000;

/** A process that does not end by then is ended. */
const TIME_LIMIT_MS = 60_000;

/** Whether the long scenarios are run, too. */
const LONG = Deno.env.get("POOLGATE_TEST_CLUSTER") === "long";

/** What every test here needs. */
export const REDIS = ["redis-server", "redis-cli"] as const;

/** Registers a long scenario. Where it is passed over, its name says so. */
export function testLong(name: string, fn: () => Promise<void>): void {
  if (LONG) return testWith(REDIS, name, fn);
  const why = " (skipped: a long scenario, which deno task test:cluster runs)";
  Deno.test({ name: name + why, ignore: true, fn });
}

let pools = 0;

/** @returns The name of a pool that nobody has used: places of a gate that was killed last. */
export function freshPool(): string {
  return `test-${Deno.pid}-${++pools}`;
}

/** One gate, as a process that can be killed, stopped and started again. */
export class ClusterGate {
  #args: string[];
  #limitMs: number;
  #process: Conversation | undefined;
  #noting: Promise<void> = Promise.resolve();
  /** What it has written to stderr, in all its lives. */
  notes = "";
  /** Where it listens: `HOST:PORT`, or `unix:/path`. */
  address = "";

  constructor(args: string[], limitMs = TIME_LIMIT_MS) {
    this.#args = args;
    this.#limitMs = limitMs;
  }

  get pid(): number {
    return this.#running.pid;
  }

  get #running(): Conversation {
    if (this.#process === undefined) throw new Error("the gate does not run");
    return this.#process;
  }

  /** Whether it runs. */
  get runs(): boolean {
    return this.#process !== undefined;
  }

  /** Starts it, again where it was ended, and waits until it listens. */
  async start(): Promise<void> {
    const before = this.notes.length;
    const process = new Conversation(this.#spawn());
    this.#process = process;
    let over = false;
    this.#noting = this.#note(process).then(() => {
      over = true;
    });
    const said = () => this.notes.slice(before);
    const address = () => /listening at ([^ ,\n]+)/.exec(said())?.[1];
    await until("the gate listens", () => over || address() !== undefined);
    const found = address();
    if (found === undefined) {
      this.#process = undefined;
      await process.exit();
      throw new Error(`the gate ended: ${said()}`);
    }
    this.address = found;
  }

  #spawn(): Deno.ChildProcess {
    const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-env=POOLGATE_*"];
    const [program, args] = commandLine({ args: this.#args, permissions });
    const streams = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    const cwd = new URL("../../..", import.meta.url).pathname;
    const signal = AbortSignal.timeout(this.#limitMs);
    return new Deno.Command(program, { args, cwd, signal, ...streams }).spawn();
  }

  async #note(process: Conversation): Promise<void> {
    for (;;) {
      const notes = await process.note();
      if (notes === "") return;
      this.notes += notes;
    }
  }

  /** The figures of the pool, as this gate knows them. */
  stats(): ReturnType<Conversation["stats"]> {
    return this.#running.stats();
  }

  /** Waits until it notes something. */
  async noted(what: RegExp, since = 0): Promise<void> {
    await until(`a gate notes ${what}`, () => what.test(this.notes.slice(since)));
  }

  /** Sets the limits, of the whole pool. */
  async configure(maxConnections: number, backlogSize: number): Promise<void> {
    const limits = { max_connections: maxConnections, backlog_size: backlogSize };
    const message = { src: "c1", dest: "n1", body: { type: "pool_config", ...limits } };
    await this.#running.say(`${JSON.stringify(message)}\n`);
    const { type } = JSON.parse(await this.#running.hear()).body;
    if (type !== "pool_config_ok") throw new Error(`${type} instead of pool_config_ok`);
  }

  /** Kills it, as a crash does. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends it as an operator does, and waits until it has ended. */
  async drain(): Promise<number> {
    return await this.#end("SIGTERM");
  }

  /** Has it stand still. */
  freeze(): void {
    this.#running.signal("SIGSTOP");
  }

  /** Ends {@linkcode freeze}. */
  thaw(): void {
    this.#running.signal("SIGCONT");
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<number> {
    const process = this.#running;
    process.signal(signal);
    this.#process = undefined;
    const code = await process.exit();
    await this.#noting;
    return code;
  }
}

/** How a {@linkcode Cluster} is opened. */
export interface ClusterSettings {
  gates: number;
  places: number;
  backlog?: number;
  lost?: "hold" | "cut";
  /** Whether clients are told in the pool's messages, without a service behind the gates. */
  native?: boolean;
  /** More flags for each gate. */
  args?: string[];
  /** How long it runs at most, in milliseconds. */
  limitMs?: number;
  redis?: Settings;
  /** What keeps the pool: `redis-server` or `valkey-server`. */
  program?: string;
}

/** Gates of one pool, the Redis that keeps it, and the service that they stand before. */
export class Cluster implements AsyncDisposable {
  readonly pool: string;
  readonly redis: RedisServer;
  readonly arbiter: Arbiter;
  readonly gates: readonly ClusterGate[];
  /** The way of each gate to Redis, and to the service. */
  readonly ways: readonly Cuttable[];
  readonly upstreams: readonly Cuttable[];
  #crowd: Crowd | undefined;
  #before: Members = {};

  private constructor(
    pool: string,
    redis: RedisServer,
    arbiter: Arbiter,
    settings: ClusterSettings,
  ) {
    this.pool = pool;
    this.redis = redis;
    this.arbiter = arbiter;
    const each = Array.from({ length: settings.gates }, (_, at) => at);
    this.ways = each.map(() => new Cuttable(redis.port));
    this.upstreams = each.map(() => new Cuttable(arbiter.port));
    this.gates = each.map((at) => new ClusterGate(this.#args(at, settings), settings.limitMs));
  }

  #args(at: number, settings: ClusterSettings): string[] {
    const { places, backlog = 10_000, lost = "hold", native = false, args = [] } = settings;
    const upstream = native ? [] : ["--upstream", `127.0.0.1:${this.upstreams[at]!.port}`];
    return [
      ...["--cluster", `redis://127.0.0.1:${this.ways[at]!.port}`, "--cluster-pool", this.pool],
      ...["--cluster-gate", `gate-${at}`, "--cluster-lease", `${LEASE_MS}ms`],
      ...["--cluster-lost", lost, "--listen", "127.0.0.1:0"],
      ...upstream,
      ...["--max-connections", `${places}`, "--backlog-size", `${backlog}`, ...args],
    ];
  }

  /** Starts all, and waits until the pool lets clients in. */
  static async open(settings: ClusterSettings): Promise<Cluster> {
    const redis = await RedisServer.start(settings.redis, settings.program);
    const cluster = new Cluster(freshPool(), redis, new Arbiter(settings.places), settings);
    try {
      await Promise.all(cluster.gates.map((gate) => gate.start()));
      await cluster.enrolled(settings.gates);
      cluster.#before = await redis.members(cluster.pool);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Waits until so many gates are in the pool. */
  async enrolled(gates: number): Promise<void> {
    const leases = () => this.redis.ask("zcard", `{poolgate:${this.pool}}:leases`);
    await until(`${gates} gates are in the pool`, async () => await leases() === `${gates}`);
  }

  /** Has clients come to all gates, until {@linkcode settled}. */
  crowd(options: Omit<CrowdOptions, "gates">): Crowd {
    return this.#crowd = new Crowd({ gates: this.gates, ...options });
  }

  /** Waits until all places are taken, at the service itself. @returns When that was. */
  async full(places: number): Promise<number> {
    await until(`${places} are served`, () => this.arbiter.count >= places);
    return performance.now();
  }

  /**
   * Ends the crowd, and holds the pool to what must be true then: nobody has a place, nobody waits,
   * at any gate that runs, and Redis keeps no more than before.
   */
  async settled(): Promise<void> {
    await this.#crowd?.stop();
    await until("nobody is served", () => this.arbiter.count === 0);
    const running = this.gates.filter(({ runs }) => runs);
    for (const gate of running) {
      await until("the pool is empty", async () => {
        const { active, queued } = await gate.stats();
        return active === 0 && queued === 0;
      });
    }
    // A gate's place in the order of gates may outlast its queue, until somebody waits again.
    const most = { ...this.#before, ":heads": this.gates.length } as Members;
    let more: string[] = [];
    await until("Redis keeps no more than before", async () => {
      const after = await this.redis.members(this.pool);
      more = Object.keys(after).filter((kind) =>
        // How many fields a hash has says nothing: some are there only once they were needed.
        (kind.includes(":") && !/:g:/.test(kind)) && after[kind]! > (most[kind] ?? 0)
      );
      return more.length === 0;
    }).catch((error) => {
      throw new Error(`${error.message}: there is more in ${more}`);
    });
    const counts = await this.redis.ask("hmget", `{poolgate:${this.pool}}`, "a", "q");
    assertEquals(counts.split("\n"), ["0", "0"], "Redis' own counts of places and waiting");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#crowd?.stop();
    for (const gate of this.gates) if (gate.runs) await gate.kill();
    for (const way of [...this.ways, ...this.upstreams]) await way[Symbol.asyncDispose]();
    await this.arbiter[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
  }
}

/** Waits for some time, where time itself is what is tested. */
export function elapse(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
