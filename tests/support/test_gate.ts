/**
 * A gate with real sockets and a clock that the test moves.
 *
 * @module
 */

import { noteFault } from "../../lib/gate/fault.ts";
import type { Upstream } from "../../lib/gate/upstream.ts";
import type { Gate } from "../../lib/gate/gate.ts";
import type { GateOptions } from "../../lib/gate/gate_options.ts";
import type { Address } from "../../lib/io/address.ts";
import { asker, dialer, listen } from "../../lib/io/network.ts";
import type { Fields, Note } from "../../lib/io/log.ts";
import { Node } from "../../lib/protocol/node.ts";
import { loadProtocols, type Protocols } from "../../lib/gate/load_protocols.ts";
import { openGate } from "../../lib/gate/open_gate.ts";
import type { Dial, Listener } from "../../lib/io/socket.ts";
import type { Limits } from "../../lib/pool/limits.ts";
import { whenKnown } from "../../lib/pool/later.ts";
import type { Disconnected, Pool, Stats } from "../../lib/pool/pool.ts";
import { FakeClock } from "./fake_clock.ts";
import { IN_MEMORY, type PoolKind, quiet } from "./pools.ts";
import { Client, until } from "./sockets.ts";

/** What a test sets; all else is as by default. */
export type Settings = Partial<GateOptions> & Partial<Limits> & {
  /** What connections are joined to, where that is one. */
  upstream?: Address | undefined;
  kind?: PoolKind;
  /** The way to the upstream, where it is not the usual one. */
  dial?: Dial;
  /** Whether the upstream is checked, where its service is known. */
  checks?: boolean;
};

/** A free port on loopback. */
export const ANY_PORT = { transport: "tcp", hostname: "127.0.0.1", port: 0 } as const;

/** An upstream that only the test's dial reaches. */
const NOWHERE: Address = { transport: "unix", path: "/nowhere" };

/** A gate that runs until the test disposes of it. */
export class TestGate implements AsyncDisposable {
  clock = new FakeClock(1_000_000);
  notes: string[] = [];
  /** What the notes say to programs, of those that do. */
  events: Fields[] = [];
  pool: Pool;
  node: Node;
  address: string;
  gate: Gate;
  upstreams: readonly Upstream[];
  running: Promise<void>;
  /** How many have come so far, and know what that came to. */
  arrived = 0;
  #clients: Client[] = [];

  /**
   * @param dial The way to each upstream, where that of the settings is not to be taken.
   * @param protocols What the settings name.
   */
  constructor(
    listener: Listener,
    settings: Settings,
    nodeName?: string,
    dial?: Dial,
    protocols: Protocols = { service: undefined, rejection: undefined },
  ) {
    const {
      maxConnections = 1,
      backlogSize = 5,
      kind = IN_MEMORY,
      checks = false,
      upstream,
      upstreams = upstream !== undefined ? [upstream] : dial !== undefined ? [NOWHERE] : [],
      ...options
    } = settings;
    const now = () => this.clock.now();
    const note: Note = (level, text, fields) => {
      this.notes.push(`${level}: ${text}`);
      if (fields !== undefined) this.events.push(fields);
    };
    this.pool = kind.make(
      { maxConnections, backlogSize },
      (error) => noteFault(note, error, "telling of a client"),
      this.clock,
    );
    this.pool.observe({
      changed: (_, from) => {
        if (from === "asking") this.arrived++;
      },
    });
    this.node = new Node(this.pool, now, nodeName);
    this.address = listener.address;
    const open = openGate({
      listener,
      reaches: upstreams.map((address) => ({
        address,
        dial: dial ?? dialer(address),
        ask: checks ? asker(address) : undefined,
      })),
      clock: this.clock,
      pool: this.pool,
      now,
      node: this.node,
      note,
      protocols,
      options: {
        listen: ANY_PORT,
        reusePort: false,
        upstreams,
        upstreamOrder: "least",
        service: undefined,
        check: { intervalMs: 2000, fall: 3, rise: 2, path: "/", status: undefined },
        queueTimeoutMs: 0,
        connectTimeoutMs: 10_000,
        idleTimeoutMs: 0,
        upstreamLingerMs: 30_000,
        drainTimeoutMs: 0,
        drainQueue: "wait",
        rejectAs: upstreams.length === 0 ? "line" : "close",
        maxLifetimeMs: 0,
        maxPerSource: undefined,
        maxWaitingPerSource: undefined,
        sourcePrefixV6: 64,
        proxyProtocol: undefined,
        logConnections: false,
        ...options,
      },
    });
    this.gate = open.gate;
    this.upstreams = open.upstreams;
    this.running = this.gate.run();
  }

  static async open(settings: Settings = {}, nodeName = "gate"): Promise<TestGate> {
    const listener = await listen(settings.listen ?? ANY_PORT);
    const { service, rejectAs = "close" } = settings;
    const protocols = await loadProtocols({ service, rejectAs });
    return new TestGate(listener, settings, nodeName, settings.dial, protocols);
  }

  /** A new connection to the gate. */
  async client(): Promise<Client> {
    const client = await Client.to(this.address);
    this.#clients.push(client);
    return client;
  }

  /** New connections, each known to the pool, and told, before the next one comes. */
  async clients(count: number): Promise<Client[]> {
    const clients: Client[] = [];
    for (let i = 0; i < count; i++) {
      const { arrived } = this;
      clients.push(await this.client());
      await until("the connection has arrived", () => this.arrived > arrived);
    }
    return clients;
  }

  get stats(): Stats {
    return this.pool.stats();
  }

  /** Waits until so many have a place, and so many wait for one, and these know. */
  async counts(active: number, queued: number): Promise<void> {
    await until(`there are ${active} active and ${queued} queued`, () => {
      const { stats, pool: { own } } = this;
      return [stats, own].every((count) => count.active === active && count.queued === queued);
    });
  }

  /** Sets the limits, as a request would. */
  configure(limits: Limits): void {
    this.pool.configure(limits, this.clock.now());
  }

  /** Takes out a client, as a request would, and waits for what that did. */
  async disconnect(id: string): Promise<Disconnected | undefined> {
    const done = this.pool.disconnect(id, this.clock.now());
    if (done === undefined) return undefined;
    return await new Promise((resolve) => whenKnown(done, resolve));
  }

  /** Waits until all that the pool has to say has been said. */
  async quiet(): Promise<void> {
    await quiet(this.pool);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.gate.drain();
    for (const client of this.#clients) {
      try {
        client.close();
      } catch {
        // The test has closed it.
      }
    }
    await this.running;
    await this.quiet();
  }
}
