/**
 * The way to the upstream: opened for whoever has a place, tried again while that fails. It knows
 * whether the upstream is down, and tells; who is let in meanwhile is for others to say, and, where
 * the upstream is checked, when it is up again.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import { type Dial, LocalShortage, NoAnswer, type Probe, type Socket } from "../io/socket.ts";
import { Timeouts } from "../io/timeouts.ts";

/**
 * How long after a failure the upstream is tried again, in milliseconds: from the first to the
 * most.
 */
export const FIRST_RETRY_MS = 100;
export const MAX_RETRY_MS = 1000;

/**
 * How long after a dial that failed for want of something of our own it is made again, in
 * milliseconds.
 */
const SHORTAGE_RETRY_MS = 50;

/** A shortage is over when no dial has failed for one for so long, in milliseconds. */
const SHORTAGE_CALM_MS = 10_000;

/** How long the first look may take whether the upstream is there, in milliseconds. */
const FIRST_LOOK_MS = 1500;

/** An upstream that was started together with poolgate may be so much later, in milliseconds. */
const STARTING_MS = 500;

const NO_ANSWER = "no answer within the connect timeout";

/**
 * How long a dial takes, in milliseconds, until it is worth while to see whether the client is
 * still there.
 */
const SLOW_DIAL_MS = 250;

/**
 * How long a wish that was taken back keeps waiting for its dial, in milliseconds: what that opens
 * is a connection at the upstream, which is to be ended before another one is opened in its place.
 */
const GIVE_UP_MS = 1000;

/** What an {@linkcode Upstream} works with. */
export interface UpstreamParts {
  dial: Dial;
  clock: Clock;
  /** How long one who has a place waits for a connection, in milliseconds; 0 is for ever. */
  connectTimeoutMs: number;
  /**
   * Whether it is checked, so that a connection alone does not say that it is up: then others say
   * {@linkcode Upstream.rise}.
   */
  checked: boolean;
  /** Called when nobody is to go to the upstream for now. */
  onHold: () => void;
  /** Called when that is over. */
  onRelease: () => void;
  /** Called when the upstream cannot be reached, and so far could. */
  onDown: (reason: string) => void;
  /** Called when the first look had no answer in its time, which is not to be down. */
  onSilent: (reason: string) => void;
  /** Called when it can be reached again. */
  onUp: () => void;
  /** Called when dials begin to fail for want of something of our own. */
  onShortage: (reason: string) => void;
}

/** One wish for a connection, made by {@linkcode Upstream.connect}. */
export interface Attempt {
  /**
   * The connection; `undefined` when there was none in time, or the wish was taken back. A dial
   * that is under way then may still bring one.
   */
  readonly socket: Promise<Socket | undefined>;
  /** Takes the wish back, if it has not been met. */
  giveUp(): void;
}

interface Wish {
  /** Called when this takes longer than usual. */
  onWait: () => void;
  /** Ends the wish. A connection that comes for one that has ended is closed. */
  settle: (socket: Socket | undefined) => void;
  settled: boolean;
  /** Whether a dial for it is under way. */
  dialing: boolean;
  /** Whether it was taken back. */
  givenUp: boolean;
  /** Whether a dial for it has failed. */
  waited: boolean;
  /** Whether `onWait` has been called. */
  told: boolean;
}

/** Opens connections to the upstream. */
export class Upstream {
  #parts: UpstreamParts;
  #timeouts: Timeouts<Wish>;
  #slow: Timeouts<Wish>;
  /** Those that found nobody going to the upstream, in order. */
  #waiting = new Set<Wish>();
  /** Those whose dial failed for want of something of our own, and those behind them, in order. */
  #short = new Set<Wish>();
  /** Whether a dial for these is under way, or set. */
  #tryingShort = false;
  #lacksDescriptors = false;
  /** When a dial failed last for want of something of our own. */
  #shortAt = -Infinity;
  /** Why it is down, while it is. */
  #down: string | undefined;
  #held = false;
  /** Whether it has shown that it is there since this was last asked. */
  #news = false;
  #retryMs = FIRST_RETRY_MS;
  #cancelRetry: (() => void) | undefined;

