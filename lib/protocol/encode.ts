/**
 * Writing the wire: a reply to its line, as Python's `json.dumps` would write it. The order of the
 * members is that of the protocol. Knows no stream.
 *
 * @module
 */

import { AsciiBuffer, type Literal, literal } from "../io/ascii_buffer.ts";
import type { Counts } from "../pool/client.ts";
import type { Stats } from "../pool/pool.ts";
import { ErrorCode, type Reply, type Status } from "./messages.ts";

/** Room for most lines. */
const LINE_BYTES = 256;

// Each piece of fixed text has a name, where that can be: to look one up in a table by the type of
// the reply takes as long as to copy it.
const SRC = literal('{"src": ');
const DEST = literal(', "dest": ');
const INIT_OK = type("init_ok");
const POOL_CONFIG_OK = type("pool_config_ok");
const POOL_CONNECT_OK = type("pool_connect_ok");
const POOL_DISCONNECT_OK = type("pool_disconnect_ok");
const POOL_STATS_OK = type("pool_stats_ok");
const POOL_PROMOTED = type("pool_promoted");
const ERROR = type("error");
const IN_REPLY_TO = literal(', "in_reply_to": ');
const MSG_ID = literal(', "msg_id": ');
const END = literal("}}\n");
const STATUS: Record<Status, Literal> = {
  connected: literal(', "status": "connected", "active": '),
  queued: literal(', "status": "queued", "active": '),
  rejected: literal(', "status": "rejected", "active": '),
};
const PROMOTED = literal(', "promoted": ');
const PROMOTED_NULL = literal(', "promoted": null, "active": ');
const CLIENT_ID = literal(', "client_id": ');
const ACTIVE = literal(', "active": ');
const QUEUED = literal(', "queued": ');
const CODE = literal(', "code": ');
const TEXT = literal(', "text": ');
const UNKNOWN_CLIENT = literal(
  String.raw`, "code": ${ErrorCode.KeyDoesNotExist}, "text": "client_id is \"`,
);
const UNKNOWN_CLIENT_END = literal(String.raw`\", it is neither connected nor queued"`);
const MAX_CONNECTIONS = literal(', "max_connections": ');
const BACKLOG_SIZE = literal(', "backlog_size": ');
const CONNECTED_TOTAL = literal(', "connected_total": ');
const QUEUED_TOTAL = literal(', "queued_total": ');
const PROMOTED_TOTAL = literal(', "promoted_total": ');
const REJECTED_TOTAL = literal(', "rejected_total": ');
const DISCONNECTED_TOTAL = literal(', "disconnected_total": ');

/** @returns The text from the `dest` to the end of the type. */
function type(name: string): Literal {
  return literal(`, "body": {"type": "${name}"`);
}

/**
 * Writes one reply.
 *
 * @param reply The reply.
 * @param out Where its line goes, in printable ASCII, with the line end.
 */
export function encode({ src, dest, inReplyTo, msgId, body }: Reply, out: AsciiBuffer): void {
  out.literal(SRC);
  out.string(src);
  out.literal(DEST);
  out.string(dest);
  switch (body.type) {
    case "init_ok":
      encodeType(INIT_OK, inReplyTo, out);
      break;
    case "pool_config_ok":
      encodeType(POOL_CONFIG_OK, inReplyTo, out);
      break;
    case "pool_connect_ok":
      encodeType(POOL_CONNECT_OK, inReplyTo, out);
      out.literal(STATUS[body.status]);
      encodeCounts(body, out);
      break;
    case "pool_disconnect_ok":
      encodeType(POOL_DISCONNECT_OK, inReplyTo, out);
      if (body.promoted === null) {
        out.literal(PROMOTED_NULL);
      } else {
        out.literal(PROMOTED);
        out.string(body.promoted);
        out.literal(ACTIVE);
      }
      encodeCounts(body, out);
      break;
    case "unknown_client":
      encodeType(ERROR, inReplyTo, out);
      out.literal(UNKNOWN_CLIENT);
      out.escapedTwice(body.clientId);
      out.literal(UNKNOWN_CLIENT_END);
      break;
    case "pool_promoted":
      encodeType(POOL_PROMOTED, inReplyTo, out);
      out.literal(CLIENT_ID);
      out.string(body.clientId);
      out.literal(ACTIVE);
      encodeCounts(body, out);
      break;
    case "pool_stats_ok":
      encodeType(POOL_STATS_OK, inReplyTo, out);
      encodeStats(body, out);
      break;
    case "error":
      encodeType(ERROR, inReplyTo, out);
      encodeError(body.code, body.text, out);
      break;
    case "crash":
      encodeType(ERROR, inReplyTo, out);
      encodeError(ErrorCode.Crash, String(body.error), out);
      break;
    default:
      body satisfies never;
  }
  out.literal(MSG_ID);
  out.integer(msgId);
  out.literal(END);
}

function encodeType(type: Literal, inReplyTo: string | undefined, out: AsciiBuffer): void {
  out.literal(type);
  if (inReplyTo === undefined) return;
  out.literal(IN_REPLY_TO);
  out.text(inReplyTo);
}

/** Writes the counts, whose first name stands already. */
function encodeCounts({ active, queued }: Counts, out: AsciiBuffer): void {
  out.integer(active);
  out.literal(QUEUED);
  out.integer(queued);
}

function encodeError(code: ErrorCode, text: string, out: AsciiBuffer): void {
  integerMember(CODE, code, out);
  out.literal(TEXT);
  out.string(text);
}

function encodeStats(stats: Stats, out: AsciiBuffer): void {
  integerMember(MAX_CONNECTIONS, stats.maxConnections, out);
  integerMember(BACKLOG_SIZE, stats.backlogSize, out);
  integerMember(ACTIVE, stats.active, out);
  integerMember(QUEUED, stats.queued, out);
  integerMember(CONNECTED_TOTAL, stats.connectedTotal, out);
  integerMember(QUEUED_TOTAL, stats.queuedTotal, out);
  integerMember(PROMOTED_TOTAL, stats.promotedTotal, out);
  integerMember(REJECTED_TOTAL, stats.rejectedTotal, out);
  integerMember(DISCONNECTED_TOTAL, stats.disconnectedTotal, out);
}

function integerMember(name: Literal, value: number, out: AsciiBuffer): void {
  out.literal(name);
  out.integer(value);
}

/** @returns The line of one reply, as bytes of their own. */
export function encodeLine(reply: Reply): Uint8Array {
  const line = new AsciiBuffer(LINE_BYTES);
  encode(reply, line);
  return line.bytes;
}
