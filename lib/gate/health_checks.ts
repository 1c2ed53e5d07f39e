/**
 * When an upstream is asked for its health, and what comes of the answers. It never has one more
 * connection for that than there are places: a check has a place of its own, or that of a client
 * who waits for the upstream.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import { LocalShortage } from "../io/socket.ts";
import { type Client, type Holder, isInPool } from "../pool/client.ts";
import type { Pool } from "../pool/pool.ts";
import { Health, type HealthRules } from "./health.ts";
import type { Looks } from "./looks.ts";
import { FIRST_RETRY_MS, MAX_RETRY_MS, ROOM_RETRY_MS, type Upstream } from "./upstream.ts";

/** The name that a check has in the pool, where there is one upstream only. */
export const CHECK_ID = "health check";

/** What {@linkcode HealthChecks} work with. */
export interface HealthChecksParts {
  /**
   * Asks once. Rejects with the reason where the answer is that the upstream is of no use, or there
   * is none; with a {@linkcode LocalShortage} where that says nothing of it.
   */
  ask: () => Promise<void>;
  /** Told of a check that is left out. */
  leftOut?: () => void;
  upstream: Upstream;
  /** Where there has to be room for a check while nobody is let to the upstream. */
  looks: Looks;
  /** The name that a check has in the pool. */
  id?: string;
  pool: Pool;
  /** The time that the pool is told, in milliseconds. */
  now: () => number;
  clock: Clock;
  rules: HealthRules;
  /** How often an upstream is asked that is up, in milliseconds; 0 for never. */
  intervalMs: number;
}

/** Asks one upstream. */
export class HealthChecks {
  #parts: HealthChecksParts;
  #health: Health;
  #checking = false;
  #retryMs = FIRST_RETRY_MS;
  #cancelNext = () => {};

  constructor(parts: HealthChecksParts) {
    this.#parts = parts;
    this.#health = new Health(parts.rules);
  }

  /** Asks for the first time, and from then on. */
  begin(): void {
    this.#routine();
  }

  /** Something looks wrong: lets nobody go to the upstream before it has been asked. */
  suspect(): void {
    const { upstream } = this.#parts;
    if (upstream.held) return;
    upstream.hold();
    this.#retryMs = FIRST_RETRY_MS;
    this.#recheck();
  }

  /** The upstream was found down by somebody else. */
  fell(): void {
    this.#health.drop();
    if (this.#checking) return;
    this.#retryMs = FIRST_RETRY_MS;
    this.#retryLater();
  }

  #due(): void {
    if (this.#parts.upstream.held) this.#recheck();
    else this.#routine();
  }

  /** One of the checks of an upstream that is up, unless something else has shown that it is. */
  #routine(): void {
    const { upstream, pool, id = CHECK_ID } = this.#parts;
    const room = pool.hasRoom && pool.stats().queued === 0;
    const needless = upstream.takeNews() || this.#checking || pool.find(id) !== undefined;
    if (room && !needless) this.#checkInPlace();
    else this.#parts.leftOut?.();
    this.#next();
  }

  /** One of the checks of an upstream to which nobody is let. */
  #recheck(): void {
    const { looks, ask } = this.#parts;
    if (this.#checking || !looks.begin(this.#mayRecheck)) {
      return this.#after(ROOM_RETRY_MS, () => this.#due());
    }
    this.#check(() => ask().finally(() => looks.end()));
  }

  #mayRecheck = (): void => {
    if (this.#parts.upstream.held) this.#recheck();
  };

  /** Takes a place as a client does, and gives it back when the upstream has ended the check. */
  #checkInPlace(): void {
    const { pool, now, ask, id = CHECK_ID } = this.#parts;
    let begun = false;
    const leave = (client: Client) => {
      if (isInPool(client)) pool.leave(client, now());
    };
    const look = (client: Client) => {
      if (begun || client.state === "asking") return;
      begun = true;
      if (client.state === "connected") this.#check(ask).finally(() => leave(client));
      else leave(client);
    };
    const holder: Holder = {
      uncounted: true,
      leavesLater: true,
      changed: (client) => queueMicrotask(() => look(client)),
    };
    look(pool.connect(id, holder, now()));
  }

  async #check(ask: () => Promise<void>): Promise<void> {
    const { upstream } = this.#parts;
    const { held } = upstream;
    this.#checking = true;
    try {
      await ask();
      // What was asked before something looked wrong says nothing of that.
      if (held || !upstream.held) this.#succeed();
    } catch (error) {
      if (!(error instanceof LocalShortage)) this.#fail((error as Error).message);
    } finally {
      this.#checking = false;
      this.#next();
    }
  }

  #succeed(): void {
    this.#health.succeed();
    this.#retryMs = FIRST_RETRY_MS;
    if (this.#health.up) this.#parts.upstream.rise();
  }

  #fail(problem: string): void {
    const { upstream } = this.#parts;
    // One that is suspected already is believed at once.
    if (upstream.held) this.#health.drop();
    else this.#health.fail();
    if (!this.#health.up) upstream.fall(problem);
  }

  #next(): void {
    const { upstream, intervalMs } = this.#parts;
    if (upstream.held) this.#retryLater();
    else if (intervalMs > 0) this.#after(intervalMs, () => this.#due());
    else this.#cancelNext();
  }

  #retryLater(): void {
    this.#after(this.#retryMs, () => this.#due());
    this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
  }

  #after(ms: number, action: () => void): void {
    this.#cancelNext();
    this.#cancelNext = this.#parts.clock.after(ms, action);
  }
}
