/**
 * The way to one upstream: opened for those who are sent there, tried again while that fails. It
 * knows whether the upstream is down, and tells; who is let in meanwhile, and who goes elsewhere,
 * is for others to say, and, where the upstream is checked, when it is up again.
 *
 * @module
 */

import { type Clock, delay } from "../io/clock.ts";
import { type Dial, LocalShortage, NoAnswer, type Probe, type Socket } from "../io/socket.ts";
import type { HeaderLog } from "./header_log.ts";
import type { Looks } from "./looks.ts";

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

/** How long until it is seen again whether there is room for a look, in milliseconds. */
export const ROOM_RETRY_MS = 20;

/** A shortage is over when no dial has failed for one for so long, in milliseconds. */
const SHORTAGE_CALM_MS = 10_000;

/** How long the first look may take whether the upstream is there, in milliseconds. */
const FIRST_LOOK_MS = 1500;

/** An upstream that was started together with poolgate may be so much later, in milliseconds. */
const STARTING_MS = 500;

/** Why one is down that did not answer in time. */
export const NO_ANSWER = "no answer within the connect timeout";

/** What an {@linkcode Upstream} works with. */
export interface UpstreamParts {
  /** Where it is, as text. */
  address: string;
  dial: Dial;
  clock: Clock;
  /** How long one who has a place waits for a connection, in milliseconds; 0 is for ever. */
  connectTimeoutMs: number;
  /**
   * Whether it is checked, so that a connection alone does not say that it is up: then others say
   * {@linkcode Upstream.rise}.
   */
  checked: boolean;
  /** Told how it takes the header, where it gets one. */
  headerLog?: HeaderLog | undefined;
  /** Called when the upstream has ended a connection that is its client's to end. */
  onSuspicion?: () => void;
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

/** One who wants a connection. */
export interface Wish {
  /** Whether it was taken back. */
  readonly givenUp: boolean;
  /** Whether a dial for it is under way. */
  dialing: boolean;
  /** How many dials for it there have been; what comes of any but the last is not for it. */
  dials: number;
  /** Called when it has no connection at once. */
  wait(): void;
  /** Counts it as a connection of an upstream, and of no other. */
  goTo(upstream: Upstream): void;
  /** Ends it. A connection that comes for one that is over is closed. */
  settle(socket: Socket | undefined): void;
}

/** All who want a connection, wherever they go for it. */
export interface Wishes {
  /** The first of those who found nobody going anywhere, and for whom nobody dials. */
  readonly first: Wish | undefined;
  /** Sends one elsewhere, or has it wait until somebody goes anywhere. */
  send(wish: Wish): void;
  /** One has its connection: it waits no more. */
  met(wish: Wish): void;
  /** Sends those who wait, as far as there is anywhere to go. */
  sendAll(): void;
}

/** Opens connections to one upstream. */
export class Upstream {
  /** Where it is, as text. */
  readonly address: string;
  /** How many connections it has, those included for which it is dialled. */
  connections = 0;
  #parts: UpstreamParts;
  #wishes: Wishes;
  #looks: Looks;
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
  /** Resolved when it is known whether it is up, where somebody waits for that. */
  #knowing: PromiseWithResolvers<void> | undefined;
  /** Whether it has shown that it is there since this was last asked. */
  #news = false;
  #retryMs = FIRST_RETRY_MS;
  #cancelRetry: (() => void) | undefined;

  /**
   * @param wishes Who wants a connection to any upstream.
   * @param looks Where it asks for room to see whether it is back.
   */
  constructor(parts: UpstreamParts, wishes: Wishes, looks: Looks) {
    this.address = parts.address;
    this.#parts = parts;
    this.#wishes = wishes;
    this.#looks = looks;
  }

  /** Whether it is checked: then a connection alone does not say that it is up. */
  get checked(): boolean {
    return this.#parts.checked;
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

  /** Resolves when it is known whether it is up: at once, where it is. */
  known(): Promise<void> {
    if (!this.#held || this.#down !== undefined) return Promise.resolve();
    this.#knowing ??= Promise.withResolvers();
    return this.#knowing.promise;
  }

  #know(): void {
    this.#knowing?.resolve();
    this.#knowing = undefined;
  }

  /** Something has come from it. */
  heard(): void {
    this.#news = true;
    this.#parts.headerLog?.answered();
  }

  /** It has ended a connection before its client did, and said nothing. */
  endedSilently(): void {
    this.#parts.headerLog?.endedSilently();
  }

  /** It has ended a connection that is its client's to end. */
  suspect(): void {
    this.#parts.onSuspicion?.();
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
   * {@linkcode take}, and waited for: so this look is no connection beside others.
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
      await delay(clock, FIRST_RETRY_MS);
    }
  }

