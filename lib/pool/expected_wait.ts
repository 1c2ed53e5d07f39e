/**
 * How long a client that comes now is to wait, from the places' own times: how many are ahead of
 * it, how long those who have the places have had them, and how long places were held of late.
 * Pure.
 *
 * @module
 */

/** What a wait is expected from. */
export interface Outlook {
  /** How many wait already. */
  ahead: number;
  /** How many may have a place, and how many have one. */
  places: number;
  active: number;
  /** How long those of them have had it who are known, in milliseconds: all, as a rule. */
  ages: readonly number[];
  /** How long places were held of late that were given back, in milliseconds, rising. */
  held: Float64Array;
  /** Numbers from 0 to below 1. */
  random: () => number;
}

/** A wait, in milliseconds: one in ten is shorter than `p10`, one in ten longer than `p90`. */
export interface ExpectedWait {
  p10: number;
  p50: number;
  p90: number;
}

/** Of fewer places that were given back, nothing is concluded. */
export const MIN_HELD = 5;

/** How often the course of things is tried. */
const TRIES = 40;

/** How many places are looked at: more are taken to be as these, each for several. */
const MAX_AGES = 64;

/** How many turns are tried one by one: all further ones take as long as is usual. */
const MAX_TURNS = 512;

/**
 * Tries the course of things several times: everyone who has a place keeps it for as long as one of
 * those of late who had theirs for at least as long, each who waits takes the first place that
 * becomes free, and keeps that for as long as one of late.
 *
 * @returns The wait, `undefined` where it is not known: no place was given back of late, or places
 *   are not given back as they were.
 */
export function expectedWait(outlook: Outlook): ExpectedWait | undefined {
  const { ahead, places, active, ages, held, random } = outlook;
  if (held.length < MIN_HELD || ages.length === 0 || places === 0) return undefined;
  const looked = evenly(ages, MAX_AGES);
  // How much longer those will keep theirs who had it for as long as nobody of late, nobody knows.
  const longest = held.at(-1)!;
  const beyond = looked.filter((age) => age >= longest).length;
  if (2 * beyond > looked.length) return undefined;
  const share = looked.length / active;
  const surplus = Math.max(0, active - places);
  const untaken = Math.round(surplus * share);
  const turns = untaken + Math.max(1, Math.round((ahead + 1) * share));
  const tried = Math.min(turns, MAX_TURNS);
  const mean = held.reduce((sum, ms) => sum + ms, 0) / held.length;
  const rest = (turns - tried) * mean / (looked.length - untaken);
  const waits = Array.from({ length: TRIES }, () => {
    const ends = Float64Array.from(looked, (age) => remaining(age, held, random));
    return waitForTurn(ends, tried, untaken, () => pick(held, 0, random)) + rest;
  }).sort((a, b) => a - b);
  const at = (q: number) => waits[Math.floor(q * TRIES)]!;
  return { p10: at(0.1), p50: at(0.5), p90: at(0.9) };
}

/** How much longer one keeps its place: as one of late who had it for as long. */
function remaining(age: number, held: Float64Array, random: () => number): number {
  const first = firstAbove(held, age);
  // Nobody had it for so long: it may well be as long again.
  if (first === held.length) return -age * Math.log(1 - random());
  return pick(held, first, random) - age;
}

/** @returns One of the values from some index on, each as likely as the others. */
function pick(values: Float64Array, from: number, random: () => number): number {
  return values[from + Math.floor(random() * (values.length - from))]!;
}

/** @returns The index of the first of some rising values that is above a limit. */
function firstAbove(values: Float64Array, limit: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * @param ends When each place becomes free; is changed.
 * @param turns Whose turn is waited for, counted from 1.
 * @param untaken How many places nobody takes when they become free: there are too many.
 * @param next How long the next one keeps a place.
 * @returns When it comes.
 */
function waitForTurn(
  ends: Float64Array,
  turns: number,
  untaken: number,
  next: () => number,
): number {
  const heap = ends.sort();
  let now = 0;
  for (let turn = 1; turn <= turns; turn++) {
    now = heap[0]!;
    replaceFirst(heap, turn <= untaken ? Infinity : now + next());
  }
  return now;
}

/** Replaces the least value of a binary heap. */
function replaceFirst(heap: Float64Array, value: number): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= value) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = value;
}

/** @returns So many of some values at most, evenly chosen. */
function evenly(values: readonly number[], limit: number): readonly number[] {
  if (values.length <= limit) return values;
  return Array.from({ length: limit }, (_, at) => values[Math.floor(at * values.length / limit)]!);
}
