/**
 * One or more upstreams under one limit: which of them takes the next connection, and who waits
 * while none does. What is known of each is its own affair.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import { Timeouts } from "../io/timeouts.ts";
import { ClientWish, type WishTimes } from "./client_wish.ts";
import type { UpstreamOrder } from "./gate_options.ts";
import { Looks } from "./looks.ts";
import { NO_ANSWER, Upstream, type UpstreamParts, type Wish, type Wishes } from "./upstream.ts";

/**
 * How long a dial takes, in milliseconds, until it is worth while to see whether the client is
 * still there.
 */
const SLOW_DIAL_MS = 250;

/** What is to be known of an upstream to choose one. */
export interface Candidate {
  /** Whether nobody goes there for now. */
  readonly held: boolean;
  /** How many connections it has. */
  readonly connections: number;
}

/**
 * Chooses which of some upstreams takes the next connection. Pure.
 *
 * @param turn Of several with equally few, the first from this one on is taken, and the list is
 *   taken for a circle.
 * @returns Its index; `undefined` where nobody is to go to any.
 */
export function choose(
  candidates: readonly Candidate[],
  order: UpstreamOrder,
  turn: number,
): number | undefined {
  if (order === "first") {
    const at = candidates.findIndex(({ held }) => !held);
    return at === -1 ? undefined : at;
  }
  let chosen: number | undefined;
  let fewest = Infinity;
  for (let i = 0; i < candidates.length; i++) {
    const at = (turn + i) % candidates.length;
    const candidate = candidates[at];
    if (candidate === undefined || candidate.held || candidate.connections >= fewest) continue;
    chosen = at;
    fewest = candidate.connections;
  }
  return chosen;
}

/** What each of several upstreams works with. */
export type MemberParts = Omit<
  UpstreamParts,
  "clock" | "connectTimeoutMs" | "onHold" | "onRelease"
>;

/** What {@linkcode Upstreams} work with. */
export interface UpstreamsParts {
  clock: Clock;
  /** How long one who has a place waits for a connection, in milliseconds; 0 is for ever. */
  connectTimeoutMs: number;
  order: UpstreamOrder;
  /** How many clients have a place, and how many may. */
  places: () => { active: number; maxConnections: number };
  /** One for each of them, in order. */
  members: readonly MemberParts[];
  /** Called when nobody is to go to any upstream for now. */
  onHold: () => void;
  /** Called when that is over. */
  onRelease: () => void;
}

/** One wish for a connection, made by {@linkcode Upstreams.connect}. */
export type Attempt = Pick<ClientWish, "socket" | "upstream" | "again" | "giveUp" | "end">;

/** Opens connections to the upstreams. */
export class Upstreams implements Wishes {
  /** All, in order. */
  readonly all: readonly Upstream[];
  /** Where there has to be room to see whether one is back. */
  readonly looks: Looks;
  #parts: UpstreamsParts;
  #times: WishTimes;
  /** The only one, where there is one only. */
  #only: Upstream | undefined;
  /** The next in turn of those with equally few connections. */
  #turn = 0;
  /** Those that found nobody going to any upstream, or no room beside looks, in order. */
  #waiting = new Set<ClientWish>();
  /** Those whose upstream has ended their connection, until it is known whether that is down. */
  #doubting = new Map<ClientWish, Upstream>();
  #held = false;

