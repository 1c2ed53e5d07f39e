/**
 * The node: one request in, its replies out. Owns the node's name, the count of its messages and the notices
 * of promotions that were asked for; the pool decides everything else. Knows no stream.
 *
 * @module
 */

import { quote } from "./json_text.ts";
import { ErrorCode } from "./protocol.ts";
import type { Envelope, Operation, Reply, ReplyBody, Request } from "./protocol.ts";
import type { Roster } from "./roster.ts";

/** Whom a message goes to that nobody asked for, and which name it comes from where the node has none. */
export type Recipient = Pick<Envelope, "src" | "dest">;

/** Answers requests on behalf of a pool. */
export class Node {
  #roster: Roster;
  #name: string | undefined;
  #nextMsgId = 0;
  #notices: [Recipient, ReplyBody][] = [];
  /** Called when there is a notice to send. {@linkcode handle} takes those along that it causes. */
  onNotice: (() => void) | undefined;

  /**
   * @param roster The pool that requests act on.
   * @param name The node's name until an `init` gives another. Without one, a reply comes from the name
   *   that its request was addressed to.
   */
  constructor(roster: Roster, name?: string) {
    this.#roster = roster;
    this.#name = name;
  }

  /**
   * Carries out one request. Never throws: a fault of this program is answered with error 13.
   *
   * @param request The request, as `decode` read it.
   * @returns The answer, then the promotions that it caused and that somebody asked to be told of.
   */
  handle(request: Request): Reply[] {
    const reply = this.answer(request);
    return this.#notices.length === 0 ? [reply] : [reply, ...this.notices()];
  }

  /** As {@linkcode handle}, for who is not to be told of promotions: these stay for {@linkcode notices}. */
  answer(request: Request): Reply {
    let body: ReplyBody;
    try {
      body = this.#carryOut(request);
    } catch (error) {
      body = { type: "error", code: ErrorCode.Crash, text: String(error) };
    }
    return this.#message(request, request.msgId, body);
  }

  /** @returns The notices of promotions that have not been sent yet, for the way in that asked for them. */
  notices(): Reply[] {
    const notices = this.#notices;
    this.#notices = [];
    return notices.map(([to, body]) => this.announce(to, body));
  }

  /** @returns A message that is no answer. */
  announce(to: Recipient, body: ReplyBody): Reply {
    return this.#message(to, undefined, body);
  }

  #carryOut(request: Request): ReplyBody {
    const { operation } = request;
    switch (operation.type) {
      case "init":
        this.#name = operation.nodeId;
        return { type: "init_ok" };
      case "pool_config":
        this.#roster.configure(operation);
        return { type: "pool_config_ok" };
      case "pool_connect":
        return this.#connect(request, operation);
      case "pool_disconnect":
        return this.#disconnect(operation.clientId);
      case "pool_stats":
        return { type: "pool_stats_ok", ...this.#roster.stats() };
      case "refused": {
        const { code, text } = operation;
        return { type: "error", code, text };
      }
    }
  }

  #connect(to: Recipient, { clientId, notify }: Operation & { type: "pool_connect" }): ReplyBody {
    const { status, active, queued } = this.#roster.connect(clientId);
    if (notify && status === "queued") this.#watch(clientId, to);
    return { type: "pool_connect_ok", status, active, queued };
  }

  #watch(clientId: string, to: Recipient): void {
    this.#roster.follow(clientId, {
      promoted: ({ active, queued }) => {
        this.#notices.push([to, { type: "pool_promoted", clientId, active, queued }]);
        this.onNotice?.();
      },
      dismissed: () => {},
    });
  }

  #disconnect(clientId: string): ReplyBody {
    const done = this.#roster.disconnect(clientId);
    if (done === undefined) {
      const text = `client_id is ${quote(clientId)}, it is neither connected nor queued`;
      return { type: "error", code: ErrorCode.KeyDoesNotExist, text };
    }
    const { promoted, active, queued } = done;
    return { type: "pool_disconnect_ok", promoted, active, queued };
  }

  #message({ src, dest }: Recipient, inReplyTo: string | undefined, body: ReplyBody): Reply {
    return { src: this.#name ?? dest, dest: src, inReplyTo, msgId: this.#nextMsgId++, body };
  }
}
