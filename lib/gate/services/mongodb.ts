/**
 * MongoDB: a rejected client gets an error in answer to its first message.
 *
 * That is its hello, and a client without an answer to that tries again every half second until its
 * time to select a server is over, and shows the error then. One whose hello is answered well shows
 * the error of its next command at once, but that command may have its password in it.
 *
 * @module
 */

import { behind, lastWord, littleEndian } from "./answer.ts";
import { ascii, joined } from "./ascii.ts";
import type { Check, Heard, Service } from "./service.ts";

/** The header: length, request, request that is answered, operation. */
const HEADER_BYTES = 16;
const REQUEST = 4;
const OPERATION = 12;

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

/** OP_REPLY: the flag AwaitCapable, no cursor, from the first of one document. */
const REPLY_BODY = [...littleEndian(8, 4), ...littleEndian(0, 12), ...littleEndian(1, 4)];

/** OP_MSG: no flags, one section that is a document. */
const MESSAGE_BODY = [...littleEndian(0, 4), 0];

/** IngressRequestRateLimitExceeded: none of the codes that mean a fault of the login. */
const CODE = 462;
const CODE_NAME = "IngressRequestRateLimitExceeded";

/** Types of elements, and the double 0. */
const DOUBLE = "\x01";
const STRING = "\x02";
const INT32 = "\x10";
const ZERO = "\0".repeat(8);

const NOTHING = new Uint8Array();

/** https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/ */
export const service: Service = {
  reject: ({ words }) => ({ hear: (bytes) => hear(bytes, words) }),
  check: () => new MongodbCheck(),
  patience: { client: "mongo-driver (Go)", ms: 10_000 },
};

function hear(bytes: Uint8Array, words: string): Heard {
  if (bytes.length < HEADER_BYTES) return "more";
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const operation = view.getInt32(OPERATION, true);
  if (operation !== OP_QUERY && operation !== OP_MSG) return "close";
  const error = document({ ok: 0, errmsg: words, code: CODE, codeName: CODE_NAME });
  const request = view.getUint32(REQUEST, true);
  return lastWord(
    operation === OP_QUERY
      ? message(OP_REPLY, request, REPLY_BODY, error)
      : message(OP_MSG, request, MESSAGE_BODY, error),
  );
}

function message(
  operation: number,
  answers: number,
  before: readonly number[],
  document: Uint8Array,
): Uint8Array {
  const length = HEADER_BYTES + before.length + document.length;
  const header = [length, 0, answers, operation].flatMap((word) => littleEndian(word, 4));
  return behind([...header, ...before], document);
}

/** https://bsonspec.org/spec.html: `ok` is a double, as servers have it. */
function document(fields: Readonly<Record<string, string | number>>): Uint8Array {
  let elements = "";
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string") {
      elements += `${STRING}${name}\0${int32(value.length + 1)}${value}\0`;
    } else {
      elements += name === "ok" ? `${DOUBLE}${name}\0${ZERO}` : `${INT32}${name}\0${int32(value)}`;
    }
  }
  return ascii(`${int32(4 + elements.length + 1)}${elements}\0`);
}

function int32(value: number): string {
  return String.fromCharCode(...littleEndian(value, 4));
}

/** `hello`: whatever the answer, it is one of a server that serves. */
class MongodbCheck implements Check {
  readonly opening = message(OP_MSG, 0, MESSAGE_BODY, document({ hello: 1, $db: "admin" }));
  #received = NOTHING;

  answer(bytes: Uint8Array): ReturnType<Check["answer"]> {
    this.#received = joined(this.#received, bytes);
    if (this.#received.length < HEADER_BYTES) return { bytes: NOTHING, done: false };
    const operation = new DataView(this.#received.buffer).getInt32(OPERATION, true);
    const verdict = { bytes: NOTHING, done: true };
    return operation === OP_MSG
      ? verdict
      : { ...verdict, problem: "it does not answer as MongoDB does" };
  }
}
