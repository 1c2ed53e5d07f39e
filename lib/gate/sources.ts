/**
 * How many connections each address has, so that one client cannot take every place. Pure.
 *
 * @module
 */

/** Counts connections by where they come from. It holds those addresses only that have any. */
export class Sources {
  #counts = new Map<string, number>();

  /** How many connections an address has. */
  count(source: string): number {
    return this.#counts.get(source) ?? 0;
  }

  /** Counts one more. */
  add(source: string): void {
    this.#counts.set(source, this.count(source) + 1);
  }

  /** Counts one less, of an address that has one. */
  remove(source: string): void {
    const count = this.count(source);
    if (count === 0) throw new Error(`BUG: no connection from ${source} to remove`);
    if (count === 1) this.#counts.delete(source);
    else this.#counts.set(source, count - 1);
  }
}
