/**
 * The wire: which messages there are. All message types live here, once; {@linkcode decode} and
 * {@linkcode encode} turn lines into them and back.
 *
 * The envelope and the error codes are Maelstrom's:
 * https://github.com/jepsen-io/maelstrom/blob/main/doc/protocol.md
 *
 * @module
 */

import type { Counts } from "../pool/client.ts";
import type { Stats } from "../pool/pool.ts";

/** The longest `client_id`, in characters (Unicode code points). */
export const MAX_CLIENT_ID = 256;

/** Maelstrom's error codes, as far as poolgate sends them. */
export const ErrorCode = {
  /** It is not known whether the request was carried out. */
  Timeout: 0,
  NotSupported: 10,
  TemporarilyUnavailable: 11,
  MalformedRequest: 12,
  Crash: 13,
  KeyDoesNotExist: 20,
} as const;
export type ErrorCode = typeof ErrorCode[keyof typeof ErrorCode];

/** What a message needs to be answered. */
export interface Envelope {
  src: string;
  dest: string;
  /**
   * The request's `msg_id` in decimal, only ever to be written back; `undefined` when it has none.
   */
  msgId: string | undefined;
}

/** What a request asks for. */
export type Operation =
  | { type: "init"; nodeId: string }
  | { type: "pool_config"; maxConnections: number; backlogSize: number }
  | { type: "pool_connect"; clientId: string; notify: boolean }
  | { type: "pool_disconnect"; clientId: string }
  | { type: "pool_stats" };

/** What cannot be carried out as it stands, and the error to answer it with. */
export interface Refused {
  type: "refused";
  code: ErrorCode;
  text: string;
}

/** A message that is to be answered. */
export interface Request extends Envelope {
  type: "request";
  operation: Operation | Refused;
}

/** A line that cannot be answered, since it names nobody to answer to. */
export interface Fault {
  type: "fault";
  reason: string;
}

/**
 * A line that wants no answer: blank, or itself a reply (an error, or a number in `in_reply_to`).
 */
export interface Ignored {
  type: "ignored";
}

/** What a connect came to. */
export type Status = "connected" | "queued" | "rejected";

/**
 * What a reply says. The wire has a `crash`, which is a fault of poolgate, as error 13, and an
 * `unknown_client`, of whom a disconnect was asked, as error 20.
 */
export type ReplyBody =
  | { type: "init_ok" | "pool_config_ok" }
  | ({ type: "pool_connect_ok"; status: Status } & Counts)
  | ({ type: "pool_disconnect_ok"; promoted: string | null } & Counts)
  | ({ type: "pool_stats_ok" } & Stats)
  | ({ type: "pool_promoted"; clientId: string } & Counts)
  | { type: "error"; code: ErrorCode; text: string }
  | { type: "unknown_client"; clientId: string }
  | { type: "crash"; error: unknown };

/** Whom a message goes to, and which name it comes from where the node has none. */
export type Recipient = Pick<Envelope, "src" | "dest">;

/** A message of this node. */
export interface Reply {
  src: string;
  dest: string;
  /**
   * The {@linkcode Envelope.msgId} of the request; `undefined` when it had none, or nobody asked.
   */
  inReplyTo: string | undefined;
  /** The node's own count of messages, from 0. */
  msgId: number;
  body: ReplyBody;
}