  constructor(parts: UpstreamsParts) {
    this.#parts = parts;
    const { clock, connectTimeoutMs, members, places } = parts;
    const onHold = () => this.#hold();
    const onRelease = () => this.#release();
    const several = members.length > 1;
    this.#times = {
      clock,
      whole: new Timeouts(clock, connectTimeoutMs, (wish) => this.#expire(wish)),
      usual: new Timeouts(clock, SLOW_DIAL_MS, (wish) => wish.takeLong()),
      share: several
        ? new Timeouts(clock, connectTimeoutMs / 2, (wish) => this.#passOver(wish))
        : undefined,
      onEnd: (wish) => this.#ended(wish),
      onAgain: (wish, left) => this.#doubt(wish, left),
    };
    this.looks = new Looks(() => {
      const { active, maxConnections } = places();
      return maxConnections - (active - this.#waiting.size - this.#doubting.size);
    }, () => this.sendAll());
    this.all = members.map((member) =>
      new Upstream({ ...member, clock, connectTimeoutMs, onHold, onRelease }, this, this.looks)
    );
    this.#only = several ? undefined : this.all[0];
  }

  /** Whether nobody goes to any of them for now. */
  get held(): boolean {
    return this.#held;
  }

  /** Whether any of them takes connections, as far as is known. */
  get up(): boolean {
    return this.all.some(({ up }) => up);
  }

  /**
   * Whether somebody waits for a file descriptor: until there is one, nobody else is to take any.
   */
  get lacksDescriptors(): boolean {
    return this.all.some(({ lacksDescriptors }) => lacksDescriptors);
  }

  get first(): Wish | undefined {
    if (!this.#held) return undefined;
    for (const wish of this.#waiting) if (!wish.dialing) return wish;
    return undefined;
  }

  /**
   * Opens a connection to one of them; where that fails, to another one, or again, until the
   * connect timeout.
   *
   * @param onWait Called when this takes longer than usual: all are found down, or do not answer.
   */
  connect(onWait: () => void): Attempt {
    const wish = new ClientWish(onWait, this.#times);
    this.send(wish);
    return wish;
  }

  send(wish: ClientWish): void {
    if (wish.settled) return;
    if (wish.givenUp) return wish.settle(undefined);
    if (this.#waiting.has(wish)) return this.sendAll();
    const upstream = this.looks.crowd(1) ? undefined : this.#next();
    if (upstream !== undefined) return upstream.take(wish);
    wish.leave();
    this.#waiting.add(wish);
    wish.wait();
  }

  sendAll(): void {
    this.#sendDoubting();
    this.#sendWaiting(0);
  }

  met(wish: ClientWish): void {
    this.#waiting.delete(wish);
  }

  /** @param leaving 1 where the connection of a client has just ended that still has its place. */
  #sendWaiting(leaving: 0 | 1): void {
    for (const wish of [...this.#waiting]) {
      const upstream = this.looks.crowd(leaving) ? undefined : this.#next();
      if (upstream === undefined) return;
      this.#waiting.delete(wish);
      wish.leave();
      upstream.take(wish);
    }
  }

  /** One has lost its connection, and has no other before it is known whether that is down. */
  #doubt(wish: ClientWish, left: Upstream): void {
    this.#ended(wish);
    this.#doubting.set(wish, left);
    this.#sendDoubting();
  }

  /** Sends those elsewhere whose upstream is down. Those of one that is up have had its answer. */
  #sendDoubting(): void {
    for (const [wish, { up, held }] of [...this.#doubting]) {
      if (up && held) continue;
      this.#doubting.delete(wish);
      if (up) wish.settle(undefined);
      else this.send(wish);
    }
  }

  /** The one that takes the next connection; `undefined` where nobody is to go to any. */
  #next(): Upstream | undefined {
    const only = this.#only;
    if (only !== undefined) return only.held ? undefined : only;
    const at = choose(this.all, this.#parts.order, this.#turn);
    if (at === undefined) return undefined;
    this.#turn = at + 1;
    return this.all[at];
  }

  #ended(wish: ClientWish): void {
    this.#waiting.delete(wish);
    this.#doubting.delete(wish);
    if (this.#waiting.size > 0) this.#sendWaiting(1);
    this.looks.offer();
  }

  #expire(wish: ClientWish): void {
    const { upstream, waited } = wish;
    wish.settle(undefined);
    // One that has waited may have had no time left for a dial of its own.
    if (!waited) upstream?.fall(NO_ANSWER);
  }

  /** Sends one elsewhere that has no answer, where there is anywhere to go. */
  #passOver(wish: ClientWish): void {
    const { upstream, dialing } = wish;
    if (upstream === undefined || !dialing) return;
    if (this.all.every((other) => other === upstream || other.held)) return;
    wish.leave();
    upstream.fall(NO_ANSWER);
    this.send(wish);
  }

  #hold(): void {
    if (this.#held || this.all.some(({ held }) => !held)) return;
    this.#held = true;
    this.#parts.onHold();
  }

  #release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#parts.onRelease();
  }
}
