/**
 * What operators may change, where they have the token: the limits, whether anybody is let in, and
 * who is in the pool.
 *
 * @module
 */

import type { Note } from "../io/log.ts";
import { hasPlace } from "../pool/client.ts";
import { type Later, whenKnown } from "../pool/later.ts";
import type { Pool } from "../pool/pool.ts";
import { decodeSomeLimits, describe, isObject } from "../protocol/decode.ts";
import { permits } from "./credentials.ts";
import { readJson, Refusal, respond, respondJson } from "./http.ts";

/** What {@linkcode Changes} work with. */
export interface ChangesParts {
  pool: Pool;
  /** The time that the pool is told, in milliseconds. */
  now: () => number;
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
    const { pool, now } = this.#parts;
    const { promoted, active, queued } = await known(pool.configure(given, now()));
    const { maxConnections, backlogSize } = { ...pool.limits, ...given };
    return respondJson({
      max_connections: maxConnections,
      backlog_size: backlogSize,
      active,
      queued,
      promoted,
    });
  }

  /** Lets nobody in from now on. Those with a place keep it, those who come wait. */
  async pause(request: Request): Promise<Response> {
    this.#demandPermission(request);
    const { active, queued } = await known(this.#parts.pool.pause("paused"));
    return respondJson({ paused: true, active, queued });
  }

  /** Ends a pause, and lets in whom there is room for. */
  async resume(request: Request): Promise<Response> {
    this.#demandPermission(request);
    const { pool, now } = this.#parts;
    const { active, queued, promoted } = await known(pool.resume("paused", now()));
    return respondJson({ paused: false, active, queued, promoted });
  }

  /**
   * Takes a client out of the pool, and ends its connection where it has one. The answer says
   * whether it has left: one that is joined to an upstream keeps its place until that has ended.
   */
  async disconnect(request: Request, id: string): Promise<Response> {
    this.#demandPermission(request);
    const { pool, now, note } = this.#parts;
    const client = pool.find(id);
    const evicted = client?.reason !== undefined;
    const done = pool.disconnect(id, now());
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
    const { promoted, active, queued } = await known(done);
    return respondJson({ promoted, active, queued, left });
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

function known<T>(value: T | Later<T>): Promise<T> {
  return new Promise((resolve) => whenKnown(value, resolve));
}
