/**
 * The wire: what a line says, and how a reply is written. All message types live here, once. Knows no
 * pool and no stream; a line in, a value out, and no line makes it throw.
 *
 * The envelope and the error codes are Maelstrom's:
 * https://github.com/jepsen-io/maelstrom/blob/main/doc/protocol.md
 *
 * @module
 */

import { type AsciiBuffer, type Literal, literal } from "./ascii_buffer.ts";
import { quote } from "./json_text.ts";
import type { Counts, Stats, Status } from "./pool.ts";

/** The longest `client_id`, in characters (Unicode code points). */
export const MAX_CLIENT_ID = 256;

/** Maelstrom's error codes, as far as poolgate sends them. */
export const ErrorCode = {
  NotSupported: 10,
  MalformedRequest: 12,
  Crash: 13,
  KeyDoesNotExist: 20,
} as const;
export type ErrorCode = typeof ErrorCode[keyof typeof ErrorCode];

/** What a message needs to be answered. */
export interface Envelope {
  src: string;
  dest: string;
  /** The request's `msg_id` as it is written in JSON; `undefined` when it has none. */
  msgId: string | undefined;
}

/** What a request asks for. */
export type Operation =
  | { type: "init"; nodeId: string }
  | { type: "pool_config"; maxConnections: number; backlogSize: number }
  | { type: "pool_connect"; clientId: string; notify: boolean }
  | { type: "pool_disconnect"; clientId: string }
  | { type: "pool_stats" };

/** A request that cannot be carried out as it stands, and the error to answer it with. */
export interface Refused {
  type: "refused";
  code: ErrorCode;
  text: string;
}

/** A message that is to be answered. */
export type Request = Envelope & (Operation | Refused);

/** A line that cannot be answered, since it names nobody to answer to. */
export interface Fault {
  type: "fault";
  reason: string;
}

/** A line that wants no answer: blank, or itself a reply. */
export interface Silent {
  type: "silent";
}

export type ReplyBody =
  | { type: "init_ok" | "pool_config_ok" }
  | ({ type: "pool_connect_ok"; status: Status } & Counts)
  | ({ type: "pool_disconnect_ok"; promoted: string | null } & Counts)
  | ({ type: "pool_stats_ok" } & Stats)
  | ({ type: "pool_promoted"; clientId: string } & Counts)
  | { type: "error"; code: ErrorCode; text: string };

export interface Reply {
  src: string;
  dest: string;
  /** The {@linkcode Envelope.msgId} of the request; `undefined` when it had none, or nobody asked. */
  inReplyTo: string | undefined;
  /** The node's own count of messages, from 0. */
  msgId: number;
  body: ReplyBody;
}

/**
 * Reads one line.
 *
 * @param line A line of any content, without its line end.
 * @returns The request in it, or why there is nothing to answer.
 */
export function decode(line: string): Request | Fault | Silent {
  return decodeHot(line) ?? decodeAny(line);
}

/**
 * Writes one reply.
 *
 * @param reply The reply.
 * @param out Where its line goes, in printable ASCII, with the line end.
 */
export function encode({ src, dest, inReplyTo, msgId, body }: Reply, out: AsciiBuffer): void {
  string(SRC, src, out);
  string(DEST, dest, out);
  string(TYPE, body.type, out);
  if (inReplyTo !== undefined) {
    out.literal(IN_REPLY_TO);
    out.text(inReplyTo);
  }
  encodeFields(body, out);
  integer(MSG_ID, msgId, out);
  out.literal(END);
}

const SRC = literal('{"src": ');
const DEST = literal(', "dest": ');
const TYPE = literal(', "body": {"type": ');
const IN_REPLY_TO = literal(', "in_reply_to": ');
const MSG_ID = literal(', "msg_id": ');
const END = literal("}}\n");

