/**
 * A way in without a stream: requests in, and the messages that came out.
 *
 * @module
 */

import { AsciiBuffer } from "../../lib/io/ascii_buffer.ts";
import type { Operation, Refused, Request } from "../../lib/protocol/messages.ts";
import type { Node } from "../../lib/protocol/node.ts";
import { Replies } from "../../lib/protocol/replies.ts";

/** A message as it stands on the wire. */
export interface Sent {
  src: string;
  dest: string;
  body: Record<string, unknown>;
}

/** One way in. */
export class Way {
  readonly replies: Replies;
  /** How often it was told that there is something to send that no present request caused. */
  late = 0;
  /** The faults of poolgate that it was told of. */
  readonly crashes: unknown[] = [];
  #lines = new AsciiBuffer();
  #taken = 0;
  #line = 0;

  constructor(node: Node) {
    this.replies = new Replies({
      node,
      gathered: () => this.#lines,
      late: () => this.late++,
      afterwards: queueMicrotask,
      crashed: (error) => this.crashes.push(error),
    });
  }

  /** Takes requests, all in one turn. */
  take(...requests: Request[]): void {
    for (const request of requests) this.replies.answer(request, ++this.#line);
  }

  /** All that it has sent. */
  get sent(): Sent[] {
    const lines = new TextDecoder().decode(this.#lines.bytes).split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line));
  }

  /** What it has sent since this was last asked. */
  news(): Sent[] {
    const news = this.sent.slice(this.#taken);
    this.#taken += news.length;
    return news;
  }
}

/** A request, with 7 for its `msg_id`. */
export function request(operation: Operation | Refused, src = "c1", dest = "n1"): Request {
  return { type: "request", src, dest, msgId: "7", operation };
}

export function connect(clientId: string, notify = false, src = "c1"): Request {
  return request({ type: "pool_connect", clientId, notify }, src);
}

export function disconnect(clientId: string): Request {
  return request({ type: "pool_disconnect", clientId });
}

export function configure(maxConnections: number, backlogSize: number): Request {
  return request({ type: "pool_config", maxConnections, backlogSize });
}

export const STATS = request({ type: "pool_stats" });
