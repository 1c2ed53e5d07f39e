/**
 * What a connection that is turned away hears, for each reason, in the words of the protocol that the client speaks.
 * Knows no socket.
 *
 * @module
 */

import type { Counts } from "./pool.ts";
import { ErrorCode, type ReplyBody } from "./protocol.ts";

/** Why a connection is turned away. */
export type RejectReason =
  | "backlog_full"
  | "queue_timeout"
  | "per_source"
  | "draining"
  | "upstream_down";

/** The formats of `--reject-as`. */
export const REJECT_FORMATS = ["close", "line", "http", "postgres", "mysql", "redis"] as const;
export type RejectFormat = typeof REJECT_FORMATS[number];

/** Each reason as a sentence, without counts: it is read by strangers. */
export const REASON_TEXT: Readonly<Record<RejectReason, string>> = {
  backlog_full: "too many connections, and the queue is full",
  queue_timeout: "too many connections, and no place became free in time",
  per_source: "too many connections from this address",
  draining: "the service is shutting down",
  upstream_down: "the service cannot be reached",
};

/** @returns The message of the pool itself; a full pool has its counts in it. */
export function lineFarewell(reason: RejectReason, { active, queued }: Counts): ReplyBody {
  if (reason === "backlog_full") {
    return { type: "pool_connect_ok", status: "rejected", active, queued };
  }
  return { type: "error", code: ErrorCode.TemporarilyUnavailable, text: REASON_TEXT[reason] };
}

/** How long a refused HTTP client is asked to stay away, in seconds. */
const RETRY_AFTER_S = 5;

/**
 * RFC 9110, 15.6.4: 503 Service Unavailable, with Retry-After (10.2.3).
 *
 * @returns A whole response.
 */
export function httpFarewell(reason: RejectReason): Uint8Array {
  const body = `${REASON_TEXT[reason]}\n`;
  return ascii(
    "HTTP/1.1 503 Service Unavailable\r\n" +
      `Retry-After: ${RETRY_AFTER_S}\r\n` +
      "Content-Type: text/plain\r\n" +
      `Content-Length: ${body.length}\r\n` +
      "Cache-Control: no-store\r\n" +
      "Connection: close\r\n" +
      `\r\n${body}`,
  );
}

/**
 * The error that Redis itself gives when `maxclients` is reached, which clients know:
 * https://redis.io/docs/latest/develop/reference/clients/#maximum-concurrent-connected-clients
 */
export function redisFarewell(): Uint8Array {
  return ascii("-ERR max number of clients reached\r\n");
}

const MYSQL_ERR = 0xff;
const ER_CON_COUNT_ERROR = 1040;

/**
 * The ERR packet that a MySQL server sends in place of its greeting. No SQL state: that is for clients that have
 * said that they understand one.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_err_packet.html
 */
export function mysqlFarewell(): Uint8Array {
  const text = ascii("Too many connections");
  const payload = [MYSQL_ERR, ER_CON_COUNT_ERROR & 0xff, ER_CON_COUNT_ERROR >> 8, ...text];
  const sequence = 0;
  return Uint8Array.of(payload.length & 0xff, payload.length >> 8, 0, sequence, ...payload);
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