function encodeFields(body: ReplyBody, out: AsciiBuffer): void {
  switch (body.type) {
    case "init_ok":
    case "pool_config_ok":
      return;
    case "pool_connect_ok":
      string(STATUS, body.status, out);
      return encodeCounts(body, out);
    case "pool_disconnect_ok":
      if (body.promoted === null) out.literal(PROMOTED_NULL);
      else string(PROMOTED, body.promoted, out);
      return encodeCounts(body, out);
    case "pool_promoted":
      string(CLIENT_ID, body.clientId, out);
      return encodeCounts(body, out);
    case "pool_stats_ok":
      return encodeStats(body, out);
    case "error":
      integer(CODE, body.code, out);
      return string(TEXT, body.text, out);
  }
}

const STATUS = literal(', "status": ');
const PROMOTED_NULL = literal(', "promoted": null');
const PROMOTED = literal(', "promoted": ');
const CLIENT_ID = literal(', "client_id": ');
const CODE = literal(', "code": ');
const TEXT = literal(', "text": ');

function encodeStats(stats: Stats, out: AsciiBuffer): void {
  integer(MAX_CONNECTIONS, stats.maxConnections, out);
  integer(BACKLOG_SIZE, stats.backlogSize, out);
  encodeCounts(stats, out);
  integer(CONNECTED_TOTAL, stats.connectedTotal, out);
  integer(QUEUED_TOTAL, stats.queuedTotal, out);
  integer(PROMOTED_TOTAL, stats.promotedTotal, out);
  integer(REJECTED_TOTAL, stats.rejectedTotal, out);
  integer(DISCONNECTED_TOTAL, stats.disconnectedTotal, out);
}

const MAX_CONNECTIONS = literal(', "max_connections": ');
const BACKLOG_SIZE = literal(', "backlog_size": ');
const CONNECTED_TOTAL = literal(', "connected_total": ');
const QUEUED_TOTAL = literal(', "queued_total": ');
const PROMOTED_TOTAL = literal(', "promoted_total": ');
const REJECTED_TOTAL = literal(', "rejected_total": ');
const DISCONNECTED_TOTAL = literal(', "disconnected_total": ');

function encodeCounts({ active, queued }: Counts, out: AsciiBuffer): void {
  integer(ACTIVE, active, out);
  integer(QUEUED, queued, out);
}

const ACTIVE = literal(', "active": ');
const QUEUED = literal(', "queued": ');

function integer(name: Literal, value: number, out: AsciiBuffer): void {
  out.literal(name);
  out.integer(value);
}

function string(name: Literal, value: string, out: AsciiBuffer): void {
  out.literal(name);
  out.string(value);
}

/**
 * The fast path: a connect or a disconnect with its members in the order of the samples and no escapes
 * in its strings, as nearly every line of a storm is. {@linkcode decodeAny} reads these to the same effect.
 */
const HOT =
  /^\{"src": ?"([ !#-\[\]-~]*)", ?"dest": ?"([ !#-\[\]-~]*)", ?"body": ?\{"type": ?"pool_(connect|disconnect)", ?"msg_id": ?([1-9]\d*), ?"client_id": ?"([ !#-\[\]-~]+)"\}\}$/;
type HotMatch = [string, string, string, "connect" | "disconnect", string, string];

/** As many digits as are a safe integer, whatever they are. */
const MAX_HOT_DIGITS = 15;

function decodeHot(line: string): Request | undefined {
  const match = HOT.exec(line) as HotMatch | null;
  if (match === null) return undefined;
  const [, src, dest, verb, msgId, clientId] = match;
  if (msgId.length > MAX_HOT_DIGITS || clientId.length > MAX_CLIENT_ID) return undefined;
  return verb === "connect"
    ? { src, dest, msgId, type: "pool_connect", clientId: standAlone(clientId), notify: false }
    : { src, dest, msgId, type: "pool_disconnect", clientId };
}

/** The longest substring that V8 copies; a longer one is a view of the text that it was cut from. */
const MAX_COPIED = 12;

/** A client may stay for hours: its id must not keep alive the whole chunk that it arrived in. */
function standAlone(clientId: string): string {
  return clientId.length <= MAX_COPIED ? clientId : JSON.parse(`"${clientId}"`);
}

