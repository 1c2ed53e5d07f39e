/**
 * Reading the wire: a line to the request in it, or to what is to be done instead. No line makes it
 * throw. Knows what a limit may be, nothing else of the pool, and no stream.
 *
 * @module
 */

import { quote } from "../io/json_text.ts";
import { isLimit, LIMIT_RANGE, type Limits } from "../pool/limits.ts";
import { ErrorCode, MAX_CLIENT_ID } from "./messages.ts";
import type { Fault, Ignored, Operation, Refused, Request } from "./messages.ts";

/**
 * Reads one line.
 *
 * @param line A line of any content, without its line end.
 * @param sender The client that a request without `client_id` is for; `undefined` where it must
 *   name one.
 * @returns The request in it, or why there is nothing to answer.
 */
export function decode(line: string, sender?: string): Request | Fault | Ignored {
  return decodeFast(line) ?? decodeAny(line, sender);
}

const PLAIN = String.raw`"([ !#-\[\]-~]*)"`;
const DIGITS = String.raw`([1-9]\d*)`;

/**
 * What the fast path reads: a connect or a disconnect with no escapes in its strings and its
 * members in the order of the samples, or with the `msg_id` last, as nearly every line of a storm
 * is. {@linkcode decodeAny} reads it to the same effect.
 */
const FAST = new RegExp(
  String
    .raw`^\{"src": ?${PLAIN}, ?"dest": ?${PLAIN}, ?"body": ?\{"type": ?"pool_(connect|disconnect)"` +
    `, ?(?:"msg_id": ?${DIGITS}, ?"client_id": ?${PLAIN}|"client_id": ?${PLAIN}, ?"msg_id": ?${DIGITS})` +
    String.raw`\}\}$`,
);

/** As many digits as are a safe integer, whatever they are. */
const MAX_FAST_DIGITS = 15;

function decodeFast(line: string): Request | undefined {
  const match = FAST.exec(line);
  if (match === null) return undefined;
  const [, src = "", dest = "", verb] = match;
  const msgId = match[4] ?? match[7] ?? "";
  const clientId = match[5] ?? match[6] ?? "";
  if (msgId.length > MAX_FAST_DIGITS || !isClientId(clientId)) return undefined;
  const operation: Operation = verb === "connect"
    ? { type: "pool_connect", clientId: standAlone(clientId), notify: false }
    : { type: "pool_disconnect", clientId };
  return { type: "request", src, dest, msgId, operation };
}

/**
 * The longest substring that V8 copies; a longer one is a view of the text that it was cut from.
 */
const MAX_COPIED = 12;

/** A client may stay for hours: its id must not keep alive the whole chunk that it arrived in. */
function standAlone(clientId: string): string {
  return clientId.length <= MAX_COPIED ? clientId : JSON.parse(`"${clientId}"`);
}

/** The members of an object of JSON. */
export type Fields = Record<string, unknown>;

function decodeAny(line: string, sender: string | undefined): Request | Fault | Ignored {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch (error) {
    if (line.trim() === "") return { type: "ignored" };
    return fault(`it is not JSON (${(error as Error).message})`);
  }
  if (!isObject(message)) return fault(`it is ${describe(message)}, not an object`);
  const { src, dest, body } = message;
  if (typeof src !== "string") return fault(complaint("src", src, "a string"));
  if (typeof dest !== "string") return fault(complaint("dest", dest, "a string"));
  if (!isObject(body)) return fault(complaint("body", body, "an object"));
  const { type, in_reply_to } = body;
  if (type === "error" || typeof in_reply_to === "number") return { type: "ignored" };
  const { msg_id } = body;
  if (!isAbsent(msg_id) && !Number.isSafeInteger(msg_id)) {
    const operation = malformed("msg_id", msg_id, MSG_ID);
    return { type: "request", src, dest, msgId: undefined, operation };
  }
  const msgId = isAbsent(msg_id) ? undefined : String(msg_id);
  return { type: "request", src, dest, msgId, operation: decodeOperation(body, sender) };
}

const MSG_ID = `an integer from ${Number.MIN_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}`;
const CLIENT_ID = `a string of 1 to ${MAX_CLIENT_ID} characters`;
const TYPES = "init, pool_config, pool_connect, pool_disconnect or pool_stats";

function decodeOperation(body: Fields, sender: string | undefined): Operation | Refused {
  const { type, in_reply_to } = body;
  if (!isAbsent(in_reply_to)) return malformed("in_reply_to", in_reply_to, "a number or left out");
  switch (type) {
    case "init": {
      const { node_id, node_ids } = body;
      if (!isNodeId(node_id)) return malformed("node_id", node_id, "a string that is not empty");
      if (!isStrings(node_ids)) return malformed("node_ids", node_ids, "an array of strings");
      return { type, nodeId: node_id };
    }
    case "pool_config": {
      const limits = decodeLimits(body);
      if (typeof limits !== "string") return { type, ...limits };
      return { type: "refused", code: ErrorCode.MalformedRequest, text: limits };
    }
    case "pool_connect": {
      const clientId = body.client_id ?? sender;
      const notify = body.notify ?? false;
      if (!isClientId(clientId)) return malformed("client_id", body.client_id, CLIENT_ID);
      if (typeof notify !== "boolean") return malformed("notify", notify, "true or false");
      return { type, clientId, notify };
    }
    case "pool_disconnect": {
      const clientId = body.client_id ?? sender;
      if (!isClientId(clientId)) return malformed("client_id", body.client_id, CLIENT_ID);
      return { type, clientId };
    }
    case "pool_stats":
      return { type };
    default:
      if (typeof type !== "string") return malformed("type", type, "a string");
      return {
        type: "refused",
        code: ErrorCode.NotSupported,
        text: complaint("type", type, TYPES),
      };
  }
}

/** @returns The limits that some fields give, or why they give none. */
function decodeLimits({ max_connections, backlog_size }: Fields): Limits | string {
  if (!isLimit(max_connections)) return complaint("max_connections", max_connections, LIMIT_RANGE);
  if (!isLimit(backlog_size)) return complaint("backlog_size", backlog_size, LIMIT_RANGE);
  return { maxConnections: max_connections, backlogSize: backlog_size };
}

/** @returns The limits that some fields give, one alone too, or why they give none. */
export function decodeSomeLimits(fields: Fields): Partial<Limits> | string {
  const given: Partial<Limits> = {};
  for (const [name, key] of LIMIT_NAMES) {
    const value = fields[name];
    if (isAbsent(value)) continue;
    if (!isLimit(value)) return complaint(name, value, LIMIT_RANGE);
    given[key] = value;
  }
  return given;
}

const LIMIT_NAMES = [["max_connections", "maxConnections"], [
  "backlog_size",
  "backlogSize",
]] as const;

/** Whether a value of JSON is an object. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether an optional member is absent: serializers write what is absent as `null`, or not at all.
 */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function isNodeId(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
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
  const text = complaint(field, value, allowed);
  return { type: "refused", code: ErrorCode.MalformedRequest, text };
}

function complaint(field: string, value: unknown, allowed: string): string {
  return `${field} is ${describe(value)}, it must be ${allowed}`;
}

/** How much of a string a complaint repeats, in UTF-16 units. */
const MAX_SHOWN = 40;

/**
 * @returns A value of JSON as a complaint shows it, no more than the beginning of a long string.
 */
export function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "an array";
  if (isObject(value)) return "an object";
  if (typeof value !== "string") return String(value);
  if (value.length <= MAX_SHOWN) return quote(value);
  return `${quote(value.slice(0, MAX_SHOWN))}... (${[...value].length} characters)`;
}
