/**
 * The node: one request in, its replies out. Owns the node's name, the count of its messages and who
 * wants to be told of a promotion; the pool decides everything else. Knows no stream.
 *
 * @module
 */

import { quote } from "./json_text.ts";
import type { ConnectionPool, Counts } from "./pool.ts";
import { ErrorCode } from "./protocol.ts";
import type { Envelope, Operation, Reply, ReplyBody, Request } from "./protocol.ts";

/** Answers requests on behalf of a pool. */
export class Node {
  #pool: ConnectionPool;
  #name: string | undefined;
  #nextMsgId = 0;
  /** For each waiting client whose promotion is to be told: the request that asked for it. */
  #watchers = new Map<string, Envelope>();

  /**
   * @param pool The pool that requests act on.
   * @param name The node's name until an `init` gives another. Without one, a reply comes from the name
   *   that its request was addressed to.
   */
  constructor(pool: ConnectionPool, name?: string) {
    this.#pool = pool;
    this.#name = name;
  }

  /**
   * Carries out one request. Never throws: a fault of this program is answered with error 13.
   *
   * @param request The request, as `decode` read it.
   * @returns The answer, then the promotions that it caused and that somebody asked to be told of.
   */
  handle(request: Request): Reply[] {
    try {
      return this.#carryOut(request);
    } catch (error) {
      return [this.#reply(request, { type: "error", code: ErrorCode.Crash, text: String(error) })];
    }
  }

  #carryOut(request: Request): Reply[] {
    const { operation } = request;
    switch (operation.type) {
      case "init":
        this.#name = operation.nodeId;
        return [this.#reply(request, { type: "init_ok" })];
      case "pool_config": {
        const { promoted, ...counts } = this.#pool.configure(operation);
        const reply = this.#reply(request, { type: "pool_config_ok" });
        return [reply, ...promoted.flatMap((clientId) => this.#notice(clientId, counts))];
      }
      case "pool_connect":
        return [this.#connect(request, operation)];
      case "pool_disconnect":
        return this.#disconnect(request, operation.clientId);
      case "pool_stats":
        return [this.#reply(request, { type: "pool_stats_ok", ...this.#pool.stats() })];
      case "refused": {
        const { code, text } = operation;
        return [this.#reply(request, { type: "error", code, text })];
      }
    }
  }

  #connect(request: Request, { clientId, notify }: Operation & { type: "pool_connect" }): Reply {
    const { status, active, queued } = this.#pool.connect(clientId);
    if (notify && status === "queued" && !this.#watchers.has(clientId)) {
      this.#watchers.set(clientId, request);
    }
    return this.#reply(request, { type: "pool_connect_ok", status, active, queued });
  }

  #disconnect(request: Request, clientId: string): Reply[] {
    const done = this.#pool.disconnect(clientId);
    if (done === undefined) {
      const text = `client_id is ${quote(clientId)}, it is neither connected nor queued`;
      const code = ErrorCode.KeyDoesNotExist;
      return [this.#reply(request, { type: "error", code, text })];
    }
    this.#unwatch(clientId);
    const { promoted, active, queued } = done;
    const reply = this.#reply(request, { type: "pool_disconnect_ok", promoted, active, queued });
    return promoted === null ? [reply] : [reply, ...this.#notice(promoted, done)];
  }

  /** The message that tells of a promotion; none where nobody asked for it. */
  #notice(clientId: string, { active, queued }: Counts): Reply[] {
    const watcher = this.#unwatch(clientId);
    if (watcher === undefined) return [];
    const body: ReplyBody = { type: "pool_promoted", clientId, active, queued };
    return [this.#message(watcher, undefined, body)];
  }

  #unwatch(clientId: string): Envelope | undefined {
    // Where nobody watches, which is usual, a look-up would only cost the hash of the id.
    if (this.#watchers.size === 0) return undefined;
    const watcher = this.#watchers.get(clientId);
    this.#watchers.delete(clientId);
    return watcher;
  }

  #reply(request: Envelope, body: ReplyBody): Reply {
    return this.#message(request, request.msgId, body);
  }

  #message(to: Envelope, inReplyTo: string | undefined, body: ReplyBody): Reply {
    return { src: this.#name ?? to.dest, dest: to.src, inReplyTo, msgId: this.#nextMsgId++, body };
  }
}
