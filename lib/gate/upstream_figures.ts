/**
 * How often the upstream was connected to and checked, how that went, and how long connecting took:
 * counted around what dials and asks, which know nothing of it.
 *
 * @module
 */

import type { Clock } from "../io/clock.ts";
import { type Dial, LocalShortage } from "../io/socket.ts";

/** Totals since the start. */
export class UpstreamFigures {
  /** Connections that came about, and how long that took in all, in milliseconds. */
  connects = 0;
  connectMs = 0;
  /** Attempts that failed, but for want of something of our own. */
  failures = 0;
  /** Checks by how they went; those left out would have told nothing new, or had no place. */
  readonly checks = { ok: 0, failed: 0, left_out: 0 };

  /** @returns What dials in the same way, and is counted. */
  dialling(dial: Dial, clock: Clock): Dial {
    return (timeoutMs) => {
      const begun = clock.now();
      const dialled = dial(timeoutMs);
      // Beside whoever waits for it: one more promise between them would cost each client more.
      dialled.then(() => {
        this.connects++;
        this.connectMs += clock.now() - begun;
      }, (error) => {
        if (!(error instanceof LocalShortage)) this.failures++;
      });
      return dialled;
    };
  }

  /** @returns What asks in the same way, and is counted. */
  asking(ask: () => Promise<void>): () => Promise<void> {
    return async () => {
      try {
        await ask();
        this.checks.ok++;
      } catch (error) {
        if (!(error instanceof LocalShortage)) this.checks.failed++;
        throw error;
      }
    };
  }
}
