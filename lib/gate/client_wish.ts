/**
 * One client's wish for a connection, from when it has a place until that connection has ended: at
 * which upstream it counts meanwhile, and how long it may take.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import type { Socket } from "../io/socket.ts";
import type { Timeout, Timeouts } from "../io/timeouts.ts";
import type { Upstream, Wish } from "./upstream.ts";

/**
 * How long a wish that was taken back keeps waiting for its dial, in milliseconds: what that opens
 * is a connection at the upstream, which is to be ended before another one is opened in its place.
 */
const GIVE_UP_MS = 1000;

/** The times of all wishes. */
export interface WishTimes {
  clock: Clock;
  /** How long each may wait for a connection. */
  whole: Timeouts<ClientWish>;
  /** How long a connection usually takes at the most. */
  usual: Timeouts<ClientWish>;
  /** How long one of several upstreams has to answer; `undefined` where there is one only. */
  share: Timeouts<ClientWish> | undefined;
  /** Called when the connection of one has ended, or it has none. */
  onEnd: (wish: ClientWish) => void;
  /** Called when its upstream has ended the connection of one that wishes for another. */
  onAgain: (wish: ClientWish, left: Upstream) => void;
}

/** The wish of one client. */
export class ClientWish implements Wish {
  /**
   * The first connection; `undefined` when there was none in time, or the wish was taken back. A
   * dial that is under way then may still bring one.
   */
  readonly socket: Promise<Socket | undefined>;
  settled = false;
  givenUp = false;
  dialing = false;
  dials = 0;
  /** Whether it has not had the whole time for one dial. */
  waited = false;
  #ended = false;
  #upstream: Upstream | undefined;
  #resolve: (socket: Socket | undefined) => void;
  #onWait: (() => void) | undefined;
  #times: WishTimes;
  #whole: Timeout<ClientWish>;
  #usual: Timeout<ClientWish>;
  #share: Timeout<ClientWish> | undefined;

  /** @param onWait Called once, when this takes longer than usual. */
  constructor(onWait: () => void, times: WishTimes) {
    const { promise, resolve } = Promise.withResolvers<Socket | undefined>();
    this.socket = promise;
    this.#resolve = resolve;
    this.#onWait = onWait;
    this.#times = times;
    this.#whole = times.whole.begin(this);
    this.#usual = times.usual.begin(this);
  }

  /** The upstream at which it counts as a connection. */
  get upstream(): Upstream | undefined {
    return this.#upstream;
  }

  goTo(upstream: Upstream): void {
    if (this.settled || this.#upstream === upstream) return;
    this.leave();
    this.#upstream = upstream;
    upstream.connections++;
    this.#share = this.#times.share?.begin(this);
  }

  /** Counts nowhere any more, and what is dialled for it is not for it any more. */
  leave(): void {
    this.#endShare();
    if (this.dialing) this.dials++;
    this.dialing = false;
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    this.#upstream = undefined;
    upstream.connections--;
    upstream.forget(this);
  }

  wait(): void {
    this.waited = true;
    this.takeLong();
  }

  /** It takes longer than usual. */
  takeLong(): void {
    const onWait = this.#onWait;
    if (onWait === undefined) return;
    this.#onWait = undefined;
    // Not before connect has returned: whoever is told may want to give up at once.
    queueMicrotask(onWait);
  }

  settle(socket: Socket | undefined): void {
    if (this.settled) return socket?.close();
    this.settled = true;
    this.#times.whole.end(this.#whole);
    this.#times.usual.end(this.#usual);
    this.#endShare();
    if (socket === undefined) this.end();
    this.#resolve(socket);
  }

  /**
   * Its upstream has ended its connection: wishes for another one, of any, where that upstream is
   * found down.
   *
   * @returns The connection; `undefined` where the upstream is up, or there was no other connection
   *   in time, or the wish was taken back. Then this has ended.
   */
  again(): Promise<Socket | undefined> {
    const left = this.#upstream;
    if (left === undefined) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<Socket | undefined>();
    this.leave();
    this.settled = false;
    this.waited = true;
    this.#resolve = resolve;
    this.#onWait = undefined;
    this.#whole = this.#times.whole.begin(this);
    this.#times.onAgain(this, left);
    return promise;
  }

  /** Takes it back, if it has not been met. */
  giveUp(): void {
    if (this.settled) return;
    this.givenUp = true;
    if (this.dialing) this.#times.clock.after(GIVE_UP_MS, () => this.settle(undefined));
    else this.settle(undefined);
  }

  /** The connection has ended, or there is none. May be called more than once. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.leave();
    this.#times.onEnd(this);
  }

  #endShare(): void {
    const share = this.#share;
    if (share === undefined) return;
    this.#share = undefined;
    this.#times.share?.end(share);
  }
}
