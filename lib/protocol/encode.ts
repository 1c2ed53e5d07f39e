/**
 * Writing the wire: a reply to its line, as Python's `json.dumps` would write it. The order of the
 * members is that of the protocol. Knows no stream.
 *
 * @module
 */

import { AsciiBuffer, type Literal, literal } from "../io/ascii_buffer.ts";
import type { Counts } from "../pool/client.ts";
import type { Stats } from "../pool/pool.ts";
import { ErrorCode, type Reply, type ReplyBody, type Status } from "./messages.ts";

/** Room for most lines. */
const LINE_BYTES = 256;

const SRC = literal('{"src": ');
const DEST = literal(', "dest": ');
const TYPE: Record<ReplyBody["type"], Literal> = {
  init_ok: type("init_ok"),
  pool_config_ok: type("pool_config_ok"),
  pool_connect_ok: type("pool_connect_ok"),
  pool_disconnect_ok: type("pool_disconnect_ok"),
  pool_stats_ok: type("pool_stats_ok"),
  pool_promoted: type("pool_promoted"),
  error: type("error"),
  unknown_client: type("error"),
  crash: type("error"),
};
const IN_REPLY_TO = literal(', "in_reply_to": ');
const MSG_ID = literal(', "msg_id": ');
const END = literal("}}\n");
const STATUS: Record<Status, Literal> = {
  connected: literal(', "status": "connected"'),
  queued: literal(', "status": "queued"'),
  rejected: literal(', "status": "rejected"'),
};
const PROMOTED_NULL = literal(', "promoted": null');
const PROMOTED = literal(', "promoted": ');
const CLIENT_ID = literal(', "client_id": ');
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
const ACTIVE = literal(', "active": ');
const QUEUED = literal(', "queued": ');

/**
 * Writes one reply.
 *
 * @param reply The reply.
 * @param out Where its line goes, in printable ASCII, with the line end.
 */
export function encode({ src, dest, inReplyTo, msgId, body }: Reply, out: AsciiBuffer): void {
  stringMember(SRC, src, out);
  stringMember(DEST, dest, out);
  out.literal(TYPE[body.type]);
  if (inReplyTo !== undefined) {
    out.literal(IN_REPLY_TO);
    out.text(inReplyTo);
  }
  encodeFields(body, out);
  integerMember(MSG_ID, msgId, out);
  out.literal(END);
}

function type(name: string): Literal {
  return literal(`, "body": {"type": "${name}"`);
}

function encodeFields(body: ReplyBody, out: AsciiBuffer): void {
  switch (body.type) {
    case "init_ok":
    case "pool_config_ok":
      return;
    case "pool_connect_ok":
      out.literal(STATUS[body.status]);
      return encodeCounts(body, out);
    case "pool_disconnect_ok":
      if (body.promoted === null) out.literal(PROMOTED_NULL);
      else stringMember(PROMOTED, body.promoted, out);
      return encodeCounts(body, out);
    case "pool_promoted":
      stringMember(CLIENT_ID, body.clientId, out);
      return encodeCounts(body, out);
    case "pool_stats_ok":
      return encodeStats(body, out);
    case "error":
      return encodeError(body.code, body.text, out);
    case "unknown_client":
      out.literal(UNKNOWN_CLIENT);
      out.escapedTwice(body.clientId);
      return out.literal(UNKNOWN_CLIENT_END);
    case "crash":
      return encodeError(ErrorCode.Crash, String(body.error), out);
  }
}

function encodeError(code: ErrorCode, text: string, out: AsciiBuffer): void {
  integerMember(CODE, code, out);
  stringMember(TEXT, text, out);
}

function encodeStats(stats: Stats, out: AsciiBuffer): void {
  integerMember(MAX_CONNECTIONS, stats.maxConnections, out);
  integerMember(BACKLOG_SIZE, stats.backlogSize, out);
  encodeCounts(stats, out);
  integerMember(CONNECTED_TOTAL, stats.connectedTotal, out);
  integerMember(QUEUED_TOTAL, stats.queuedTotal, out);
  integerMember(PROMOTED_TOTAL, stats.promotedTotal, out);
  integerMember(REJECTED_TOTAL, stats.rejectedTotal, out);
  integerMember(DISCONNECTED_TOTAL, stats.disconnectedTotal, out);
}

function encodeCounts({ active, queued }: Counts, out: AsciiBuffer): void {
  integerMember(ACTIVE, active, out);
  integerMember(QUEUED, queued, out);
}

function integerMember(name: Literal, value: number, out: AsciiBuffer): void {
  out.literal(name);
  out.integer(value);
}

function stringMember(name: Literal, value: string, out: AsciiBuffer): void {
  out.literal(name);
  out.string(value);
}

/** @returns The line of one reply, as bytes of their own. */
export function encodeLine(reply: Reply): Uint8Array {
  const line = new AsciiBuffer(LINE_BYTES);
  encode(reply, line);
  return line.bytes;
}
