/**
 * How long something took during the last ten minutes: every time is counted in a histogram of the
 * slice of time in which it ended, and the slices are put together when somebody asks. So the
 * memory is bounded, however many times there are, and quantiles are true to one per cent.
 *
 * @module
 */

import int32 from "hdr-histogram-js/dist/Int32Histogram.js";

const { default: Histogram } = int32;
type Histogram = InstanceType<typeof Histogram>;

/** How long a slice is, in milliseconds, and how many there are: the last is still being filled. */
const SLICE_MS = 30_000;
const SLICES = 21;

/**
 * How exactly times are counted: in microseconds, to two digits, up to thirty days; longer ones
 * count as that long. A slice takes 18 KiB, all of them some 380 KiB.
 * https://hdrhistogram.github.io/HdrHistogram/
 */
const MICROSECONDS = 1_000_000;
const DIGITS = 2;
const MAX_SECONDS = 30 * 24 * 3600;

/** What there is to tell of some times, in seconds. */
export class Times {
  readonly #histogram: Histogram;
  /** The longest of them; `undefined` where there are none. */
  readonly longest: number | undefined;

  constructor(histogram: Histogram, longest: number | undefined) {
    this.#histogram = histogram;
    this.longest = longest;
  }

  /** How many there are. */
  get count(): number {
    return this.#histogram.totalCount;
  }

  /**
   * @param q From 0 to 1.
   * @returns The time that this share of all took at most; `undefined` where there are none.
   */
  quantile(q: number): number | undefined {
    if (this.longest === undefined) return undefined;
    return Math.min(this.#histogram.getValueAtPercentile(100 * q) / MICROSECONDS, this.longest);
  }

  /**
   * @param bounds Upper bounds in seconds, rising.
   * @returns How many fall between each and the one before it; last, how many are above all.
   */
  counts(bounds: readonly number[]): number[] {
    const counts = new Array<number>(bounds.length + 1).fill(0);
    const values = this.#histogram.recordedValuesIterator;
    values.reset();
    let at = 0;
    while (values.hasNext()) {
      const { valueIteratedTo, countAtValueIteratedTo } = values.next();
      const seconds = this.#histogram.lowestEquivalentValue(valueIteratedTo) / MICROSECONDS;
      while (seconds > (bounds[at] ?? Infinity)) at++;
      counts[at] = (counts[at] ?? 0) + countAtValueIteratedTo;
    }
    return counts;
  }
}

interface Slice {
  /** Which one it is, counted from when the clock said 0. */
  number: number;
  histogram: Histogram;
  longest: number;
}

/** Takes times, and forgets them when they are ten minutes past, to half a minute. */
export class RecentTimes {
  /** Each at its number modulo how many there are; made when it is first needed. */
  #slices: Slice[] = [];
  /** The one that is being filled. */
  #latest: Slice | undefined;

  /**
   * @param seconds How long it took, from 0.
   * @param now When it ended, in milliseconds of some clock that never goes back.
   */
  add(seconds: number, now: number): void {
    const number = sliceNumber(now);
    const slice = this.#latest?.number === number ? this.#latest : this.#begin(number);
    const counted = Math.min(seconds, MAX_SECONDS);
    slice.histogram.recordValue(Math.round(counted * MICROSECONDS));
    slice.longest = Math.max(slice.longest, seconds);
  }

  /**
   * @param beside Times that are to be told of with these.
   * @returns Those of the last ten minutes.
   */
  at(now: number, beside?: RecentTimes): Times {
    const first = sliceNumber(now) - SLICES + 1;
    const recent = [...this.#slices, ...beside === undefined ? [] : beside.#slices]
      .filter(({ number }) => number >= first);
    const all = newHistogram();
    for (const { histogram } of recent) all.add(histogram);
    if (all.totalCount === 0) return new Times(all, undefined);
    return new Times(all, Math.max(...recent.map(({ longest }) => longest)));
  }

  /** Begins a slice, in the place of the oldest one where there are as many as may be. */
  #begin(number: number): Slice {
    let slice = this.#slices.find((slice) => slice.number % SLICES === number % SLICES);
    if (slice === undefined) {
      slice = { number, histogram: newHistogram(), longest: 0 };
      this.#slices.push(slice);
    } else {
      slice.number = number;
      slice.histogram.reset();
      slice.longest = 0;
    }
    return this.#latest = slice;
  }
}

function sliceNumber(now: number): number {
  return Math.floor(now / SLICE_MS);
}

function newHistogram(): Histogram {
  return new Histogram(1, MAX_SECONDS * MICROSECONDS, DIGITS);
}
