/**
 * Entries found by their ids: a hash table with chains, the links in the entries. With a `Map` in
 * its place the whole program takes 1.4 times as long: V8 hashes each fresh string outside of
 * compiled code.
 *
 * @module
 */

/** An entry. Its `chained` belongs to the table: whoever makes an entry sets it `undefined`. */
export interface Entry {
  readonly id: string;
  /** The {@linkcode hashOf} the id. */
  readonly hash: number;
  chained: this | undefined;
}

const FEWEST_BUCKETS = 64;
/** With fewer entries than this part of its buckets, a table halves. */
const SPARSE = 1 / 8;

/** Differs from run to run, which makes it harder to send ids that all share a chain. */
const SEED = Math.floor(Math.random() * 2 ** 32) | 0;

/**
 * @returns The hash of an id, a 32-bit integer: FNV-1a over its UTF-16 units, its high bits mixed
 *   in.
 */
export function hashOf(id: string): number {
  let hash = SEED;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}

/** A table of entries of type `T`; an entry is in at most one table. */
export class IdTable<T extends Entry> {
  #buckets = emptyBuckets<T>(FEWEST_BUCKETS);
  #size = 0;

  /** How many buckets it has: room for as many entries before it grows. */
  get capacity(): number {
    return this.#buckets.length;
  }

  /** How many entries it has. */
  get size(): number {
    return this.#size;
  }

  /**
   * @returns The entry with this id, `undefined` when there is none. `hash` is the
   *   {@linkcode hashOf} it.
   */
  find(id: string, hash: number): T | undefined {
    let entry = this.#buckets[hash & (this.#buckets.length - 1)];
    while (entry !== undefined && (entry.hash !== hash || entry.id !== id)) entry = entry.chained;
    return entry;
  }

  /** Puts in an entry whose id is not in the table. */
  add(entry: T): void {
    if (this.#size === this.#buckets.length) this.#resize(2 * this.#size);
    this.#size++;
    link(entry, this.#buckets);
  }

  /** Takes out an entry of this table. */
  remove(entry: T): void {
    const bucket = entry.hash & (this.#buckets.length - 1);
    let before = this.#buckets[bucket];
    if (before === entry) {
      this.#buckets[bucket] = entry.chained;
    } else {
      while (before !== undefined && before.chained !== entry) before = before.chained;
      if (before === undefined) throw new Error(`BUG: remove of "${entry.id}", not in the table`);
      before.chained = entry.chained;
    }
    entry.chained = undefined;
    this.#size--;
    if (this.#size < this.#buckets.length * SPARSE && this.#buckets.length > FEWEST_BUCKETS) {
      this.#resize(this.#buckets.length / 2);
    }
  }

  #resize(length: number): void {
    const buckets = emptyBuckets<T>(length);
    for (let entry of this.#buckets) {
      while (entry !== undefined) {
        const next: T | undefined = entry.chained;
        link(entry, buckets);
        entry = next;
      }
    }
    this.#buckets = buckets;
  }
}

type Buckets<T> = (T | undefined)[];

/** @param length A power of two. */
function emptyBuckets<T>(length: number): Buckets<T> {
  return new Array<T | undefined>(length).fill(undefined);
}

function link<T extends Entry>(entry: T, buckets: Buckets<T>): void {
  const bucket = entry.hash & (buckets.length - 1);
  entry.chained = buckets[bucket];
  buckets[bucket] = entry;
}
