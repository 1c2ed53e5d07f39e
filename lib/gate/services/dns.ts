/**
 * DNS over TCP: a rejected client gets SERVFAIL, with the words where it knows of such.
 *
 * @module
 */

import { behind, bigEndian, lastWord, readBigEndian } from "./answer.ts";
import { ascii, joined } from "./ascii.ts";
import type { Check, Heard, Service } from "./service.ts";

/** The length before a message: RFC 1035, 4.2.2. Its header: 4.1.1. */
const LENGTH_BYTES = 2;
const HEADER_BYTES = 12;

/** Bits of the header: a response; as the query has them, operation and recursion; SERVFAIL. */
const RESPONSE = 0x80;
const AS_ASKED = 0x79;
const SERVFAIL = 0x82;

/** The record OPT: RFC 6891, 6.1.2, of the root and its type; then the size of UDP, and flags. */
const OPT = [0, 0, 41];
const OPT_REST = [...bigEndian(1232, 2), ...bigEndian(0, 4)];

/** The option Extended DNS Error: RFC 8914, 2. Other: the words are all. */
const EXTENDED_ERROR = 15;
const OTHER = 0;

const MAX_LABEL = 63;

/** RFC 1035, RFC 7766. A client that sends no OPT must get none: RFC 6891, 6.1.1. */
export const service: Service = {
  reject: ({ words }) => ({ hear: (bytes) => hear(bytes, words) }),
  check: () => new DnsCheck(),
  patience: { client: "dns.resolver over TCP (Python)", ms: 2000 },
};

function hear(bytes: Uint8Array, words: string): Heard {
  if (bytes.length < LENGTH_BYTES) return "more";
  const length = readBigEndian(bytes, 0, LENGTH_BYTES);
  if (length < HEADER_BYTES) return "close";
  if (bytes.length < LENGTH_BYTES + length) return "more";
  const query = bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
  if (query[2]! & RESPONSE || readBigEndian(query, 4, 2) > 1) return "close";
  return lastWord(failure(query, words));
}

function failure(query: Uint8Array, words: string): Uint8Array {
  const question = query.subarray(HEADER_BYTES, endOfQuestion(query));
  const extended = OPT.every((byte, at) => byte === query[HEADER_BYTES + question.length + at]);
  const additional = extended ? opt(words) : [];
  const flags = [RESPONSE | query[2]! & AS_ASKED, SERVFAIL];
  const counts = [...query.subarray(4, 6), 0, 0, 0, 0, 0, extended ? 1 : 0];
  const head = [...query.subarray(0, 2), ...flags, ...counts, ...question];
  const length = bigEndian(head.length + additional.length, LENGTH_BYTES);
  return behind([...length, ...head], Uint8Array.from(additional));
}

/** Where the one question ends, if there is any and it is whole. */
function endOfQuestion(query: Uint8Array): number {
  if (readBigEndian(query, 4, 2) === 0) return HEADER_BYTES;
  let at = HEADER_BYTES;
  while ((query[at] ?? 0) > 0 && query[at]! <= MAX_LABEL) at += 1 + query[at]!;
  const typeAndClass = 4;
  return at + 1 + typeAndClass;
}

function opt(words: string): number[] {
  const error = [...bigEndian(OTHER, 2), ...ascii(words)];
  const option = [...bigEndian(EXTENDED_ERROR, 2), ...bigEndian(error.length, 2), ...error];
  return [...OPT, ...OPT_REST, ...bigEndian(option.length, 2), ...option];
}

const NOTHING = new Uint8Array();

/** A query for the name servers of the root, without recursion. */
const QUERY = joined(
  Uint8Array.of(0, 17, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0),
  Uint8Array.of(0, 0, 2, 0, 1),
);

/** Any answer is one of a server that serves: it may know nothing of the root. */
class DnsCheck implements Check {
  readonly opening = QUERY;
  #received = NOTHING;

  answer(bytes: Uint8Array): ReturnType<Check["answer"]> {
    this.#received = joined(this.#received, bytes);
    const { length } = this.#received;
    if (length < LENGTH_BYTES + HEADER_BYTES) return { bytes: NOTHING, done: false };
    const verdict = { bytes: NOTHING, done: true };
    const isAnswer = this.#received[LENGTH_BYTES + 1] === 1 &&
      (this.#received[LENGTH_BYTES + 2]! & RESPONSE) > 0;
    return isAnswer ? verdict : { ...verdict, problem: "it does not answer as DNS does" };
  }
}
