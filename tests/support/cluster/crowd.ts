/**
 * Clients that come to several gates and go, all the time, and what became of each. Imports nothing
 * from lib/.
 *
 * @module
 */

import { WELCOME } from "./arbiter.ts";

/** How a visit ended. */
export type Outcome =
  /** It was let in, and left by itself. */
  | "served"
  /** It was let in, and was ended. */
  | "cut"
  /** It was ended while it waited. */
  | "turned away"
  /** Nobody listened. */
  | "refused"
  /** It hung up while it waited. */
  | "hung up";

/** One visit. Times in milliseconds. */
export interface Visit {
  id: string;
  gate: number;
  came: number;
  entered: number | undefined;
  left: number;
  outcome: Outcome;
}

/** How long a client keeps away from a gate that does not listen, or has turned it away. */
const AWAY_MS = 50;

/** What {@linkcode Crowd} is told. */
export interface CrowdOptions {
  /** Where the gates listen, `HOST:PORT` each; a gate that is started again changes its own. */
  gates: readonly { address: string }[];
  /** How many clients each gate has at a time. */
  each: number;
  /** How long a client stays, in milliseconds. */
  holdMs: () => number;
  /** After how long one hangs up that still waits, in milliseconds; left out, none does. */
  patienceMs?: () => number;
}

/** Clients that come and go until they are told to stop. */
export class Crowd {
  #options: CrowdOptions;
  #coming = true;
  #open = new Set<Deno.Conn>();
  #clients: Promise<void>[];
  #number = 0;
  /** All visits that are over. */
  readonly visits: Visit[] = [];

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#clients = options.gates.flatMap((_, gate) =>
      Array.from({ length: options.each }, () => this.#comeAndGo(gate))
    );
  }

  /** Has nobody come any more, ends all that are there, and waits until they have gone. */
  async stop(): Promise<void> {
    this.#coming = false;
    for (const socket of this.#open) this.#close(socket);
    await Promise.all(this.#clients);
  }

  /** How many visits ended so, since a moment. */
  count(outcome: Outcome, since = 0): number {
    return this.visits.filter((visit) => visit.outcome === outcome && visit.left >= since).length;
  }

  async #comeAndGo(gate: number): Promise<void> {
    while (this.#coming) {
      const visit = await this.#visit(gate);
      if (!this.#coming) return;
      this.visits.push(visit);
      if (visit.outcome === "refused" || visit.outcome === "turned away") await pause(AWAY_MS);
    }
  }

  async #visit(gate: number): Promise<Visit> {
    const id = `${gate}-${++this.#number}`;
    const came = performance.now();
    let entered: number | undefined;
    const over = (outcome: Outcome): Visit => ({
      ...{ id, gate, came, entered, left: performance.now(), outcome },
    });
    let socket: Deno.Conn;
    try {
      const [hostname = "", port] = this.#options.gates[gate]!.address.split(":");
      socket = await Deno.connect({ hostname, port: Number(port) });
    } catch {
      return over("refused");
    }
    this.#open.add(socket);
    let gaveUp = false;
    const patience = this.#options.patienceMs && setTimeout(() => {
      gaveUp = true;
      this.#close(socket);
    }, this.#options.patienceMs());
    let leave: ReturnType<typeof setTimeout> | undefined;
    try {
      await socket.write(new TextEncoder().encode(`${id}\n`));
      const buffer = new Uint8Array(64);
      const length = await socket.read(buffer);
      clearTimeout(patience);
      if (length === null || new TextDecoder().decode(buffer.subarray(0, length)) !== WELCOME) {
        return over("turned away");
      }
      entered = performance.now();
      let left = false;
      leave = setTimeout(() => {
        left = true;
        this.#close(socket);
      }, this.#options.holdMs());
      await socket.read(buffer).catch(() => null);
      return over(left ? "served" : "cut");
    } catch {
      return over(gaveUp ? "hung up" : "turned away");
    } finally {
      clearTimeout(patience);
      clearTimeout(leave);
      this.#close(socket);
    }
  }

  #close(socket: Deno.Conn): void {
    if (this.#open.delete(socket)) socket.close();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
