/**
 * Puts together what operators are served with: the ledger, the metrics, the page and what it is fed with.
 *
 * @module
 */

import { Routes } from "./routes.ts";
import { Changes } from "./changes.ts";
import { Ledger } from "./ledger.ts";
import { noteLimits } from "../limits_note.ts";
import { LiveFeed } from "./live_feed.ts";
import type { Note } from "../log.ts";
import { Metrics } from "./metrics.ts";
import { Report, type ReportParts } from "./report.ts";
import type { ServeHttp } from "../socket.ts";
import { SteadyServer } from "./steady_server.ts";
import { Timings } from "./timings.ts";

/** What {@linkcode openAdmin} works with. */
export interface AdminSurroundings extends Omit<ReportParts, "ledger" | "timings" | "changes"> {
  serveHttp: ServeHttp;
  /** What permits changes; `undefined` where nothing does. */
  token: string | undefined;
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
export async function openAdmin(surroundings: AdminSurroundings): Promise<OpenAdmin> {
  const { serveHttp, roster, clock, token, note, version } = surroundings;
  const timings = new Timings();
  const ledger = new Ledger(clock, timings);
  roster.watcher = ledger;
  noteLimits(roster, note);
  const changes = token !== undefined;
  const report = new Report({ ...surroundings, ledger, timings, changes });
  const failed = (error: unknown) =>
    note("error", `serving operators met a fault of poolgate: ${error}`);
  const feed = new LiveFeed(report, clock, failed);
  const routes = new Routes({
    report,
    metrics: new Metrics(report, timings, version),
    feed,
    changes: new Changes({ roster, token, note }),
    failed,
  });
  const answer = (request: Request) => routes.answer(request);
  const server = new SteadyServer({ serve: serveHttp, answer, failed, clock, note });
  await server.open();
  await feed.start();
  return {
    address: server.address,
    async close() {
      feed.stop();
      await server.close();
    },
  };
}
