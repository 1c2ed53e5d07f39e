/**
 * Redis: a rejected client gets the server's own error.
 *
 * @module
 */

import { ascii, joined, printable } from "./ascii.ts";
import type { Check, Service } from "./service.ts";

/**
 * The error that Redis itself gives when `maxclients` is reached, which clients know:
 * https://redis.io/docs/latest/develop/reference/clients/#maximum-concurrent-connected-clients
 */
export const service: Service = {
  reject: () => ({ opening: ascii("-ERR max number of clients reached\r\n") }),
  check: () => new RedisCheck(),
  clientEnds: true,
};

/** The longest first line that is waited for, in bytes: the errors of Redis are far shorter. */
const MAX_LINE = 1024;

const NEW_LINE = 10;
const NOTHING = new Uint8Array();

/**
 * `PING`. Whatever the answer, it is one of a server that serves: `-NOAUTH` wants a password. Only
 * one that still reads its data from disk says so to every client.
 */
class RedisCheck implements Check {
  readonly opening = ascii("*1\r\n$4\r\nPING\r\n");
  #received = NOTHING;

  answer(bytes: Uint8Array) {
    this.#received = joined(this.#received, bytes);
    const end = this.#received.indexOf(NEW_LINE);
    if (end === -1) return { bytes: NOTHING, done: this.#received.length > MAX_LINE };
    const line = printable(this.#received.subarray(0, end)).replace(/\?$/, "");
    const verdict = { bytes: NOTHING, done: true };
    return line.startsWith("-LOADING") ? { ...verdict, problem: `it says ${line}` } : verdict;
  }
}
