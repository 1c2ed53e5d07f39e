/**
 * Puts together what operators are served with: the observer of the pool, the metrics, the page and
 * what it is fed with.
 *
 * @module
 */

import type { Note } from "../io/log.ts";
import type { ServeHttp } from "../io/socket.ts";
import { Changes } from "./changes.ts";
import { Clients } from "./clients.ts";
import { LiveFeed } from "./live_feed.ts";
import { Metrics } from "./metrics.ts";
import { PoolObserver } from "./pool_observer.ts";
import { Report, type ReportParts } from "./report.ts";
import { Routes } from "./routes.ts";
import { Timings } from "./timings.ts";

/** What {@linkcode openAdmin} works with. */
export interface OpenAdminParts extends Omit<ReportParts, "observer" | "timings" | "changes"> {
  serveHttp: ServeHttp;
  /** What permits changes; `undefined` where nothing does. */
  token: string | undefined;
  /** The names that are served beside addresses and `localhost`; `undefined` for any. */
  hosts: ReadonlySet<string> | undefined;
  note: Note;
}

/** Operators being served. */
export interface OpenAdmin {
  /** Where, as text. */
  readonly address: string;
  /** Ends it, and waits until requests under way are answered. */
  close(): Promise<void>;
}

/**
 * Serves operators, from before the first client comes.
 *
 * @returns Where that is, and how to end it.
 */
export function openAdmin(parts: OpenAdminParts): OpenAdmin {
  const { serveHttp, pool, clock, token, hosts, note, version } = parts;
  const timings = new Timings(() => clock.now());
  const observer = new PoolObserver(timings);
  pool.observe(observer);
  const changes = token !== undefined;
  const report = new Report({ ...parts, observer, timings, changes });
  const failed = (error: unknown) =>
    note("error", `serving operators met a fault of poolgate: ${error}`, { event: "fault" });
  const clients = new Clients(parts);
  const feed = new LiveFeed(report, clock, failed);
  const routes = new Routes({
    report,
    clients,
    sources: { pool, clock, rejected: observer.rejectedSources },
    metrics: new Metrics(report, timings, version),
    feed,
    changes: new Changes({ pool, clock, token, note }),
    hosts,
    failed,
  });
  feed.start();
  const server = serveHttp((request) => routes.answer(request), failed);
  return {
    address: server.address,
    async close() {
      feed.stop();
      await server.close();
    },
  };
}
