/**
 * What is known at once or later. Told by a call, not by a promise: a promise is told a moment
 * later than a call that was made after it, and the order of both would be lost.
 *
 * @module
 */

/** A value that is not known yet. */
export class Later<T> {
  #outcome: { value: T } | undefined;
  #actions: ((value: T) => void)[] = [];

  /**
   * Makes the value known.
   *
   * @throws {Error} `BUG:` when it is known already; else what the first action has thrown that
   *   has, when all have been called.
   */
  settle(value: T): void {
    if (this.#outcome !== undefined) throw new Error("BUG: settled twice");
    this.#outcome = { value };
    const actions = this.#actions;
    this.#actions = [];
    let failure: { error: unknown } | undefined;
    for (const action of actions) {
      try {
        action(value);
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  }

  /** Calls `action` with the value, at once where it is known. */
  whenKnown(action: (value: T) => void): void {
    if (this.#outcome === undefined) this.#actions.push(action);
    else action(this.#outcome.value);
  }

  /** Has an action that has not been called called no more. */
  forget(action: (value: T) => void): void {
    this.#actions = this.#actions.filter((other) => other !== action);
  }
}

/** Calls `action` with the value as soon as it is known. */
export function whenKnown<T>(value: T | Later<T>, action: (value: T) => void): void {
  if (value instanceof Later) value.whenKnown(action);
  else action(value);
}
