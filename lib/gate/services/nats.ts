/**
 * NATS: a rejected client gets an error in place of the greeting.
 *
 * Some clients show the words only as the answer to their CONNECT, with other words before them
 * that blame the login. A greeting would draw that out, with the password in it.
 *
 * @module
 */

import { ascii, joined, printable } from "./ascii.ts";
import type { Check, Service } from "./service.ts";

/** https://docs.nats.io/reference/reference-protocols/nats-protocol, +OK/-ERR. */
export const service: Service = {
  reject: ({ words }) => ({ opening: ascii(`-ERR '${words}'\r\n`) }),
  check: () => new NatsCheck(),
  patience: { client: "nats.go (Go)", ms: 2000 },
};

const GREETING = "INFO ";
const NOTHING = new Uint8Array();

/** Hears the greeting: a server that has one serves. */
class NatsCheck implements Check {
  readonly opening = NOTHING;
  #received = NOTHING;

  answer(bytes: Uint8Array): ReturnType<Check["answer"]> {
    this.#received = joined(this.#received, bytes);
    if (this.#received.length < GREETING.length) return { bytes: NOTHING, done: false };
    const line = printable(this.#received);
    const verdict = { bytes: NOTHING, done: true };
    return line.startsWith(GREETING) ? verdict : { ...verdict, problem: `it greets with: ${line}` };
  }
}
