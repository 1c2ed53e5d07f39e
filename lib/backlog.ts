/**
 * The backlog: a first-in-first-out queue that anyone may leave from the middle. A doubly linked list
 * whose links live in the waiting entries themselves, because `Array.shift` and the first key of a `Map`
 * both take time that grows with the queue.
 *
 * @module
 */

/** The links of an entry. They belong to the backlog: whoever makes an entry sets them `undefined`. */
export interface Links {
  before: this | undefined;
  after: this | undefined;
}

/** A queue of entries of type `T`; an entry is in at most one backlog, at most once. */
export class Backlog<T extends Links> {
  #first: T | undefined;
  #last: T | undefined;
  #length = 0;

  /** How many wait. */
  get length(): number {
    return this.#length;
  }

  /** The entry that has waited longest; `undefined` when nobody waits. */
  get first(): T | undefined {
    return this.#first;
  }

  /** All entries, the first first. While they are gone through, only the present one may be taken out. */
  *[Symbol.iterator](): Iterator<T> {
    for (let entry = this.#first; entry !== undefined;) {
      const { after }: T = entry;
      yield entry;
      entry = after;
    }
  }

  /** Puts an entry that is in no backlog at the end. */
  push(entry: T): void {
    entry.before = this.#last;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.after = entry;
    this.#last = entry;
    this.#length++;
  }

  /** @returns The entry that has waited longest, taken out, or `undefined` when nobody waits. */
  shift(): T | undefined {
    const first = this.#first;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes out an entry of this backlog, wherever it stands. */
  remove(entry: T): void {
    if (this.#length === 0) throw new Error("BUG: remove from an empty backlog");
    if (entry.before === undefined) this.#first = entry.after;
    else entry.before.after = entry.after;
    if (entry.after === undefined) this.#last = entry.before;
    else entry.after.before = entry.before;
    entry.before = undefined;
    entry.after = undefined;
    this.#length--;
  }
}