  /** Opens a connection for one who was sent here. */
  take(wish: Wish): void {
    wish.goTo(this);
    if (this.#short.size > 0) this.#waitForWant(wish);
    else this.#try(wish);
  }

  /** One who was sent here goes elsewhere, or wants nothing any more. */
  forget(wish: Wish): void {
    this.#short.delete(wish);
  }

  /**
   * Dials for one who may take its wish back, or be sent elsewhere, meanwhile.
   *
   * @returns The connection; `undefined` where the dial was not for this one any more: what has
   *   come is closed, and a failure may be one long past.
   */
  async #dialFor(wish: Wish, timeoutMs?: number): Promise<Socket | undefined> {
    const dial = ++wish.dials;
    wish.dialing = true;
    try {
      const socket = await this.#parts.dial(timeoutMs);
      if (wish.dials === dial) {
        wish.dialing = false;
        return socket;
      }
      socket.close();
      this.#connected();
    } catch (error) {
      if (wish.dials === dial) {
        wish.dialing = false;
        if (!wish.givenUp) throw error;
        wish.settle(undefined);
      }
    }
    return undefined;
  }

  /** Gives one its connection who may have waited. */
  #give(wish: Wish, socket: Socket): void {
    this.#short.delete(wish);
    this.#wishes.met(wish);
    wish.goTo(this);
    wish.settle(socket);
  }

  #try(wish: Wish): void {
    this.#dialFor(wish).then(
      (socket) => {
        if (socket === undefined) return;
        if (this.#held && this.#parts.checked) {
          socket.close();
          return this.#wishes.send(wish);
        }
        wish.settle(socket);
        this.#connected();
      },
      (error: Error) => {
        if (error instanceof LocalShortage) return this.#runShort(wish, error);
        this.fall(error.message);
        this.#wishes.send(wish);
      },
    );
  }

  #waitForWant(wish: Wish): void {
    this.#short.add(wish);
    wish.wait();
  }

  /** Takes a shortage for what it is: no news of the upstream. */
  #runShort(wish: Wish, shortage: LocalShortage): void {
    this.#noteShortage(shortage);
    if (this.#held) return this.#wishes.send(wish);
    this.#waitForWant(wish);
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
        if (socket !== undefined) {
          this.#give(first, socket);
          this.#connected();
        }
        this.#tryShort();
      },
      (error: Error) => {
        if (error instanceof LocalShortage) {
          this.#noteShortage(error);
          this.#tryShortLater();
        } else {
          this.#tryingShort = false;
          this.fall(error.message);
        }
        // It may be among those who wait meanwhile.
        this.#wishes.sendAll();
      },
    );
  }

  /** A dial that fails where nobody answers in the connect timeout: others wait behind it. */
  #dialInTime(wish: Wish): Promise<Socket | undefined> {
    const { clock, connectTimeoutMs } = this.#parts;
    const { promise, resolve, reject } = Promise.withResolvers<Socket | undefined>();
    let late = false;
    const expire = () => {
      late = true;
      reject(new Error(NO_ANSWER));
    };
    const cancel = connectTimeoutMs === 0 ? () => {} : clock.after(connectTimeoutMs, expire);
    this.#dialFor(wish)
      .then((socket) => late ? socket?.close() : resolve(socket), reject)
      .finally(cancel);
    return promise;
  }

  /** From now on nobody goes there, until {@linkcode rise}. */
  hold(): void {
    if (this.#held) return;
    this.#held = true;
    for (const wish of [...this.#short]) this.#wishes.send(wish);
    this.#short.clear();
    this.#parts.onHold();
  }

  /** It is down, as somebody has found. Nobody goes there until it is up again. */
  fall(reason: string): void {
    const fallen = this.#down === undefined;
    this.#down = reason;
    if (!fallen) return;
    this.hold();
    this.#know();
    // Whom it has refused goes on.
    this.#wishes.sendAll();
    if (!this.#parts.checked) this.#retryLater();
    this.#parts.onDown(reason);
  }

  /** It is up, as somebody has found. */
  rise(): void {
    if (!this.#held) return;
    const risen = this.#down !== undefined;
    this.#held = false;
    this.#down = undefined;
    this.#know();
    this.#cancelRetry?.();
    this.#wishes.sendAll();
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
    this.#retryAfter(this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
  }

  #retryAfter(ms: number): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#parts.clock.after(ms, this.#retry);
  }

  /** Tries it again, as soon as there is room for that. */
  #retry = (): void => {
    this.#cancelRetry?.();
    if (!this.#held) return;
    if (!this.#looks.begin(this.#retry)) return this.#retryAfter(ROOM_RETRY_MS);
    this.#look();
  };

  /** Dials for the first that waits, or, where nobody does, only to see. */
  #look(): void {
    const { dial, connectTimeoutMs } = this.#parts;
    const { first } = this.#wishes;
    const again = () => {
      this.#looks.end();
      if (this.#held) this.#retryLater();
    };
    const dialled: Promise<Socket | undefined> = first === undefined
      ? dial(connectTimeoutMs)
      : this.#dialFor(first, connectTimeoutMs);
    dialled.then((socket) => {
      if (socket === undefined) return again();
      if (first === undefined) socket.close();
      else this.#give(first, socket);
      this.#looks.end();
      this.#connected();
    }, again);
  }
}
