/**
 * The live feed: what the page shows, once a second, for as long as somebody looks.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import { Refusal, respond } from "./http.ts";
import { plotted, type Sample } from "./history.ts";
import type { Mark } from "./marks.ts";
import { PERIOD_MS, type Report } from "./report.ts";

/** How many may look at once. */
export const MAX_VIEWERS = 64;

/** How long a browser is to wait before it comes back, in milliseconds. */
const RETRY_MS = 1000;

/** How many events may wait for a viewer who does not keep up; further ones are left out. */
const MAX_UNSENT = 2;

/** After so many that are left out in a row nobody seems to look: another one may. */
export const MAX_MISSED = 30;

/** Somebody who looks. */
interface Viewer {
  stream: ReadableStreamDefaultController<Uint8Array>;
  missed: number;
}

/** Takes a sample a second, and sends it to all who look. */
export class LiveFeed {
  #report: Report;
  #clock: Clock;
  #failed: (error: unknown) => void;
  #viewers = new Set<Viewer>();
  #encoder = new TextEncoder();
  #cancelTick = () => {};

  /** @param failed Told when a sample cannot be taken or sent, which is a fault of poolgate. */
  constructor(report: Report, clock: Clock, failed: (error: unknown) => void) {
    this.#report = report;
    this.#clock = clock;
    this.#failed = failed;
  }

  /** Takes the first sample, and further ones from then on. */
  start(): void {
    this.#cancelTick = this.#clock.after(PERIOD_MS, () => this.start());
    try {
      const sample = this.#report.takeSample();
      if (this.#viewers.size > 0) {
        this.#send(this.#now(sample, this.#report.marksSince(sample.time)));
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Takes no more samples, and ends all streams. */
  stop(): void {
    this.#cancelTick();
    for (const { stream } of this.#viewers) stream.close();
    this.#viewers.clear();
  }

  /**
   * https://html.spec.whatwg.org/multipage/server-sent-events.html
   *
   * @returns A stream of events: the history first, then what is now, again and again.
   * @throws {Refusal} When too many look already.
   */
  open(): Response {
    const history = this.#report.history("10m");
    const latest = history.at(-1);
    const marks = this.#report.marksSince(history[0]?.time ?? 0);
    const samples = history.map(plotted);
    const first = event("history", { samples, marks }) + (latest ? this.#now(latest, []) : "");
    if (this.#viewers.size >= MAX_VIEWERS) {
      throw new Refusal(503, `${MAX_VIEWERS} look already, and that is as many as may`);
    }
    let viewer: Viewer;
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => {
        viewer = { stream, missed: 0 };
        this.#viewers.add(viewer);
        stream.enqueue(this.#encoder.encode(`retry: ${RETRY_MS}\n\n${first}`));
      },
      cancel: () => {
        this.#viewers.delete(viewer);
      },
    }, { highWaterMark: MAX_UNSENT });
    return respond(body, "text/event-stream");
  }

  #send(text: string): void {
    const bytes = this.#encoder.encode(text);
    for (const viewer of this.#viewers) {
      const { stream } = viewer;
      if ((stream.desiredSize ?? 0) > 0) {
        stream.enqueue(bytes);
        viewer.missed = 0;
      } else if (++viewer.missed === MAX_MISSED) {
        this.#viewers.delete(viewer);
        stream.error(new Error("the viewer does not read"));
      }
    }
  }

  #now(sample: Sample, marks: Mark[]): string {
    const report = this.#report;
    const recent = report.recent();
    return event("now", {
      sample: plotted(sample),
      marks,
      stats: report.figures(recent),
      waits: report.recentWaits(recent),
    });
  }
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
