/**
 * What was, in three resolutions: the last ten minutes by the second, the last hour and the last
 * day more coarsely. Pure: whoever adds a sample knows its time.
 *
 * @module
 */

/** How far back something is told: in seconds, and how many of them one point stands for. */
export const SPANS = {
  "10m": { seconds: 600, every: 1 },
  "1h": { seconds: 3600, every: 5 },
  "24h": { seconds: 86_400, every: 120 },
} as const;
export type Span = keyof typeof SPANS;
export const SPAN_NAMES = Object.keys(SPANS) as Span[];

/** What was known at one moment, or of the time that a point stands for. */
export interface Sample {
  /** In seconds since 1970; of a point, when it ends. */
  time: number;
  /** Of a point, the most. */
  active: number;
  queued: number;
  /** How many have been turned away since the start. */
  rejected: number;
  /** How many have been let in from the queue since the start. */
  promoted: number;
  maxConnections: number;
  backlogSize: number;
}

/** The names of what {@linkcode plotted} gives, in order. */
export const COLUMNS = [
  ...["time", "active", "queued", "rejected", "promoted"],
  ...["max_connections", "backlog_size"],
];

/** @returns A sample as operators are sent it. */
export function plotted(sample: Sample): number[] {
  const { time, active, queued, rejected, promoted, maxConnections, backlogSize } = sample;
  return [time, active, queued, rejected, promoted, maxConnections, backlogSize];
}

/** The samples of a day. */
export class History {
  #tracks = new Map(SPAN_NAMES.map((span) => [span, new Track(SPANS[span])]));

  /** Takes a sample, one a second. */
  add(sample: Sample): void {
    for (const track of this.#tracks.values()) track.add(sample);
  }

  /** @returns The points of a span, the oldest first. */
  points(span: Span): readonly Sample[] {
    return this.#tracks.get(span)!.points;
  }
}

/** The points of one span. */
class Track {
  readonly points: Sample[] = [];
  #every: number;
  #limit: number;
  /** Which point the latest is, counted from 1970. */
  #latest: number | undefined;

  constructor({ seconds, every }: { seconds: number; every: number }) {
    this.#every = every;
    this.#limit = seconds / every;
  }

  add(sample: Sample): void {
    const number = Math.floor(sample.time / this.#every);
    const last = this.points.at(-1);
    // One a second may be a little early or late: by the second, each stands for itself.
    if (this.#every > 1 && last !== undefined && number === this.#latest) {
      const active = Math.max(last.active, sample.active);
      const queued = Math.max(last.queued, sample.queued);
      Object.assign(last, sample, { active, queued });
      return;
    }
    this.#latest = number;
    this.points.push({ ...sample });
    if (this.points.length > this.#limit) this.points.shift();
  }
}
