/**
 * HTTP/1.1: a rejected client gets a whole response, whatever it asks for.
 *
 * @module
 */

import type { RejectReason } from "../../pool/client.ts";
import { lastWord } from "./answer.ts";
import { ascii, joined, printable } from "./ascii.ts";
import type { Check, CheckOptions, Service } from "./service.ts";

/**
 * How long a rejected client is asked to stay away, in seconds: where the wait is not known, or is
 * not what it was rejected for; and at most.
 */
const RETRY_AFTER_S = 5;
const MAX_RETRY_AFTER_S = 120;

/**
 * RFC 9110, 15.6.4: 503 Service Unavailable, with Retry-After (10.2.3). The words stand in the
 * reason phrase, too: wget, and programs that show no body, show that.
 */
export const service: Service = {
  reject({ reason, words, waitMs }) {
    const body = `${words}\n`;
    const head = `HTTP/1.1 503 ${words}\r\n` +
      `Retry-After: ${retryAfter(reason, waitMs)}\r\n` +
      "Content-Type: text/plain\r\n" +
      `Content-Length: ${body.length}\r\n` +
      "Cache-Control: no-store\r\n" +
      "Connection: close\r\n";
    const response = ascii(`${head}\r\n${body}`);
    return { hear: () => lastWord(response), blind: response };
  },
  check: (options) => new HttpCheck(options),
  patience: { client: "file_get_contents (PHP)", ms: 60_000 },
};

function retryAfter(reason: RejectReason, waitMs: number | undefined): number {
  const forWait = reason === "backlog_full" || reason === "queue_timeout";
  if (!forWait || waitMs === undefined) return RETRY_AFTER_S;
  return Math.min(Math.max(Math.ceil(waitMs / 1000), 1), MAX_RETRY_AFTER_S);
}

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
