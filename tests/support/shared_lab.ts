/**
 * Gates that share a pool of a {@linkcode FakeServer}, all on one clock that the test moves.
 *
 * @module
 */

import type { CallName, Calls } from "../../lib/cluster/link.ts";
import { SharedPool, type SharedPoolParts } from "../../lib/cluster/shared_pool.ts";
import type { Client, Holder } from "../../lib/pool/client.ts";
import { FakeLink } from "./fake_link.ts";
import { FakeServer } from "./fake_server.ts";
import { raise } from "./raise.ts";
import { StepClock, StoppableClock } from "./step_clock.ts";

export const LEASE_MS = 10_000;

/** How long a message takes in each direction, in milliseconds. */
export const WAY_MS = 2;

/** What a test sets of a gate. */
export type GateSettings = Partial<SharedPoolParts> & {
  /** Whether it goes on before it is connected. */
  unconnected?: boolean;
};

/** A server and a clock. */
export class SharedLab {
  readonly clock = new StepClock();
  readonly server = new FakeServer(this.clock);

  constructor() {
    // What a new pool waits for is the subject of few tests.
    this.server.graceful = false;
  }

  /** Starts a gate, and waits until it may let clients in. */
  gate(name: string, settings: GateSettings = {}): LabGate {
    const gate = new LabGate(this, name, settings);
    if (!settings.unconnected) this.clock.advance(10 * WAY_MS);
    return gate;
  }

  /** Lets every message arrive. */
  settle(): void {
    this.clock.advance(10 * WAY_MS);
  }
}

/** One gate. */
export class LabGate {
  readonly link: FakeLink;
  readonly pool: SharedPool;
  readonly notes: string[] = [];
  /** What the holders were told, in order. */
  readonly heard: string[] = [];
  /** Its time, which can be stopped alone. */
  readonly clock: StoppableClock;

  constructor(lab: SharedLab, name: string, settings: GateSettings) {
    const { server } = lab;
    const clock = new StoppableClock(lab.clock);
    const defaults = { maxConnections: 1, backlogSize: 9 };
    this.clock = clock;
    this.link = new FakeLink(server, clock);
    this.link.delayMs = () => WAY_MS;
    const { unconnected: _, ...parts } = settings;
    this.pool = new SharedPool({
      link: this.link,
      clock,
      name,
      leaseMs: LEASE_MS,
      lost: "hold",
      limits: undefined,
      defaults,
      failed: raise,
      note: (level, text) => this.notes.push(`${level}: ${text}`),
      defer: (action) => clock.after(0, action),
      random: () => 0.5,
      ...parts,
    });
  }

  /** A client comes. */
  connect(id: string, holder: Partial<Holder> = {}): Client {
    const changed = (client: Client) => {
      const { state, reason } = client;
      this.heard.push(`${id} ${state}${reason === undefined ? "" : ` ${reason}`}`);
      holder.changed?.(client);
    };
    return this.pool.connect(id, { ...holder, changed }, this.clock.now());
  }

  /** A client goes. */
  leave(client: Client): void {
    this.pool.leave(client, this.clock.now());
  }

  /** The states of some clients. */
  states(...clients: Client[]): string {
    return clients.map(({ state }) => state).join(" ");
  }

  /** All calls of one kind that were made so far. */
  calls<N extends CallName>(name: N): Calls[N]["args"][] {
    return this.link.calls.filter((call) => call.name === name)
      .map(({ args }) => args as Calls[N]["args"]);
  }

  /** Has the next call of a kind meet something on its way. */
  spoil(name: CallName, fault: "lost" | "answer lost" | (() => void)): void {
    this.link.callFault = (called) => {
      if (called !== name) return undefined;
      this.link.callFault = () => undefined;
      if (typeof fault === "string") return fault;
      fault();
      return undefined;
    };
  }
}