  constructor(parts: UpstreamParts) {
    this.#parts = parts;
    this.#timeouts = new Timeouts(
      parts.clock,
      parts.connectTimeoutMs,
      (wish) => this.#expire(wish),
    );
    this.#slow = new Timeouts(parts.clock, SLOW_DIAL_MS, (wish) => this.#tell(wish));
  }

  /** Whether it takes connections, as far as is known. */
  get up(): boolean {
    return this.#down === undefined;
  }

  /** Why it takes no connections, as far as is known; `undefined` where it does. */
  get down(): string | undefined {
    return this.#down;
  }

  /** Whether nobody goes there for now: it is down, or not known to be up. */
  get held(): boolean {
    return this.#held;
  }

  /** How many wait until somebody goes there again: they have no connection. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Something has come from it. */
  heard(): void {
    this.#news = true;
  }

  /** @returns Whether it has taken a connection, or said something, since this was last called. */
  takeNews(): boolean {
    const news = this.#news;
    this.#news = false;
    return news;
  }

  /**
   * Whether somebody waits for a file descriptor: until there is one, nobody else is to take any.
   */
  get lacksDescriptors(): boolean {
    return this.#lacksDescriptors && this.#short.size > 0;
  }

  /**
   * Sees whether the upstream is there, and tells where it is not. Called before any
   * {@linkcode connect}, and waited for: so this look is no connection beside others.
   *
   * @param probe Looks, for so many milliseconds at most.
   */
  async look(probe: Probe): Promise<void> {
    const { clock, connectTimeoutMs } = this.#parts;
    const begun = clock.now();
    for (;;) {
      // Whole, as a note tells them.
      const left = Math.ceil(FIRST_LOOK_MS - (clock.now() - begun));
      try {
        return await probe(Math.min(connectTimeoutMs || left, left));
      } catch (error) {
        if (error instanceof LocalShortage) return;
        const { message } = error as Error;
        // It may only be slow: a client's own dial has longer.
        if (error instanceof NoAnswer) return this.#parts.onSilent(message);
        if (clock.now() - begun >= STARTING_MS) return this.fall(message);
      }
      await new Promise<void>((resolve) => clock.after(FIRST_RETRY_MS, resolve));
    }
  }

  /**
   * Opens a connection; where that fails, tries again until the connect timeout.
   *
   * @param onWait Called when this takes longer than usual: the upstream is found down, or does not
   *   answer.
   */
  connect(onWait: () => void): Attempt {
    const { promise, resolve } = Promise.withResolvers<Socket | undefined>();
    const wish: Wish = {
      onWait,
      settled: false,
      dialing: false,
      givenUp: false,
      waited: false,
      told: false,
      settle: (socket) => {
        if (wish.settled) return socket?.close();
        wish.settled = true;
        this.#timeouts.end(timeout);
        this.#slow.end(slow);
        this.#waiting.delete(wish);
        this.#short.delete(wish);
        resolve(socket);
      },
    };
    const timeout = this.#timeouts.begin(wish);
    const slow = this.#slow.begin(wish);
    if (this.#held) this.#wait(wish, this.#waiting);
    else if (this.#short.size > 0) this.#wait(wish, this.#short);
    else this.#try(wish);
    return { socket: promise, giveUp: () => this.#giveUp(wish) };
  }

  #giveUp(wish: Wish): void {
    if (wish.settled) return;
    wish.givenUp = true;
    if (wish.dialing) this.#parts.clock.after(GIVE_UP_MS, () => wish.settle(undefined));
    else wish.settle(undefined);
  }

  /** Dials for one who may take its wish back meanwhile. */
  async #dialFor(wish: Wish, timeoutMs?: number): Promise<Socket> {
    wish.dialing = true;
    try {
      return await this.#parts.dial(timeoutMs);
    } catch (error) {
      wish.dialing = false;
      if (wish.givenUp) wish.settle(undefined);
      throw error;
    }
  }

  #try(wish: Wish): void {
    this.#dialFor(wish).then(
      (socket) => {
        if (this.#held && this.#parts.checked && !wish.settled) return this.#recall(wish, socket);
        wish.settle(socket);
        this.#connected();
      },
      (error: Error) => {
        // Whoever has stopped waiting may hear of a failure long past.
        if (wish.settled) return;
        if (error instanceof LocalShortage) return this.#runShort(wish, error);
        this.fall(error.message);
        this.#wait(wish, this.#waiting);
      },
    );
  }

  /** Closes a connection that came when nobody was to go to the upstream any more. */
  #recall(wish: Wish, socket: Socket): void {
    socket.close();
    wish.dialing = false;
    if (wish.givenUp) wish.settle(undefined);
    else this.#wait(wish, this.#waiting);
  }

  #wait(wish: Wish, among: Set<Wish>): void {
    wish.waited = true;
    among.add(wish);
    this.#tell(wish);
  }

  #tell(wish: Wish): void {
    if (wish.told) return;
    wish.told = true;
    // Not before connect has returned: whoever is told may want to give up at once.
    queueMicrotask(wish.onWait);
  }

  #expire(wish: Wish): void {
    wish.settle(undefined);
    // One that has waited may have had no time left for a dial of its own.
    if (!wish.waited) this.fall(NO_ANSWER);
  }

  /** Takes a shortage for what it is: no news of the upstream. */
  #runShort(wish: Wish, shortage: LocalShortage): void {
    this.#noteShortage(shortage);
    this.#wait(wish, this.#held ? this.#waiting : this.#short);
    if (this.#tryingShort) return;
    this.#tryingShort = true;
    this.#tryShortLater();
  }

  #noteShortage({ message, ofDescriptors }: LocalShortage): void {
    const now = this.#parts.clock.now();
    const calm = now - this.#shortAt;
    this.#shortAt = now;
    this.#lacksDescriptors = ofDescriptors;
    if (calm >= SHORTAGE_CALM_MS) this.#parts.onShortage(message);
  }

  #tryShortLater(): void {
    this.#parts.clock.after(SHORTAGE_RETRY_MS, () => this.#tryShort());
  }

  /** Dials for the first that ran short, and for the next when it has its connection. */
  #tryShort(): void {
    const [first] = this.#short;
    this.#tryingShort = first !== undefined;
    if (first === undefined) return;
    this.#dialInTime(first).then(
      (socket) => {
        first.settle(socket);
        this.#connected();
        this.#tryShort();
      },
      (error: Error) => {
        if (error instanceof LocalShortage) {
          this.#noteShortage(error);
          return this.#tryShortLater();
        }
        this.#tryingShort = false;
        this.fall(error.message);
      },
    );
  }

  /** A dial that fails where nobody answers in the connect timeout: others wait behind it. */
  #dialInTime(wish: Wish): Promise<Socket> {
    const { clock, connectTimeoutMs } = this.#parts;
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    let late = false;
    const expire = () => {
      late = true;
      reject(new Error(NO_ANSWER));
    };
    const cancel = connectTimeoutMs === 0 ? () => {} : clock.after(connectTimeoutMs, expire);
    this.#dialFor(wish)
      .then((socket) => late ? socket.close() : resolve(socket), reject)
      .finally(cancel);
    return promise;
  }

  /** From now on all wait, in order, until {@linkcode rise}. */
  hold(): void {
    if (this.#held) return;
    this.#held = true;
    for (const wish of this.#short) this.#waiting.add(wish);
    this.#short.clear();
    this.#parts.onHold();
  }

  /** It is down, as somebody has found. Nobody goes there until it is up again. */
  fall(reason: string): void {
    const fallen = this.#down === undefined;
    this.#down = reason;
    if (!fallen) return;
    this.hold();
    if (!this.#parts.checked) this.#retryLater();
    this.#parts.onDown(reason);
  }

  /** It is up, as somebody has found. */
  rise(): void {
    if (!this.#held) return;
    const risen = this.#down !== undefined;
    this.#held = false;
    this.#down = undefined;
    this.#cancelRetry?.();
    for (const wish of [...this.#waiting]) this.#try(wish);
    this.#waiting.clear();
    if (risen) this.#parts.onUp();
    this.#parts.onRelease();
  }

  /** It has taken a connection. */
  #connected(): void {
    this.#news = true;
    if (this.#parts.checked) return;
    if (!this.#held) this.#retryMs = FIRST_RETRY_MS;
    this.rise();
  }

  #retryLater(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#parts.clock.after(this.#retryMs, () => this.#retry());
    this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
  }

  /** Tries for the first that waits, or, where nobody does, only to see. */
  #retry(): void {
    const [first] = this.#waiting;
    const { dial, connectTimeoutMs } = this.#parts;
    const dialled = first === undefined
      ? dial(connectTimeoutMs)
      : this.#dialFor(first, connectTimeoutMs);
    dialled.then(
      (socket) => {
        if (first === undefined) socket.close();
        else first.settle(socket);
        this.#connected();
      },
      () => {
        if (this.#held) this.#retryLater();
      },
    );
  }
}
