/**
 * Turning a PostgreSQL client away so that it understands: it speaks first, and listens only once it has been told
 * that there is no encryption and has asked for its session. Knows no socket: bytes in, bytes out.
 *
 * The messages: https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 * @module
 */

import { REASON_TEXT, type RejectReason } from "./farewell.ts";

/** The longest first packet that PostgreSQL itself takes, in bytes. */
const MAX_PACKET_BYTES = 10_000;
const HEADER_BYTES = 8;
const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;

/** SQLSTATE too_many_connections. */
const SQLSTATE = "53300";

/** What to send to a client for what it has sent. */
export interface Answer {
  bytes: Uint8Array;
  /** Whether this was the last. */
  done: boolean;
}

/** The conversation with one client. */
export class PostgresFarewell {
  #reason: RejectReason;
  #received = new Uint8Array();

  /** @param reason Why the client is turned away. */
  constructor(reason: RejectReason) {
    this.#reason = reason;
  }

  /**
   * @param bytes What has come from the client, from its first byte on, cut anywhere.
   * @returns What to answer, nothing for a client that speaks something else or cancels a query.
   */
  take(bytes: Uint8Array): Answer {
    const received = this.#received = joined(this.#received, bytes);
    const answers: number[] = [];
    let at = 0;
    for (; received.length - at >= HEADER_BYTES;) {
      const view = new DataView(received.buffer, at);
      const length = view.getInt32(0);
      const code = view.getInt32(4);
      if (length < HEADER_BYTES || length > MAX_PACKET_BYTES || code === CANCEL_REQUEST) {
        return answer(answers, true);
      }
      if (received.length - at < length) break;
      at += length;
      if (code === SSL_REQUEST || code === GSSENC_REQUEST) answers.push(letter("N"));
      else return answer([...answers, ...errorResponse(this.#reason)], true);
    }
    this.#received = received.slice(at);
    return answer(answers, false);
  }
}

function answer(bytes: number[], done: boolean): Answer {
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
