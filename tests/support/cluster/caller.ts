/**
 * Calls to a real server as they are, one after the other: for tests of the scripts and of the way
 * to the server.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FENCED } from "../../../lib/cluster/link.ts";
import type {
  CallName,
  Calls,
  Claim,
  LinkConnection,
  Op,
  OpResult,
  Push,
  Server,
} from "../../../lib/cluster/link.ts";
import type { RedisAddress } from "../../../lib/cluster/cluster_options.ts";
import { redisLink } from "../../../lib/cluster/redis_link.ts";
import { poolKey } from "../../../lib/cluster/scripts.ts";
import type { Limits } from "../../../lib/pool/limits.ts";
import { until } from "../sockets.ts";
import type { RedisServer } from "./redis_server.ts";

/** A lease that no test outlasts, in milliseconds. */
export const LONG_LEASE_MS = 600_000;

/** The programs that keep a pool. */
export const SERVERS = ["redis-server", "valkey-server"];

/** What is told of a connection that is lost. */
export interface Lost {
  reason: string;
  fatal: boolean;
}

/** @returns Where a server on loopback is. */
export function addressOf(port: number, more: Partial<RedisAddress> = {}): RedisAddress {
  return {
    address: { transport: "tcp", hostname: "127.0.0.1", port },
    ...{ tls: false, username: undefined, password: undefined, database: 0 },
    ...more,
  };
}

/** A connection, and what is heard of it. */
export class Caller {
  readonly connection: LinkConnection;
  server: Server | undefined;
  /** How often, and why, it was lost. */
  lost: Lost[] = [];
  pushes: Push[] = [];
  #unanswered = new Set<(error: Error) => void>();

  /** @param openLimitMs As for {@linkcode redisLink}. */
  constructor(address: RedisAddress, pool: string, openLimitMs?: number) {
    this.connection = redisLink(address, pool, openLimitMs).connect({
      opened: (server) => this.server = server,
      pushed: (push) => this.pushes.push(push),
      lost: (reason, fatal) => {
        this.lost.push({ reason, fatal });
        for (const fail of this.#unanswered) fail(new Error(reason));
      },
    });
  }

  /** Opens one, and fails where that is not possible. */
  static async open(address: RedisAddress, pool: string): Promise<Caller> {
    const caller = new Caller(address, pool);
    await caller.settled();
    if (caller.server === undefined) throw new Error(caller.lost[0]?.reason);
    return caller;
  }

  /** Waits until it is open, or lost. */
  async settled(): Promise<void> {
    await until("it is open or lost", () => this.server !== undefined || this.lost.length > 0);
  }

  /** Fails where the connection is lost before the answer has come. */
  call<N extends CallName>(name: N, args: Calls[N]["args"]): Promise<Calls[N]["reply"]> {
    return new Promise((resolve, reject) => {
      this.#unanswered.add(reject);
      this.connection.call(name, args, (reply) => {
        this.#unanswered.delete(reject);
        resolve(reply);
      });
    });
  }
}

/** What is answered to a gate that is known. */
export type Known<N extends CallName> = Exclude<Calls[N]["reply"], typeof FENCED>;

/** A gate that says just what it is told to. */
export class RawGate {
  caller: Caller;
  number: number;
  batch = 0;

  private constructor(caller: Caller, number: number) {
    this.caller = caller;
    this.number = number;
  }

  /** @param how What is not as by default: a gate that has a long lease and adopts the limits. */
  static async attach(
    caller: Caller,
    how: Partial<Calls["attach"]["args"]> = {},
  ): Promise<RawGate> {
    const { gate } = await caller.call("attach", { ...attachment(caller), ...how });
    return new RawGate(caller, gate);
  }

  /** Attaches again, under its number. */
  async attachAgain(how: Partial<Calls["attach"]["args"]> = {}): Promise<Known<"attach">> {
    const args = { ...attachment(this.caller), gate: this.number, ...how };
    const reply = await this.caller.call("attach", args);
    if (!reply.known) this.batch = 0;
    this.number = reply.gate;
    return reply;
  }

  /** Has its promotions pushed, and the server look that it listens. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.caller.connection.listen(this.number, resolve));
    await this.call("renew", {});
  }

  /** Calls, and fails where the gate is not known. */
  async call<N extends Exclude<CallName, "attach">>(
    name: N,
    args: Omit<Calls[N]["args"], "gate">,
  ): Promise<Known<N>> {
    const reply = await this.ask(name, args);
    if (reply === FENCED) throw new Error(`${name} was answered ${FENCED}`);
    return reply as Known<N>;
  }

  /** Calls. */
  ask<N extends Exclude<CallName, "attach">>(
    name: N,
    args: Omit<Calls[N]["args"], "gate">,
  ): Promise<Calls[N]["reply"]> {
    return this.caller.call(name, { ...args, gate: this.number } as Calls[N]["args"]);
  }

