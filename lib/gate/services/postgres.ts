/**
 * PostgreSQL: a rejected client gets an error that it shows. It speaks first, and listens only once
 * it has been told that there is no encryption and has asked for its session.
 *
 * The messages: https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 * @module
 */

import { behind, bigEndian, lastWord } from "./answer.ts";
import { ascii, joined, printable } from "./ascii.ts";
import type { Beginning, Check, Heard, Service } from "./service.ts";

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

/** Version 3.0 of the protocol. */
const PROTOCOL = 3 << 16;

/** SQLSTATE too_many_connections, and cannot_connect_now: it starts, stops or recovers. */
const SQLSTATE = "53300";
const CANNOT_CONNECT_NOW = "57P03";

const NOTHING = new Uint8Array();
const ENCRYPTION_DECLINED = ascii("N");

/**
 * A request for encryption is answered with one letter. A session is asked for in 63 bytes by psql,
 * in some 150 by pgjdbc; TLS begins with 222 and more (rustls; OpenSSL: 290 to 520), and may be
 * answered with 99 (HelloRetryRequest). A refusal is an error: 107 bytes in English, 70 without its
 * message. What asks for a password has 9 to 43 bytes. A session that begins is told the settings
 * of the server first, in 300 bytes and more, and no query is looked at before that has been sent.
 * A request to cancel has a key of 4 bytes, or of 32 since PostgreSQL 18.
 */
const BEGINNING: Beginning = {
  answerBytes: MAX_ENCRYPTION_REQUESTS,
  requestBytes: 200,
  refusalBytes: { least: 64, most: 256 },
  silentBytes: [MIN_CANCEL_BYTES, MIN_CANCEL_BYTES - 4 + 32],
};

/** PostgreSQL. */
export const service: Service = {
  reject: ({ words }) => ({ hear: (bytes) => hear(bytes, words) }),
  passes: cancelIn,
  check: () => new PostgresCheck(),
  clientEnds: true,
  patience: { client: "pgjdbc (Java)", ms: 5000 },
  beginning: BEGINNING,
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

/** Hears a client: one that speaks something else, or cancels a query, is told nothing. */
function hear(bytes: Uint8Array, words: string): Heard {
  if (bytes.length < HEADER_BYTES) return "more";
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = view.getInt32(0);
  const code = view.getInt32(4);
  if (length < HEADER_BYTES || length > MAX_PACKET_BYTES || code === CANCEL_REQUEST) return "close";
  if (bytes.length < length) return "more";
  if (code === SSL_REQUEST || code === GSSENC_REQUEST) {
    return { say: ENCRYPTION_DECLINED, taken: length, done: false };
  }
  return lastWord(errorResponse(words));
}

function errorResponse(words: string): Uint8Array {
  const fields = ascii(`SFATAL\0VFATAL\0C${SQLSTATE}\0M${words}\0\0`);
  return behind([letter("E"), ...bigEndian(4 + fields.length, 4)], fields);
}

function letter(character: string): number {
  return character.charCodeAt(0);
}

/**
 * What `pg_isready` does: asks for a session, and goes when it hears what comes of that. That it is
 * refused, for another reason than the state of the server, is an answer like any other.
 */
class PostgresCheck implements Check {
  readonly opening = startup({
    user: "postgres",
    database: "postgres",
    application_name: "poolgate",
  });
  #received = NOTHING;

  answer(bytes: Uint8Array) {
    const received = this.#received = joined(this.#received, bytes);
    const verdict = { bytes: NOTHING, done: true };
    if (received.length < 1 + 4 + 4) return { ...verdict, done: false };
    const view = new DataView(received.buffer);
    const type = String.fromCharCode(received[0]!);
    // Where no password is asked for, the session is on its way.
    if (type === "R" && view.getInt32(5) === AUTHENTICATED) return { ...verdict, bytes: TERMINATE };
    if (type !== "E") return verdict;
    const end = 1 + view.getInt32(1);
    if (received.length < Math.min(end, MAX_PACKET_BYTES)) return { ...verdict, done: false };
    const { C: code, M: message } = fieldsOf(received.subarray(1 + 4, end));
    return code === CANNOT_CONNECT_NOW ? { ...verdict, problem: `it says: ${message}` } : verdict;
  }
}

/** What AuthenticationOk says. */
const AUTHENTICATED = 0;

/** The message Terminate. */
const TERMINATE = Uint8Array.of(letter("X"), 0, 0, 0, 4);

/** The message that asks for a session. */
function startup(parameters: Readonly<Record<string, string>>): Uint8Array {
  const words = Object.entries(parameters).flat();
  const text = ascii(words.map((word) => `${word}\0`).join("") + "\0");
  const packet = joined(new Uint8Array(HEADER_BYTES), text);
  const view = new DataView(packet.buffer);
  view.setInt32(0, packet.length);
  view.setInt32(4, PROTOCOL);
  return packet;
}

/** The fields of an error, by their letters, fit for one line. */
function fieldsOf(bytes: Uint8Array): Partial<Record<string, string>> {
  const fields: Partial<Record<string, string>> = {};
  for (let start = 0; start < bytes.length && bytes[start] !== 0;) {
    const end = bytes.indexOf(0, start);
    const field = bytes.subarray(start, end === -1 ? bytes.length : end);
    fields[String.fromCharCode(field[0]!)] = printable(field.subarray(1));
    start += field.length + 1;
  }
  return fields;
}
