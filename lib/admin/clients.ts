/**
 * Who is in the pool, as operators see it: all of them, in pages.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import type { Client } from "../pool/client.ts";
import type { Pool } from "../pool/pool.ts";
import { pageOf, type PageOptions, showKey } from "./paging.ts";
import type { Query } from "./query.ts";
import { seconds } from "./rounded.ts";

/** What the lists of clients are made of. */
export interface ClientsParts {
  pool: Pool;
  clock: Clock;
  /** The time of day, in milliseconds since 1970. */
  timeOfDay: () => number;
}

export const CLIENT_STATES = ["active", "queued"] as const;
export type ClientState = typeof CLIENT_STATES[number];

/** Sorted by how long they have been in their state. */
export const CLIENT_SORTS = ["longest", "shortest"] as const;

/** The parameters of `GET /api/clients`. */
export const CLIENT_PARAMETERS = ["state", "sort", "search", "limit", "after"];

/** One client, as `GET /api/clients` lists it. */
export interface ClientReport {
  id: string;
  state: ClientState;
  /** The address that it came from; `null` where it has none. */
  source: string | null;
  /** Since when it has been in this state. */
  since: string;
  seconds: number;
  /** Its place in the queue, from 1. */
  position: number | null;
  waited_seconds: number;
  /**
   * Whether it is joined to its upstream: one that has a place is not while it is being connected;
   * `null` for one that waits, or that is joined to nothing.
   */
  joined: boolean | null;
  /** Whether it was disconnected by a request, and keeps its place until its upstream has ended. */
  evicted: boolean;
  received_bytes: number | null;
  sent_bytes: number | null;
}

/** Some clients. */
export interface ClientPage {
  clients: ClientReport[];
  /** How many there are in all pages. */
  total: number;
  /** What `after` of the next page is; `null` where there is none. */
  next: string | null;
}

/** A client and its place among those of its state, from 1. */
interface Placed {
  client: Client;
  position: number;
}

/** Lists clients. */
export class Clients {
  #parts: ClientsParts;

  constructor(parts: ClientsParts) {
    this.#parts = parts;
  }

  /**
   * Lists what a query asks for. Between two pages, clients come and go: one that stays in its
   * state is listed once. With the longest first, one that is let in meanwhile may be listed twice,
   * and is never left out.
   *
   * @throws {Refusal} When the query makes no sense.
   */
  page(query: Query): ClientPage {
    const state = query.choice("state", CLIENT_STATES, undefined);
    const descending = query.choice("sort", CLIENT_SORTS, "longest") === "shortest";
    const search = query.search();
    const options = { descending, limit: query.limit(), after: query.after() };
    const states = state === undefined ? CLIENT_STATES : [state];
    const found = states.flatMap((state) => [...this.#placed(state)])
      .filter(({ client }) => client.id.includes(search));
    return this.#page(found, options);
  }

  #page(found: readonly Placed[], options: PageOptions): ClientPage {
    const keyOf = ({ client }: Placed) => ({ number: client.since, name: client.id });
    const { rows, next } = pageOf(found, keyOf, options);
    return {
      clients: rows.map((placed) => this.#describe(placed)),
      total: found.length,
      next: next === undefined ? null : showKey(next),
    };
  }

  *#placed(state: ClientState): Iterable<Placed> {
    let position = 0;
    for (const client of this.#parts.pool.clients(state === "active" ? "connected" : "queued")) {
      yield { client, position: ++position };
    }
  }

  #describe({ client, position }: Placed): ClientReport {
    const { id, state, reason, since, waited, holder } = client;
    const { clock, timeOfDay } = this.#parts;
    const active = state === "connected";
    const traffic = holder?.traffic;
    const ms = clock.now() - since;
    return {
      id,
      state: active ? "active" : "queued",
      source: holder?.source ?? null,
      since: new Date(timeOfDay() - ms).toISOString(),
      seconds: seconds(ms / 1000),
      position: active ? null : position,
      waited_seconds: seconds((active ? waited : ms) / 1000),
      joined: active ? holder?.joined ?? null : null,
      evicted: reason === "evicted",
      received_bytes: traffic?.received ?? null,
      sent_bytes: traffic?.sent ?? null,
    };
  }
}