  /** Sends the next batch. */
  apply(ops: readonly Op[], replay = false): Promise<Known<"apply">> {
    return this.call("apply", { batch: ++this.batch, answered: 0, replay, ops });
  }

  /** Sends one op. */
  async op(op: Op, replay = false): Promise<OpResult> {
    return (await this.apply([op], replay)).results[0]!;
  }
}

function attachment({ server }: Caller): Calls["attach"]["args"] {
  return {
    ...{ gate: undefined, name: "gate", runId: server?.runId ?? "", leaseMs: LONG_LEASE_MS },
    ...{ limits: undefined, anew: false },
  };
}

export function join(n: number): Op {
  return { kind: "join", n, uncounted: false };
}

/** A client as a gate registers it. */
export function claim(n: number): Claim {
  return { n, uncounted: false };
}

export function leave(n: number): Op {
  return { kind: "leave", n, uncounted: false };
}

/** Has two gates do all that gates do, and fails where either is refused any of it. */
export async function doEverything(redis: RedisServer, address: RedisAddress): Promise<void> {
  const pool = `test-${crypto.randomUUID()}`;
  const ask = (...words: string[]) => redis.ask("-n", `${address.database}`, ...words);
  const [caller, second] = [await Caller.open(address, pool), await Caller.open(address, pool)];
  const gate = await RawGate.attach(caller, { limits: { maxConnections: 1, backlogSize: 2 } });
  await gate.listen();
  const other = await RawGate.attach(second);
  await ask("hset", poolKey(pool), "hold", "1");
  await other.apply([join(1), join(2)], true);
  await gate.apply([join(1), join(2)]);
  await gate.call("pauseGate", { paused: true });
  await gate.call("pauseGate", { paused: false });
  await gate.call("configure", { limits: { maxConnections: 3 } });
  await gate.call("pausePool", { paused: true });
  await gate.call("pausePool", { paused: false });
  await gate.apply([leave(1)]);
  await other.listen();
  await other.call("configure", { limits: { maxConnections: 4 } });
  await until("the other is told", () => caller.pushes.length > 0);
  await gate.attachAgain({ runId: "another" });
  await gate.attachAgain({ anew: true });
  const waiting = [{ ...claim(4), ticket: 4 }];
  await gate.call("register", { held: [claim(3)], waiting, paused: false, done: true });
  await ask("zincrby", `${poolKey(pool)}:leases`, `${-LONG_LEASE_MS}`, `${other.number}`);
  const { reaped, gates } = await gate.call("renew", {});
  assertEquals([reaped.length, gates.length], [1, 1]);
  await gate.call("retire", {});
  assertEquals([caller.lost, second.lost], [[], []]);
  for (const { connection } of [caller, second]) connection.close();
}

/** A pool on a real server. */
export class TestPool implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly name: string;
  readonly callers: Caller[] = [];

  private constructor(redis: RedisServer, name: string) {
    this.redis = redis;
    this.name = name;
  }

  /** Makes a pool that lets clients in at once: the time in which a new one does not is over. */
  static async make(redis: RedisServer, limits: Limits): Promise<TestPool> {
    const pool = new TestPool(redis, `test-${crypto.randomUUID()}`);
    const caller = await pool.open();
    const gate = await RawGate.attach(caller, { leaseMs: 2, limits });
    await gate.call("retire", {});
    return pool;
  }

  async open(): Promise<Caller> {
    const caller = await Caller.open(addressOf(this.redis.port), this.name);
    this.callers.push(caller);
    return caller;
  }

  /** A gate with a connection of its own. */
  async gate(how: Partial<Calls["attach"]["args"]> = {}): Promise<RawGate> {
    return await RawGate.attach(await this.open(), how);
  }

  /** A gate that listens. */
  async listeningGate(how: Partial<Calls["attach"]["args"]> = {}): Promise<RawGate> {
    const gate = await this.gate(how);
    await gate.listen();
    return gate;
  }

  /** Has the server carry out a command on one of the pool's keys. */
  async ask(command: string, key = "", ...more: (string | number)[]): Promise<string> {
    return await this.redis.ask(command, `${poolKey(this.name)}${key}`, ...more.map(String));
  }

  /** Has so many milliseconds pass, as the server sees it. */
  async pass(ms: number): Promise<void> {
    const gates = (await this.ask("zrange", ":leases", 0, -1)).split("\n").filter(Boolean);
    for (const gate of gates) await this.ask("zincrby", ":leases", -ms, gate);
    for (const field of ["last", "hold"]) {
      const value = Number(await this.ask("hget", "", field));
      if (value > 0) await this.ask("hset", "", field, value - ms);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const { connection } of this.callers) connection.close();
    return Promise.resolve();
  }
}
