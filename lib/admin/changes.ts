/**
 * What operators may change, where they have the token: the limits, whether anybody is let in, and
 * who is in the pool.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import type { Note } from "../io/log.ts";
import { hasPlace, type PauseReason } from "../pool/client.ts";
import { Later } from "../pool/later.ts";
import type { Pool } from "../pool/pool.ts";
import { decodeSomeLimits, describe, isObject } from "../protocol/decode.ts";
import { permits } from "./credentials.ts";
import type { Query } from "./query.ts";
import { readJson, Refusal, respond, respondJson } from "./http.ts";

/** How long whoever keeps the pool may take for an answer, in milliseconds. */
export const ANSWER_LIMIT_MS = 5000;

/** What {@linkcode Changes} work with. */
export interface ChangesParts {
  pool: Pool;
  clock: Clock;
  /** What permits changes; `undefined` where nothing does. */
  token: string | undefined;
  note: Note;
}

/**
 * Carries out changes. Each one throws a {@linkcode Refusal} where it is not permitted, or makes no
 * sense.
 */
export class Changes {
  #parts: ChangesParts;

  constructor(parts: ChangesParts) {
    this.#parts = parts;
  }

  /** Tells whether the request's token permits changes. */
  permission(request: Request): Response {
    this.#demandPermission(request);
    return respond(null, "", 204);
  }

  /** Sets both limits, or one. */
  async configure(request: Request): Promise<Response> {
    this.#demandPermission(request);
    const body = await readJson(request);
    const given = isObject(body) ? decodeSomeLimits(body) : "the body is no object";
    if (typeof given === "string") throw new Refusal(400, given);
    if (Object.keys(given).length === 0) {
      const wanted = "max_connections, backlog_size or both";
      throw new Refusal(400, `the body sets no limit: it must have ${wanted}`);
    }
    const { pool, clock } = this.#parts;
    const done = pool.configure(given, clock.now());
    const { promoted, active, queued } = await this.#known(done);
    const { maxConnections, backlogSize } = { ...pool.limits, ...given };
    return respondJson({
      max_connections: maxConnections,
      backlog_size: backlogSize,
      active,
      queued,
      promoted,
    });
  }

  /**
   * Lets nobody in from now on: with `gate`, nobody who comes to this process, else nobody at all.
   * Those with a place keep it, those who come wait.
   */
  async pause(request: Request, query: Query): Promise<Response> {
    this.#demandPermission(request);
    const before = this.#gatePaused;
    const done = this.#parts.pool.pause(this.#pauseReason(query));
    this.#noteGatePause(before);
    const { active, queued } = await this.#known(done);
    return respondJson({ paused: true, active, queued });
  }

  /** Ends a pause, and lets in whom there is room for. */
  async resume(request: Request, query: Query): Promise<Response> {
    this.#demandPermission(request);
    const { pool, clock } = this.#parts;
    const before = this.#gatePaused;
    const done = pool.resume(this.#pauseReason(query), clock.now());
    this.#noteGatePause(before);
    const { active, queued, promoted } = await this.#known(done);
    return respondJson({ paused: false, active, queued, promoted });
  }

  /**
   * Takes a client out of the pool, and ends its connection where it has one. The answer says
   * whether it has left: one that is joined to an upstream keeps its place until that has ended.
   */
  async disconnect(request: Request, id: string): Promise<Response> {
    this.#demandPermission(request);
    const { pool, clock, note } = this.#parts;
    const client = pool.find(id);
    const evicted = client?.reason !== undefined;
    const done = pool.disconnect(id, clock.now());
    if (done === undefined || client === undefined) {
      throw new Refusal(404, `client ${describe(id)} is neither connected nor queued`);
    }
    if (!evicted) {
      note("info", `an operator has disconnected ${describe(id)}`, {
        event: "disconnected",
        client: id,
      });
    }
    const left = !hasPlace(client);
    const { promoted, active, queued } = await this.#known(done);
    return respondJson({ promoted, active, queued, left });
  }

  /** A process that has the pool alone is all there is to pause. */
  #pauseReason(query: Query): PauseReason {
    const alone = this.#parts.pool.describe().cluster === undefined;
    return query.flag("gate") && !alone ? "gate_paused" : "paused";
  }

  get #gatePaused(): boolean {
    return this.#parts.pool.describe().cluster?.paused ?? false;
  }

  /** Notes a pause of this process alone; a pause of the pool is noted by all who share it. */
  #noteGatePause(before: boolean): void {
    const { note } = this.#parts;
    const paused = this.#gatePaused;
    if (paused === before) return;
    if (!paused) {
      return note("info", "this gate is resumed by an operator", { event: "gate_resumed" });
    }
    const text = "this gate is paused by an operator: nobody is let in here";
    note("info", text, { event: "gate_paused" });
  }

  /** Waits until something is known, but not for long: whoever keeps the pool may be away. */
  #known<T, L extends T>(value: T | Later<L>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.#parts.clock.after(ANSWER_LIMIT_MS, () => {
        // Redis may be away for long, and this is not to be kept meanwhile.
        if (value instanceof Later) value.forget(answer);
        const seconds = ANSWER_LIMIT_MS / 1000;
        const text = `Redis has not answered within ${seconds} s: it is done once Redis answers`;
        reject(new Refusal(503, text));
      });
      const answer = (known: T) => {
        stop();
        resolve(known);
      };
      if (value instanceof Later) value.whenKnown(answer);
      else answer(value);
    });
  }

  #demandPermission({ headers }: Request): void {
    const { token } = this.#parts;
    if (token === undefined) {
      throw new Refusal(403, "changes are off: poolgate was started without --admin-token");
    }
    if (permits(token, headers.get("authorization"))) return;
    throw new Refusal(
      403,
      "changes need the token of --admin-token, as Authorization: Bearer TOKEN",
    );
  }
}
