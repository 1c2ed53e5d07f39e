/**
 * PostgreSQL: a rejected client gets an error that it shows. It speaks first, and listens only once
 * it has been told that there is no encryption and has asked for its session.
 *
 * The messages: https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 * @module
 */

import type { RejectReason } from "../../pool/client.ts";
import { REASON_TEXT } from "../reason_text.ts";
import type { Rejection, Service } from "./service.ts";

/** The longest first packet that PostgreSQL itself takes, in bytes. */
const MAX_PACKET_BYTES = 10_000;
const HEADER_BYTES = 8;
const CANCEL_REQUEST = 80877102;

/**
 * The shortest and the longest request to cancel, in bytes: its secret key has 4 bytes, and up to
 * 256 since version 3.2 of the protocol.
 */
const MIN_CANCEL_BYTES = 16;
const MAX_CANCEL_BYTES = 268;

/** How many requests for encryption a client makes at most: one of each kind. */
const MAX_ENCRYPTION_REQUESTS = 2;
const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;

/** SQLSTATE too_many_connections. */
const SQLSTATE = "53300";

/** PostgreSQL. */
export const service: Service = {
  reject: (reason) => new PostgresRejection(reason),
  passes: cancelIn,
};

/** Finds a request to cancel, which may stand behind those for encryption. */
function cancelIn(bytes: Uint8Array): Uint8Array | "unknown" | undefined {
  for (let at = 0; at <= MAX_ENCRYPTION_REQUESTS * HEADER_BYTES; at += HEADER_BYTES) {
    if (bytes.length - at < HEADER_BYTES) return "unknown";
    const view = new DataView(bytes.buffer, bytes.byteOffset + at);
    const length = view.getInt32(0);
    const code = view.getInt32(4);
    if (code === CANCEL_REQUEST) {
      if (length < MIN_CANCEL_BYTES || length > MAX_CANCEL_BYTES) return undefined;
      return bytes.length - at < length ? "unknown" : bytes.subarray(at, at + length);
    }
    if (code !== SSL_REQUEST && code !== GSSENC_REQUEST || length !== HEADER_BYTES) {
      return undefined;
    }
  }
  return undefined;
}

/**
 * The conversation with one client. One that speaks something else, or cancels a query, is told
 * nothing.
 */
class PostgresRejection implements Rejection {
  readonly opening = new Uint8Array();
  #reason: RejectReason;
  #received = new Uint8Array();

  constructor(reason: RejectReason) {
    this.#reason = reason;
  }

  answer(bytes: Uint8Array) {
    const received = this.#received = joined(this.#received, bytes);
    const said: number[] = [];
    let at = 0;
    while (received.length - at >= HEADER_BYTES) {
      const view = new DataView(received.buffer, at);
      const length = view.getInt32(0);
      const code = view.getInt32(4);
      if (length < HEADER_BYTES || length > MAX_PACKET_BYTES || code === CANCEL_REQUEST) {
        return say(said, true);
      }
      if (received.length - at < length) break;
      at += length;
      if (code === SSL_REQUEST || code === GSSENC_REQUEST) said.push(letter("N"));
      else return say([...said, ...errorResponse(this.#reason)], true);
    }
    this.#received = received.slice(at);
    return say(said, false);
  }
}

function say(bytes: number[], done: boolean) {
  return { bytes: Uint8Array.from(bytes), done };
}

function errorResponse(reason: RejectReason): number[] {
  const fields = `SFATAL\0VFATAL\0C${SQLSTATE}\0M${REASON_TEXT[reason]}\0\0`;
  const length = 4 + fields.length;
  return [letter("E"), 0, 0, length >> 8, length & 0xff, ...Array.from(fields, letter)];
}

function letter(character: string): number {
  return character.charCodeAt(0);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
