/**
 * The way of a few bytes to the upstream beside the limit, for those that end work there. At once
 * or not at all: what comes late might end the work of somebody else.
 *
 * @module
 */

import { drain, writeAll } from "../io/byte_stream.ts";
import type { Clock } from "../io/clock.ts";
import type { Dial, Socket } from "../io/socket.ts";

/** How many connections there may be at once; what comes beyond is dropped. */
export const MAX_PASSING = 8;

/** How long each may take, in milliseconds, until the upstream has closed it. */
export const PASS_MS = 5000;

/** What a {@linkcode Bypass} works with. */
export interface BypassParts {
  dial: Dial;
  clock: Clock;
  /** Whether the upstream takes connections, as far as is known. */
  up: () => boolean;
}

/** Sends bytes to the upstream, each time on a connection of their own. */
export class Bypass {
  #parts: BypassParts;
  #passing = 0;

  constructor(parts: BypassParts) {
    this.#parts = parts;
  }

  /** Sends some bytes, and resolves when the upstream is done with them, or they were dropped. */
  async send(bytes: Uint8Array): Promise<void> {
    if (this.#passing === MAX_PASSING || !this.#parts.up()) return;
    this.#passing++;
    await this.#pass(bytes);
    this.#passing--;
  }

  #pass(bytes: Uint8Array): Promise<void> {
    const { dial, clock } = this.#parts;
    let socket: Socket | undefined;
    return new Promise((resolve) => {
      let over = false;
      const end = () => {
        if (over) return;
        over = true;
        cancel();
        socket?.close();
        resolve();
      };
      const cancel = clock.after(PASS_MS, end);
      dial().then(async (dialled) => {
        if (over) return dialled.close();
        socket = dialled;
        await writeAll(socket, bytes);
        await drain(socket);
      }).catch(() => {}).finally(end);
    });
  }
}
