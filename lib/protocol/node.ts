/**
 * The node: a request in, what it comes to out. Owns the node's name, the count of its messages,
 * and who waits for an answer of the pool or asked to be told of a promotion; the pool decides
 * everything else. Knows no stream.
 *
 * @module
 */

import type { Client, Holder } from "../pool/client.ts";
import { Later, whenKnown } from "../pool/later.ts";
import type { Disconnected, Pool } from "../pool/pool.ts";
import type { Operation, Recipient, Reply, ReplyBody, Request, Status } from "./messages.ts";

/** Where a way in takes what nobody asked for at that moment. */
export interface Announcements {
  /** Takes a message for somebody, to be sent behind the reply to the present request. */
  announce(to: Recipient, body: ReplyBody): void;
}

/** What a request comes to, at once or later. */
export type Answer = ReplyBody | Later<ReplyBody>;

/** Answers requests on behalf of a pool. */
export class Node implements Holder {
  #pool: Pool;
  #now: () => number;
  #name: string | undefined;
  #nextMsgId = 0;
  /** Those whose connect the pool has not answered yet. */
  #asking = new Map<Client, Later<ReplyBody>[]>();
  /** Those whose promotion somebody asked to be told of. */
  #notify = new Map<Client, { to: Recipient; announcements: Announcements }>();
  #observing = false;

  /**
   * @param pool The pool that requests act on.
   * @param now The time that the pool is told, in milliseconds.
   * @param name The node's name until an `init` gives another. Without one, a reply comes from the
   *   name that its request was addressed to.
   */
  constructor(pool: Pool, now: () => number, name?: string) {
    this.#pool = pool;
    this.#now = now;
    this.#name = name;
  }

  /**
   * Carries out one request. Never throws: a fault of this program is an answer too, a `crash`.
   *
   * @param request The request, as `decode` read it.
   * @param announcements Takes the promotions that the request wants to be told of, whenever they
   *   come.
   */
  answer(request: Request, announcements: Announcements): Answer {
    try {
      return this.#carryOut(request, announcements);
    } catch (error) {
      return { type: "crash", error };
    }
  }

  /**
   * Whether what a request comes to depends on the answers to those before it: where it asks what
   * is known of the pool; where the client that is to leave may have to be told of its promotion
   * before; and where the node gets another name, which they are not to come from.
   */
  looksBack({ operation }: Request): boolean {
    switch (operation.type) {
      case "init":
      case "pool_stats":
        return true;
      case "pool_connect":
        return this.#pool.find(operation.clientId) !== undefined;
      case "pool_disconnect": {
        const client = this.#pool.find(operation.clientId);
        return client !== undefined && this.#notify.has(client);
      }
      default:
        return false;
    }
  }

  /**
   * Makes a message, which takes the next number.
   *
   * @param inReplyTo The `msg_id` of the request that it answers, if it answers one that had any.
   */
  message(to: Recipient, body: ReplyBody, inReplyTo?: string): Reply {
    return { src: this.#name ?? to.dest, dest: to.src, inReplyTo, msgId: this.#nextMsgId++, body };
  }

  /** A client of a request has changed. */
  changed(client: Client): void {
    if (client.state === "asking") return;
    if (this.#asking.size > 0) this.#settle(client);
    if (this.#notify.size > 0 && client.state !== "queued") this.#announce(client);
  }

  #settle(client: Client): void {
    const asking = this.#asking.get(client);
    if (asking === undefined) return;
    this.#asking.delete(client);
    const body = connectReply(client);
    for (const answer of asking) answer.settle(body);
    // Who hears "connected" as the answer need not hear of a promotion that overtook it.
    if (client.state !== "queued") this.#notify.delete(client);
  }

  #announce(client: Client): void {
    const wish = this.#notify.get(client);
    if (wish === undefined) return;
    this.#notify.delete(client);
    if (client.state !== "connected") return;
    const { id: clientId, active, queued } = client;
    wish.announcements.announce(wish.to, { type: "pool_promoted", clientId, active, queued });
  }

  #carryOut(request: Request, announcements: Announcements): Answer {
    const { operation } = request;
    switch (operation.type) {
      case "init":
        this.#name = operation.nodeId;
        return { type: "init_ok" };
      case "pool_config":
        return then(
          this.#pool.configure(operation, this.#now()),
          () => ({ type: "pool_config_ok" }),
        );
      case "pool_connect":
        return this.#connect(request, operation, announcements);
      case "pool_disconnect":
        return this.#disconnect(operation.clientId);
      case "pool_stats":
        return { type: "pool_stats_ok", ...this.#pool.stats() };
      case "refused": {
        const { code, text } = operation;
        return { type: "error", code, text };
      }
    }
  }

  #connect(
    to: Recipient,
    { clientId, notify }: Operation & { type: "pool_connect" },
    announcements: Announcements,
  ): Answer {
    const client = this.#pool.connect(clientId, this, this.#now());
    if (notify) this.#wish(client, to, announcements);
    if (client.state !== "asking") return connectReply(client);
    if (client.holder !== this) this.#observe();
    const answer = new Later<ReplyBody>();
    const asking = this.#asking.get(client);
    if (asking === undefined) this.#asking.set(client, [answer]);
    else asking.push(answer);
    return answer;
  }

  /** Hears of all clients: one that another way in has brought tells only its own holder. */
  #observe(): void {
    if (this.#observing) return;
    this.#observing = true;
    this.#pool.observe({ changed: (client) => this.#settle(client) });
  }

  /** The first to ask is told. A client of another way in is told there. */
  #wish(client: Client, to: Recipient, announcements: Announcements): void {
    const { state, holder } = client;
    if (holder !== this || (state !== "queued" && state !== "asking")) return;
    if (!this.#notify.has(client)) this.#notify.set(client, { to, announcements });
  }

  #disconnect(clientId: string): Answer {
    const client = this.#asking.size > 0 ? this.#pool.find(clientId) : undefined;
    const done = this.#pool.disconnect(clientId, this.#now());
    const unknown = (): ReplyBody => ({ type: "unknown_client", clientId });
    if (done === undefined) return unknown();
    if (client === undefined) return then(done, disconnectReply);
    // It may turn out that it was not let in at all.
    return then(done, (what) => client.state === "rejected" ? unknown() : disconnectReply(what));
  }
}

function connectReply({ state, active, queued }: Client): ReplyBody {
  // One that left while its connect was under way had no place.
  const status: Status = state === "connected" || state === "queued" ? state : "rejected";
  return { type: "pool_connect_ok", status, active, queued };
}

function disconnectReply({ promoted, active, queued }: Disconnected): ReplyBody {
  return { type: "pool_disconnect_ok", promoted, active, queued };
}

/** @returns What `reply` makes of a value, at once where that is known. */
function then<T>(value: T | Later<T>, reply: (value: T) => ReplyBody): Answer {
  if (!(value instanceof Later)) return reply(value);
  const answer = new Later<ReplyBody>();
  whenKnown(value, (known) => answer.settle(reply(known)));
  return answer;
}
