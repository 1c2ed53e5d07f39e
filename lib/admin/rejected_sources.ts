/**
 * How many clients of each address were turned away. Pure. It remembers a bounded number of
 * addresses: those that were turned away last.
 *
 * @module
 */

/** How many addresses are remembered. */
export const MAX_SOURCES = 1000;

/** Counts by address. */
export class RejectedSources {
  /** The one that was turned away last stands last. */
  #counts = new Map<string, number>();

  /** By address, how many since it was last not remembered. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Counts one that came from an address. */
  add(source: string): void {
    const count = this.#counts.get(source) ?? 0;
    this.#counts.delete(source);
    this.#counts.set(source, count + 1);
    if (this.#counts.size <= MAX_SOURCES) return;
    for (const oldest of this.#counts.keys()) {
      this.#counts.delete(oldest);
      break;
    }
  }
}