type Fields = Record<string, unknown>;

function decodeAny(line: string): Request | Fault | Silent {
  if (line.trim() === "") return { type: "silent" };
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch (error) {
    return fault(`it is not JSON (${(error as Error).message})`);
  }
  if (!isObject(message)) return fault(`it is ${describe(message)}, not an object`);
  const { src, dest, body } = message;
  if (typeof src !== "string") return fault(misfit("src", src, "a string"));
  if (typeof dest !== "string") return fault(misfit("dest", dest, "a string"));
  if (!isObject(body)) return fault(misfit("body", body, "an object"));
  if (body.type === "error" || Object.hasOwn(body, "in_reply_to")) return { type: "silent" };
  const { msg_id } = body;
  if (msg_id !== undefined && !Number.isSafeInteger(msg_id)) {
    return { src, dest, msgId: undefined, ...malformed("msg_id", msg_id, INTEGER) };
  }
  const msgId = msg_id === undefined ? undefined : String(msg_id);
  return { src, dest, msgId, ...decodeOperation(body) };
}

const INTEGER = `an integer from ${Number.MIN_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}`;
const COUNT = `an integer from 0 to ${Number.MAX_SAFE_INTEGER}`;
const CLIENT = `a string of 1 to ${MAX_CLIENT_ID} characters`;
const TYPES = "init, pool_config, pool_connect, pool_disconnect or pool_stats";

function decodeOperation(body: Fields): Operation | Refused {
  const { type } = body;
  switch (type) {
    case "init": {
      const { node_id, node_ids } = body;
      if (!isNodeId(node_id)) return malformed("node_id", node_id, "a string that is not empty");
      if (!isStrings(node_ids)) return malformed("node_ids", node_ids, "an array of strings");
      return { type, nodeId: node_id };
    }
    case "pool_config": {
      const { max_connections, backlog_size } = body;
      if (!isCount(max_connections)) return malformed("max_connections", max_connections, COUNT);
      if (!isCount(backlog_size)) return malformed("backlog_size", backlog_size, COUNT);
      return { type, maxConnections: max_connections, backlogSize: backlog_size };
    }
    case "pool_connect": {
      const { client_id, notify = false } = body;
      if (!isClientId(client_id)) return malformed("client_id", client_id, CLIENT);
      if (typeof notify !== "boolean") return malformed("notify", notify, "true or false");
      return { type, clientId: client_id, notify };
    }
    case "pool_disconnect": {
      const { client_id } = body;
      if (!isClientId(client_id)) return malformed("client_id", client_id, CLIENT);
      return { type, clientId: client_id };
    }
    case "pool_stats":
      return { type };
    default:
      if (typeof type !== "string") return malformed("type", type, "a string");
      return { type: "refused", code: ErrorCode.NotSupported, text: misfit("type", type, TYPES) };
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNodeId(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isClientId(value: unknown): value is string {
  if (typeof value !== "string" || value === "") return false;
  return value.length <= MAX_CLIENT_ID ||
    (value.length <= 2 * MAX_CLIENT_ID && [...value].length <= MAX_CLIENT_ID);
}

function fault(reason: string): Fault {
  return { type: "fault", reason };
}

function malformed(field: string, value: unknown, allowed: string): Refused {
  return {
    type: "refused",
    code: ErrorCode.MalformedRequest,
    text: misfit(field, value, allowed),
  };
}

function misfit(field: string, value: unknown, allowed: string): string {
  return `${field} is ${describe(value)}, it must be ${allowed}`;
}

/** How much of a string a complaint repeats, in UTF-16 units. */
const MAX_SHOWN = 40;

function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "an array";
  if (isObject(value)) return "an object";
  if (typeof value !== "string") return String(value);
  if (value.length <= MAX_SHOWN) return quote(value);
  return `${quote(value.slice(0, MAX_SHOWN))}... (${value.length} long)`;
}
