/**
 * Who holds the places, and who wants them, by the address that clients come from.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import type { Pool } from "../pool/pool.ts";
import { pageOf, showKey } from "./paging.ts";
import type { Query } from "./query.ts";
import type { RejectedSources } from "./rejected_sources.ts";
import { seconds } from "./rounded.ts";

/** What the list of addresses is made of. */
export interface SourcesParts {
  pool: Pool;
  clock: Clock;
  rejected: RejectedSources;
}

/** What the addresses are sorted by: most first, but for the address itself. */
export const SOURCE_SORTS = ["connected", "waiting", "rejected", "held", "source"] as const;

/** The parameters of `GET /api/sources`. */
export const SOURCE_PARAMETERS = ["sort", "search", "limit", "after"];

/** One address, as `GET /api/sources` lists it. */
export interface SourceReport {
  /** `null` for all clients without an address: those of stdin, and of Unix sockets. */
  source: string | null;
  connected: number;
  waiting: number;
  /** How many have been turned away, as far as is remembered. */
  rejected: number;
  /** For how long the one has its place who has had it for the longest; `null` where none has. */
  longest_held_seconds: number | null;
}

/** Some addresses. */
export interface SourcePage {
  sources: SourceReport[];
  /** How many there are in all pages. */
  total: number;
  /** What `after` of the next page is; `null` where there is none. */
  next: string | null;
}

/**
 * Lists addresses: those with clients in the pool, and those remembered that were turned away. An
 * address whose figure changes between two pages may be listed twice or left out, but when sorted
 * by `source`.
 *
 * @throws {Refusal} When the query makes no sense.
 */
export function sourcePage(parts: SourcesParts, query: Query): SourcePage {
  const sort = query.choice("sort", SOURCE_SORTS, "connected");
  const search = query.search();
  const options = { descending: true, limit: query.limit(), after: query.after() };
  const found = allSources(parts).filter(({ source }) => (source ?? "").includes(search));
  const numberOf = (report: SourceReport) => {
    if (sort === "source") return 0;
    return sort === "held" ? report.longest_held_seconds ?? -1 : report[sort];
  };
  const keyOf = (report: SourceReport) => ({ number: numberOf(report), name: report.source ?? "" });
  const { rows, next } = pageOf(found, keyOf, options);
  return {
    sources: rows,
    total: found.length,
    next: next === undefined ? null : showKey(next),
  };
}

function allSources({ pool, clock, rejected }: SourcesParts): SourceReport[] {
  const now = clock.now();
  const reports = new Map<string | undefined, SourceReport>();
  const of = (source: string | undefined): SourceReport => {
    const known = reports.get(source);
    if (known !== undefined) return known;
    const counts = { connected: 0, waiting: 0, rejected: 0, longest_held_seconds: null };
    const report = { source: source ?? null, ...counts };
    reports.set(source, report);
    return report;
  };
  for (const { holder, since } of pool.clients("connected")) {
    const report = of(holder?.source);
    const held = seconds((now - since) / 1000);
    report.connected++;
    report.longest_held_seconds = Math.max(report.longest_held_seconds ?? 0, held);
  }
  for (const { holder } of pool.clients("queued")) of(holder?.source).waiting++;
  for (const [source, count] of rejected.counts) of(source).rejected = count;
  return [...reports.values()];
}
