/**
 * MySQL and MariaDB: a rejected client gets an error in place of the greeting.
 *
 * @module
 */

import { isLimit } from "../reason_text.ts";
import { ascii, joined, printable } from "./ascii.ts";
import type { Check, Service } from "./service.ts";

const MYSQL_ERR = 0xff;
const ER_CON_COUNT_ERROR = 1040;
const CONNECTION_REJECTED = "#08004";
const ER_SERVER_SHUTDOWN = 1053;
const ER_HOST_IS_BLOCKED = 1129;

/**
 * The ERR packet that a server sends in place of its greeting. It has the SQL state: clients skip
 * it, and PyMySQL takes the first 6 characters for it, whatever they are.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_err_packet.html
 */
export const service: Service = {
  reject({ reason, words }) {
    const text = isLimit(reason) ? `Too many connections (${words})` : words;
    const code = [ER_CON_COUNT_ERROR & 0xff, ER_CON_COUNT_ERROR >> 8];
    const message = ascii(CONNECTION_REJECTED + text);
    return { opening: packet(0, Uint8Array.of(MYSQL_ERR, ...code, ...message)) };
  },
  check: () => new MysqlCheck(),
  clientEnds: true,
  patience: { client: "createConnection of mariadb (npm)", ms: 1000 },
};

/**
 * Capabilities: protocol 4.1, long password hashes (of which none is sent), authentication plugins.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html
 */
const CAPABILITIES = 0x0200 | 0x8000 | 0x80000;
const UTF8 = 33;
const MAX_PACKET = 1 << 24;

/** Who logs in for a check. Where there is no such user, the server says so, which is an answer. */
const USER = "poolgate";

const HEADER_BYTES = 4;
const COM_QUIT = 1;
const OK = 0;
const AUTH_SWITCH = 0xfe;
const NOTHING = new Uint8Array();

/** The longest packet of a login that is waited for, in bytes: a greeting has some 100. */
const MAX_LOGIN_PACKET = 4096;

/**
 * A login to its end, with a user of no password. Whoever goes before that is counted by the server
 * (`max_connect_errors`), which blocks the address in the end; who is denied is not.
 */
class MysqlCheck implements Check {
  readonly opening = NOTHING;
  #received = NOTHING;
  #greeted = false;

  answer(bytes: Uint8Array): ReturnType<Check["answer"]> {
    this.#received = joined(this.#received, bytes);
    let said: Uint8Array = NOTHING;
    for (;;) {
      const { length: all } = this.#received;
      const [low = 0, middle = 0, high = 0, sequence = 0] = this.#received;
      const end = HEADER_BYTES + (low | middle << 8 | high << 16);
      if (all >= HEADER_BYTES && end > MAX_LOGIN_PACKET) {
        return { bytes: said, done: true, problem: "it does not speak as MySQL does" };
      }
      if (all < HEADER_BYTES || all < end) return { bytes: said, done: false };
      const answer = this.#hear(this.#received.slice(HEADER_BYTES, end), sequence);
      said = joined(said, answer.bytes);
      this.#received = this.#received.slice(end);
      if (answer.done) return { ...answer, bytes: said };
    }
  }

  #hear(payload: Uint8Array, sequence: number): ReturnType<Check["answer"]> {
    const [type] = payload;
    if (type === MYSQL_ERR) return this.#refused(payload);
    if (!this.#greeted) {
      this.#greeted = true;
      return { bytes: packet(sequence + 1, login()), done: false };
    }
    // It wants the proof by another plugin: there is none by any.
    if (type === AUTH_SWITCH) return { bytes: packet(sequence + 1, NOTHING), done: false };
    return { bytes: type === OK ? packet(0, Uint8Array.of(COM_QUIT)) : NOTHING, done: true };
  }

  #refused(payload: Uint8Array) {
    const verdict = { bytes: NOTHING, done: true };
    const code = (payload[1] ?? 0) | (payload[2] ?? 0) << 8;
    const text = `it says: ${printable(payload.subarray(3))}`;
    if (code === ER_HOST_IS_BLOCKED) {
      return { ...verdict, problem: `it takes no connection from this host (${code}), ${text}` };
    }
    return code === ER_SERVER_SHUTDOWN ? { ...verdict, problem: text } : verdict;
  }
}

/** A packet: its length in 3 bytes, its number, what is in it. */
function packet(sequence: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  return Uint8Array.of(length & 0xff, length >> 8 & 0xff, length >> 16, sequence, ...payload);
}

/**
 * The answer to a greeting.
 * https://mariadb.com/docs/server/reference/clientserver-protocol/1-connecting/connection
 */
function login(): Uint8Array {
  const head = new Uint8Array(32);
  const view = new DataView(head.buffer);
  view.setUint32(0, CAPABILITIES, true);
  view.setUint32(4, MAX_PACKET, true);
  view.setUint8(8, UTF8);
  const noPassword = "\0";
  return joined(head, ascii(`${USER}\0${noPassword}mysql_native_password\0`));
}
