/**
 * Time, as far as the gate needs it, so that tests can give it another.
 *
 * @module
 */

/** Tells the time and calls back. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /** Calls `action` once, `ms` milliseconds from now; what it returns takes that back. */
  after(ms: number, action: () => void): () => void;
}

/** Resolves `ms` milliseconds from now. */
export function delay(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * A clock on which what one action throws is the fault of that alone.
 *
 * @param clock The time.
 * @param failed Told what an action has thrown. Must not throw.
 */
export function reporting(clock: Clock, failed: (error: unknown) => void): Clock {
  return {
    now: () => clock.now(),
    after: (ms, action) =>
      clock.after(ms, () => {
        try {
          action();
        } catch (error) {
          failed(error);
        }
      }),
  };
}
