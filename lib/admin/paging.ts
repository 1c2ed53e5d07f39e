/**
 * Lists in pages. Pure: rows come as they are at the moment, sorted by a number and, among equals,
 * by name, which no two rows share. A page begins behind the last row of the page before, wherever
 * that would stand by now: so a row whose number stays is listed once, whatever comes and goes
 * between two pages.
 *
 * @module
 */

/** Where a row stands. */
export interface Key {
  number: number;
  /** Which no other row has. */
  name: string;
}

/** Which rows are wanted. */
export interface PageOptions {
  /** Whether the highest number comes first; among equals, names rise all the same. */
  descending: boolean;
  /** How many at most. */
  limit: number;
  /** The last row of the page before; `undefined` for the first page. */
  after: Key | undefined;
}

/** Some rows. */
export interface Page<T> {
  rows: T[];
  /** What the next page begins behind; `undefined` where this is the last. */
  next: Key | undefined;
}

/** @returns One page of the rows. */
export function pageOf<T>(
  rows: Iterable<T>,
  keyOf: (row: T) => Key,
  { descending, limit, after }: PageOptions,
): Page<T> {
  const sign = descending ? -1 : 1;
  const compare = (a: Key, b: Key) =>
    sign * (a.number - b.number) || Number(a.name > b.name) - Number(a.name < b.name);
  const keyed = Array.from(rows, (row) => ({ row, key: keyOf(row) }));
  const rest = after === undefined ? keyed : keyed.filter(({ key }) => compare(key, after) > 0);
  rest.sort((a, b) => compare(a.key, b.key));
  const page = rest.slice(0, limit);
  return {
    rows: page.map(({ row }) => row),
    next: rest.length > limit ? page.at(-1)?.key : undefined,
  };
}

/** @returns A key as text: the number, a comma, the name. */
export function showKey({ number, name }: Key): string {
  return `${number},${name}`;
}

/** @returns The key that a text stands for; `undefined` where it is none. */
export function readKey(text: string): Key | undefined {
  const comma = text.indexOf(",");
  const digits = text.slice(0, Math.max(comma, 0));
  const number = Number(digits);
  if (digits.trim() === "" || !Number.isFinite(number)) return undefined;
  return { number, name: text.slice(comma + 1) };
}
