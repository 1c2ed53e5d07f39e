/**
 * What operators ask over HTTP, and who answers it.
 *
 * @module
 */

import { describe } from "../protocol/decode.ts";
import type { Changes } from "./changes.ts";
import { CLIENT_PARAMETERS, type Clients } from "./clients.ts";
import { COLUMNS, plotted, SPAN_NAMES, SPANS } from "./history.ts";
import { checkHost, isCrossSite, Refusal, respond, respondJson, respondRefusal } from "./http.ts";
import type { LiveFeed } from "./live_feed.ts";
import type { Metrics } from "./metrics.ts";
import { PAGE_FILES } from "./page.ts";
import { PROMETHEUS_FILES } from "./prometheus_files.ts";
import { Query } from "./query.ts";
import { type Report, whyDown } from "./report.ts";
import { SOURCE_PARAMETERS, sourcePage, type SourcesParts } from "./sources.ts";

/** Who answers. */
export interface RoutesParts {
  report: Report;
  clients: Clients;
  sources: SourcesParts;
  metrics: Metrics;
  feed: LiveFeed;
  changes: Changes;
  /** The names that are served beside addresses and `localhost`; `undefined` for any. */
  hosts: ReadonlySet<string> | undefined;
  /** Told when an answer meets a fault of poolgate. */
  failed: (error: unknown) => void;
}

/** What comes after this is a client's id. */
const CLIENT_PREFIX = "/api/clients/";

const TEXT = "text/plain; charset=utf-8";

type Answer = (request: Request, url: URL) => Response | Promise<Response>;

/** The answers to one path, by method. HEAD is answered as GET. */
type Resource = { readonly [method in "GET" | "PUT" | "DELETE"]?: Answer };

/** Answers requests. */
export class Routes {
  #parts: RoutesParts;
  #resources: ReadonlyMap<string, Resource>;

  constructor(parts: RoutesParts) {
    this.#parts = parts;
    const { report, clients, sources, metrics, feed, changes } = parts;
    this.#resources = new Map<string, Resource>([
      ["/metrics", { GET: async () => respond(await metrics.text(), metrics.contentType) }],
      ["/healthz", { GET: () => respond("ok\n", TEXT) }],
      ["/readyz", { GET: () => readiness(report) }],
      ["/api/stats", { GET: () => respondJson(report.figures()) }],
      ["/api/clients", {
        GET: (_, url) => respondJson(clients.page(new Query(url, CLIENT_PARAMETERS))),
      }],
      ["/api/sources", {
        GET: (_, url) => respondJson(sourcePage(sources, new Query(url, SOURCE_PARAMETERS))),
      }],
      ["/api/history", { GET: (_, url) => history(report, new Query(url, ["span"])) }],
      ["/api/events", { GET: () => feed.open() }],
      ["/api/permission", { GET: (request) => changes.permission(request) }],
      ["/api/config", {
        GET: () => respondJson(report.limits),
        PUT: (request) => changes.configure(request),
      }],
      ["/api/pause", { PUT: (request) => changes.pause(request) }],
      ["/api/resume", { PUT: (request) => changes.resume(request) }],
      ...[...PAGE_FILES, ...PROMETHEUS_FILES].map((
        [path, { text, type }],
      ): [string, Resource] => [path, {
        GET: () => respond(text, type),
      }]),
    ]);
  }

  /** Answers one request, whatever it is. */
  async answer(request: Request): Promise<Response> {
    try {
      checkHost(request, this.#parts.hosts);
      const url = new URL(request.url);
      // To HEAD, the server sends the length of the body instead of it, and cancels a stream.
      const method = request.method === "HEAD" ? "GET" : request.method;
      const answer = this.#find(method, url.pathname);
      if (isCrossSite(request)) throw new Refusal(403, "another site's page may ask nothing here");
      return await answer(request, url);
    } catch (error) {
      if (error instanceof Refusal) return respondRefusal(error);
      this.#parts.failed(error);
      return respondJson({ error: "poolgate has met a fault of its own" }, 500);
    }
  }

  #find(method: string, path: string): Answer {
    const resource = this.#resources.get(path) ?? this.#client(path);
    if (resource === undefined) throw new Refusal(404, `there is nothing at ${describe(path)}`);
    const answers = new Map<string, Answer>(Object.entries(resource));
    const answer = answers.get(method);
    if (answer !== undefined) return answer;
    const allow = [...answers.keys()].join(", ").replace("GET", "GET, HEAD");
    throw new Refusal(405, `${describe(path)} takes ${allow}, not ${method}`, { allow });
  }

  #client(path: string): Resource | undefined {
    if (!path.startsWith(CLIENT_PREFIX)) return undefined;
    const { changes } = this.#parts;
    return { DELETE: (request) => changes.disconnect(request, decodeId(path)) };
  }
}

function decodeId(path: string): string {
  try {
    return decodeURIComponent(path.slice(CLIENT_PREFIX.length));
  } catch {
    throw new Refusal(400, "the client's id is not encoded as a URL needs it");
  }
}

function history(report: Report, query: Query): Response {
  const span = query.choice("span", SPAN_NAMES, "10m");
  const points = report.history(span);
  return respondJson({
    span_seconds: SPANS[span].seconds,
    every_seconds: SPANS[span].every,
    columns: COLUMNS,
    samples: points.map(plotted),
    marks: report.marksSince((points[0]?.time ?? 0) - SPANS[span].every),
  });
}

function readiness(report: Report): Response {
  const { state, paused, drainSecondsLeft, upstreams, upstreamDown } = report;
  const which = upstreams.length > 1 ? "all upstreams are" : "the upstream is";
  const causes = [
    ...(paused ? ["paused by an operator"] : []),
    ...(upstreamDown === undefined ? [] : [`${which} down: ${upstreamDown}`]),
  ].join("; ");
  const down = upstreams.filter(({ down }) => down !== undefined);
  const are = down.length === 1 ? "is" : "are";
  const others = upstreamDown === undefined && down.length > 0
    ? `; of ${upstreams.length} upstreams, ${down.length} ${are} down: ${whyDown(down)}`
    : "";
  const limit = drainSecondsLeft === null ? "with the last" : `in ${drainSecondsLeft} s at most`;
  const texts = {
    ready: causes === "" ? "ready" : `ready, but clients wait: ${causes}`,
    full: `full: a new client would be turned away${causes === "" ? "" : `: ${causes}`}`,
    draining: `draining: poolgate takes no new clients, and ends ${limit}`,
  };
  return respond(`${texts[state]}${others}\n`, TEXT, state === "ready" ? 200 : 503);
}
