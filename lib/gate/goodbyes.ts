/**
 * How long clients that are out of the pool may take to hear why, and to go: each by time, and all
 * together by number. Knows nothing of what is said.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import { type Timeout, Timeouts } from "../io/timeouts.ts";

/**
 * How long a client that has been told may take to end, in milliseconds: in silence, and in all,
 * where it still sends. What it sends is dropped, so that what it was told is not lost with it.
 */
export const LINGER_SILENCE_MS = 1000;
export const LINGER_MS = 30_000;

/** How many such clients there may be at once; one more, and the longest silent is closed. */
export const MAX_LINGERING = 1000;

/**
 * How long it may take to tell a client, in milliseconds: most is for those that have to speak
 * before they can be told.
 */
export const LISTEN_MS = 2000;

/** How many may be on their way to be told, and how many that are answered until they go. */
export const MAX_LISTENING = 5000;
export const MAX_ANSWERING = 1000;

/** Closes a connection, whatever goes on there; again, does nothing. */
export interface Closable {
  close(): void;
}

/** How a client is listened to: until it is told, or until it goes. */
export type Listening = "until told" | "until it goes";

/** The goodbyes of a gate. */
export class Goodbyes {
  #listens: Timeouts<Goodbye>;
  #lingers: Timeouts<Goodbye>;
  #silences: Timeouts<Goodbye>;
  #lingering = 0;
  #counts: Record<Listening, number> = { "until told": 0, "until it goes": 0 };

  #cutShort: () => void;

  /** @param cutShort Told of each that was not answered until it goes, since too many were. */
  constructor(clock: Clock, cutShort: () => void) {
    this.#cutShort = cutShort;
    this.#listens = new Timeouts(clock, LISTEN_MS, (goodbye) => goodbye.late());
    this.#lingers = new Timeouts(clock, LINGER_MS, (goodbye) => goodbye.close());
    this.#silences = new Timeouts(clock, LINGER_SILENCE_MS, (goodbye) => goodbye.close());
  }

  /** Begins a goodbye, whose time is not bounded yet. */
  begin(side: Closable): Goodbye {
    return new Goodbye(this, side);
  }

  /** @returns Its time, or `undefined` where there are too many. */
  listen(goodbye: Goodbye, kind: Listening): Timeout<Goodbye> | undefined {
    const most = kind === "until told" ? MAX_LISTENING : MAX_ANSWERING;
    if (this.#counts[kind] === most) {
      if (kind === "until it goes") this.#cutShort();
      return undefined;
    }
    this.#counts[kind]++;
    return this.#listens.begin(goodbye);
  }

  endListening(timeout: Timeout<Goodbye>, kind: Listening): void {
    this.#counts[kind]--;
    this.#listens.end(timeout);
  }

  linger(goodbye: Goodbye): [linger: Timeout<Goodbye>, silence: Timeout<Goodbye>] {
    if (this.#lingering === MAX_LINGERING) this.#silences.first?.close();
    this.#lingering++;
    return [this.#lingers.begin(goodbye), this.#silences.begin(goodbye)];
  }

  extend(silence: Timeout<Goodbye>): void {
    this.#silences.extend(silence);
  }

  endLingering(linger: Timeout<Goodbye>, silence: Timeout<Goodbye>): void {
    this.#lingering--;
    this.#lingers.end(linger);
    this.#silences.end(silence);
  }
}

/** The goodbye of one client: it may be listened to at first, then it lingers. */
export class Goodbye {
  #all: Goodbyes;
  #side: Closable;
  #listening: { timeout: Timeout<Goodbye>; kind: Listening; late: () => void } | undefined;
  #lingering: [linger: Timeout<Goodbye>, silence: Timeout<Goodbye>] | undefined;
  #ended = false;

  constructor(all: Goodbyes, side: Closable) {
    this.#all = all;
    this.#side = side;
  }

  /**
   * Gives the client {@linkcode LISTEN_MS} to speak.
   *
   * @param late Called when the time is over, and it has not been {@linkcode told}.
   * @returns Whether it is listened to: not where too many are.
   */
  listen(kind: Listening, late: () => void): boolean {
    const timeout = this.#all.listen(this, kind);
    if (timeout !== undefined) this.#listening = { timeout, kind, late };
    return timeout !== undefined;
  }

  /** All is said, and sent: the client lingers until it ends, or is closed. Again, does nothing. */
  told(): void {
    this.#listenNoMore();
    if (!this.#ended) this.#lingering ??= this.#all.linger(this);
  }

  /** Bounds the time until it is told, unless that is so already. */
  bound(): void {
    if (this.#listening !== undefined || this.#lingering !== undefined) return;
    if (!this.listen("until told", () => {})) this.told();
  }

  /** The client has said something. */
  heard(): void {
    if (this.#lingering !== undefined) this.#all.extend(this.#lingering[1]);
  }

  /** The time to listen is over. */
  late(): void {
    const late = this.#listening?.late;
    this.told();
    late?.();
  }

  /** Ends it, and closes the connection. */
  close(): void {
    this.end();
    this.#side.close();
  }

  /** It is over: no time runs any more. */
  end(): void {
    this.#ended = true;
    this.#listenNoMore();
    if (this.#lingering === undefined) return;
    this.#all.endLingering(...this.#lingering);
    this.#lingering = undefined;
  }

  #listenNoMore(): void {
    if (this.#listening === undefined) return;
    const { timeout, kind } = this.#listening;
    this.#listening = undefined;
    this.#all.endListening(timeout, kind);
  }
}
