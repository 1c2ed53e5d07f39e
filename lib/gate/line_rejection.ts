/**
 * How a rejected connection is told in the pool's own messages. Pure.
 *
 * @module
 */

import type { Client, RejectReason } from "../pool/client.ts";
import { ErrorCode, type ReplyBody } from "../protocol/messages.ts";
import { REASON_TEXT } from "./reason_text.ts";

/** @returns The message; that of a full pool has its counts in it. */
export function lineRejection(reason: RejectReason, { active, queued }: Client): ReplyBody {
  if (reason === "backlog_full") {
    return { type: "pool_connect_ok", status: "rejected", active, queued };
  }
  return { type: "error", code: ErrorCode.TemporarilyUnavailable, text: REASON_TEXT[reason] };
}
