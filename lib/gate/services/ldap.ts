/**
 * LDAP: a rejected client gets the result busy, with the words, to its first request.
 *
 * A request for TLS gets no answer but the end: a client that is refused it may go on without, and
 * send its password in the clear.
 *
 * @module
 */

import { lastWord } from "./answer.ts";
import { ascii } from "./ascii.ts";
import type { Heard, Service } from "./service.ts";

/** Tags of BER: X.690, 8.1 and 8.9 to 8.14. */
const SEQUENCE = 0x30;
const INTEGER = 0x02;
const ENUMERATED = 0x0a;
const OCTET_STRING = 0x04;

/** Lengths: the short form, and how many bytes the long form has at most. */
const LONG_FORM = 0x80;
const MAX_LENGTH_BYTES = 4;

/**
 * Requests and what answers them: RFC 4511, 4.2 to 4.10. An extended request is not among them:
 * that for TLS is one.
 */
const RESPONSES: ReadonlyMap<number, number> = new Map([
  [0x60, 0x61], // bind
  [0x63, 0x65], // search
  [0x66, 0x67], // modify
  [0x68, 0x69], // add
  [0x4a, 0x6b], // delete
  [0x6c, 0x6d], // modify the name
  [0x6e, 0x6f], // compare
]);

/** The result code busy: RFC 4511, 4.1.9. */
const BUSY = 51;

/** https://www.rfc-editor.org/rfc/rfc4511 */
export const service: Service = {
  reject: ({ words }) => ({ hear: (bytes) => hear(bytes, words) }),
};

function hear(bytes: Uint8Array, words: string): Heard {
  if (bytes[0] !== SEQUENCE) return "close";
  const id = contentAt(bytes, 1) + 1;
  const operation = id + 1 + (bytes[id] ?? 0);
  if (Number.isNaN(operation)) return "close";
  if (bytes.length <= operation) return "more";
  if (bytes[id - 1] !== INTEGER || bytes[id]! > MAX_LENGTH_BYTES) return "close";
  const response = RESPONSES.get(bytes[operation]!);
  if (response === undefined) return "close";
  return lastWord(result(bytes.subarray(id - 1, operation), response, words));
}

/** Where the content begins whose length begins there; NaN where that is no length. */
function contentAt(bytes: Uint8Array, at: number): number {
  const length = bytes[at] ?? 0;
  if (length < LONG_FORM) return at + 1;
  const count = length - LONG_FORM;
  return count >= 1 && count <= MAX_LENGTH_BYTES ? at + 1 + count : NaN;
}

/** An LDAPResult: RFC 4511, 4.1.9. Its lengths fit the short form: the words have 100 at most. */
function result(id: Uint8Array, response: number, words: string): Uint8Array {
  const text = ascii(words);
  const code = [ENUMERATED, 1, BUSY];
  const noName = [OCTET_STRING, 0];
  const content = [...code, ...noName, OCTET_STRING, text.length, ...text];
  const message = [...id, response, content.length, ...content];
  return Uint8Array.of(SEQUENCE, message.length, ...message);
}
