/**
 * A first-in-first-out list that an entry may leave from the middle. The links live in the entries
 * themselves, because `Array.shift` and the first key of a `Map` both take time that grows with
 * the length.
 *
 * @module
 */

/** The links of an entry. They belong to the list: whoever makes an entry sets them `undefined`. */
export interface Links {
  before: this | undefined;
  after: this | undefined;
}

/** A list of entries of type `T`; an entry is in at most one list, at most once. */
export class LinkedList<T extends Links> {
  #first: T | undefined;
  #last: T | undefined;
  #length = 0;

  /** How many entries there are. */
  get length(): number {
    return this.#length;
  }

  /** The entry that has been there longest; `undefined` where there is none. */
  get first(): T | undefined {
    return this.#first;
  }

  /** All entries, the first first. Meanwhile only the present one may be taken out. */
  *[Symbol.iterator](): Iterator<T> {
    for (let entry = this.#first; entry !== undefined;) {
      const { after }: T = entry;
      yield entry;
      entry = after;
    }
  }

  /** Puts an entry that is in no list at the end. */
  push(entry: T): void {
    entry.before = this.#last;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.after = entry;
    this.#last = entry;
    this.#length++;
  }

  /** @returns The first entry, taken out, or `undefined` where there is none. */
  shift(): T | undefined {
    const first = this.#first;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /**
   * Takes out an entry of this list, wherever it stands.
   *
   * @throws {Error} `BUG:` where the list is empty.
   */
  remove(entry: T): void {
    if (this.#length === 0) throw new Error("BUG: remove from an empty list");
    if (entry.before === undefined) this.#first = entry.after;
    else entry.before.after = entry.after;
    if (entry.after === undefined) this.#last = entry.before;
    else entry.after.before = entry.before;
    entry.before = undefined;
    entry.after = undefined;
    this.#length--;
  }
}
