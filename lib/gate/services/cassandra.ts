/**
 * Cassandra: a rejected client gets the error Overloaded, with the words, to its first request; one
 * that asks for the options, to the next: gocql shows no error that comes in the place of these. It
 * logs in only when it is asked to.
 *
 * @module
 */

import { behind, bigEndian, lastWord, readBigEndian } from "./answer.ts";
import { ascii, joined } from "./ascii.ts";
import type { Check, Heard, Service } from "./service.ts";

/** The header: version, flags, stream, operation, length. Before version 3, a stream has 1 byte. */
const STREAM = 2;
const LONG_STREAMS = 3;
const LENGTH_BYTES = 4;

/** A response has this in the byte of the version. */
const RESPONSE = 0x80;

const ERROR = 0;
const OPTIONS = 5;
const SUPPORTED = 6;

/** A multimap of strings: the first version of CQL 3, and no compression. */
const CAPABILITIES = ascii("\0\x02\0\x0bCQL_VERSION\0\x01\0\x053.0.0\0\x0bCOMPRESSION\0\0");

/** Error codes: native_protocol_v4.spec, 9. */
const OVERLOADED = 0x1001;
const IS_BOOTSTRAPPING = 0x1002;

/** https://cassandra.apache.org/doc/latest/cassandra/reference/native-protocol.html, 2 and 4.2.1 */
export const service: Service = {
  reject: ({ words }) => ({ hear: (bytes) => hear(bytes, words) }),
  check: () => new CassandraCheck(),
  patience: { client: "gocql (Go)", ms: 600 },
};

function hear(bytes: Uint8Array, words: string): Heard {
  const [version = 0] = bytes;
  if (version === 0 || version >= RESPONSE) return "close";
  const operation = STREAM + (version < LONG_STREAMS ? 1 : 2);
  if (bytes.length <= operation) return "more";
  const response = [version | RESPONSE, 0, ...bytes.subarray(STREAM, operation)];
  if (bytes[operation] !== OPTIONS) return lastWord(frame(response, ERROR, overloaded(words)));
  const body = operation + 1 + LENGTH_BYTES;
  const taken = body + readBigEndian(bytes, operation + 1, LENGTH_BYTES);
  if (bytes.length < body || bytes.length < taken) return "more";
  return { say: frame(response, SUPPORTED, CAPABILITIES), taken, done: false };
}

function overloaded(words: string): Uint8Array {
  return behind([...bigEndian(OVERLOADED, 4), ...bigEndian(words.length, 2)], ascii(words));
}

function frame(head: readonly number[], operation: number, body: Uint8Array): Uint8Array {
  return behind([...head, operation, ...bigEndian(body.length, LENGTH_BYTES)], body);
}

const VERSION_4 = 4;
const NOTHING = new Uint8Array();

/** The header, and the code of an error. */
const ENOUGH = 9 + 4;

/** `OPTIONS`, which needs no login. Only one that is on its way into its cluster is of no use. */
class CassandraCheck implements Check {
  readonly opening = Uint8Array.of(VERSION_4, 0, 0, 0, OPTIONS, 0, 0, 0, 0);
  #received = NOTHING;

  answer(bytes: Uint8Array): ReturnType<Check["answer"]> {
    this.#received = joined(this.#received, bytes);
    if (this.#received.length < ENOUGH) return { bytes: NOTHING, done: false };
    const [version = 0, , , , operation] = this.#received;
    const verdict = { bytes: NOTHING, done: true };
    if (version < RESPONSE) return { ...verdict, problem: "it does not answer as Cassandra does" };
    const code = readBigEndian(this.#received, ENOUGH - 4, 4);
    return operation === ERROR && code === IS_BOOTSTRAPPING
      ? { ...verdict, problem: "it says that it is bootstrapping" }
      : verdict;
  }
}
