/**
 * HTTP/1.1: a rejected client gets a whole response, whatever it asks for.
 *
 * @module
 */

import { REASON_TEXT } from "../reason_text.ts";
import { ascii, joined, printable } from "./ascii.ts";
import type { Check, CheckOptions, Service } from "./service.ts";

/** How long a rejected client is asked to stay away, in seconds. */
const RETRY_AFTER_S = 5;

/** RFC 9110, 15.6.4: 503 Service Unavailable, with Retry-After (10.2.3). */
export const service: Service = {
  reject(reason) {
    const body = `${REASON_TEXT[reason]}\n`;
    const head = "HTTP/1.1 503 Service Unavailable\r\n" +
      `Retry-After: ${RETRY_AFTER_S}\r\n` +
      "Content-Type: text/plain\r\n" +
      `Content-Length: ${body.length}\r\n` +
      "Cache-Control: no-store\r\n" +
      "Connection: close\r\n";
    return { opening: ascii(`${head}\r\n${body}`) };
  },
  check: (options) => new HttpCheck(options),
};

/** `HTTP/1.1 200`: as much of an answer as is waited for. */
const STATUS_BYTES = 12;

/** From this status on, it is the server that is at fault: RFC 9110, 15.6. */
const SERVER_ERROR = 500;

const NOTHING = new Uint8Array();

/** A GET, whose status alone counts. */
class HttpCheck implements Check {
  readonly opening: Uint8Array;
  #options: CheckOptions;
  #received = NOTHING;

  constructor(options: CheckOptions) {
    this.#options = options;
    this.opening = ascii(
      `GET ${options.path} HTTP/1.1\r\nHost: ${options.host}\r\nUser-Agent: poolgate\r\n` +
        "Accept: */*\r\nConnection: close\r\n\r\n",
    );
  }

  answer(bytes: Uint8Array) {
    this.#received = joined(this.#received, bytes);
    if (this.#received.length < STATUS_BYTES) return { bytes: NOTHING, done: false };
    const verdict = { bytes: NOTHING, done: true };
    const line = printable(this.#received.subarray(0, STATUS_BYTES));
    const [, digits] = /^HTTP\/\d\.\d (\d{3})$/.exec(line) ?? [];
    if (digits === undefined) return { ...verdict, problem: "it does not answer as HTTP does" };
    const { path, status } = this.#options;
    const fine = status === undefined ? Number(digits) < SERVER_ERROR : Number(digits) === status;
    return fine ? verdict : { ...verdict, problem: `it answers GET ${path} with ${digits}` };
  }
}
