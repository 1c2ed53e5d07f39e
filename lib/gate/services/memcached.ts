/**
 * memcached: a rejected client gets an error, to a command of text or in the binary protocol.
 *
 * @module
 */

import { behind, bigEndian, lastWord } from "./answer.ts";
import { ascii, joined, printable } from "./ascii.ts";
import type { Check, Heard, Service } from "./service.ts";

const REQUEST = 0x80;
const RESPONSE = 0x81;
const HEADER_BYTES = 24;
/** Where the header has what a response repeats. */
const OPCODE = 1;
const OPAQUE = 12;

/** Response Status: Busy. What text is sent along, clients do not show. */
const BUSY = 0x85;

const NEW_LINE = 10;
const NOTHING = new Uint8Array();

/**
 * SERVER_ERROR: doc/protocol.txt, Error strings. memcached's own words at its limit begin with
 * ERROR, for which clients know no text: they show nothing.
 *
 * The binary protocol: https://docs.memcached.org/protocols/binary/, Response header.
 */
export const service: Service = {
  reject({ words }) {
    const error = ascii(`SERVER_ERROR ${words}\r\n`);
    return { hear: (bytes) => hear(bytes, error), blind: error };
  },
  check: () => new MemcachedCheck(),
  patience: { client: "gomemcache (Go)", ms: 100 },
};

function hear(bytes: Uint8Array, error: Uint8Array): Heard {
  if (bytes[0] !== REQUEST) return bytes.includes(NEW_LINE) ? lastWord(error) : "more";
  if (bytes.length < HEADER_BYTES) return "more";
  const noLengths = bigEndian(0, 4);
  const status = bigEndian(BUSY, 2);
  const head = [RESPONSE, bytes[OPCODE]!, ...noLengths, ...status, ...bigEndian(0, 4)];
  const opaque = bytes.subarray(OPAQUE, OPAQUE + 4);
  return lastWord(behind([...head, ...opaque], new Uint8Array(8)));
}

/** The longest answer that is waited for, in bytes. */
const MAX_LINE = 1024;

/** `version`: any answer is one of a server that serves. */
class MemcachedCheck implements Check {
  readonly opening = ascii("version\r\n");
  #received = NOTHING;

  answer(bytes: Uint8Array): ReturnType<Check["answer"]> {
    this.#received = joined(this.#received, bytes);
    const end = this.#received.indexOf(NEW_LINE);
    if (end === -1 && this.#received.length < MAX_LINE) return { bytes: NOTHING, done: false };
    const line = printable(this.#received.subarray(0, end)).replace(/\?$/, "");
    if (/^(VERSION|ERROR|SERVER_ERROR|CLIENT_ERROR)/.test(line)) {
      return { bytes: ascii("quit\r\n"), done: true };
    }
    return { bytes: NOTHING, done: true, problem: "it does not answer as memcached does" };
  }
}
