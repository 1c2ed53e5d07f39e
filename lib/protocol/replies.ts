/**
 * The messages of one way in, in their order: each reply behind that to the request before it,
 * though some come later, each announcement behind the reply to the request that caused it. Knows
 * no stream.
 *
 * @module
 */

import type { AsciiBuffer } from "../io/ascii_buffer.ts";
import { Later, whenKnown } from "../pool/later.ts";
import { encode } from "./encode.ts";
import { ErrorCode, type Recipient, type ReplyBody, type Request } from "./messages.ts";
import type { Announcements, Node } from "./node.ts";

/** What {@linkcode Replies} work with. */
export interface RepliesParts {
  node: Node;
  /** Where lines are gathered at this moment. */
  gathered: () => AsciiBuffer;
  /** Called when lines were gathered that no present request caused: somebody has to send them. */
  late: () => void;
  /** Told when a request met a fault of poolgate. */
  crashed: (error: unknown) => void;
}

/** A message that stands behind another one. */
interface Standing {
  to: Recipient;
  inReplyTo: string | undefined;
  body: ReplyBody | undefined;
}

/** Gathers the messages of one way in. */
export class Replies implements Announcements {
  #parts: RepliesParts;
  /** Whatever cannot be written yet, since a reply before it is not known. */
  #standing: Standing[] = [];
  #announced: Standing[] = [];
  #answering = false;
  #whenAnswered: (() => void)[] = [];

  constructor(parts: RepliesParts) {
    this.#parts = parts;
  }

  /** Answers a request. */
  answer(request: Request): void {
    this.#answering = true;
    const answer = this.#parts.node.answer(request, this);
    this.#answering = false;
    // At once, also where the reply has to wait: whoever is told knows which request it was.
    if (!(answer instanceof Later) && answer.type === "crash") this.#parts.crashed(answer.error);
    if (answer instanceof Later || this.#standing.length > 0) this.#stand(request, answer);
    else this.#write(request, answer, request.msgId);
    if (this.#announced.length > 0) this.#takeAlong();
  }

  announce(to: Recipient, body: ReplyBody): void {
    if (this.#answering) {
      this.#announced.push({ to, inReplyTo: undefined, body });
    } else if (this.#standing.length > 0) {
      this.#standing.push({ to, inReplyTo: undefined, body });
    } else {
      this.#write(to, body, undefined);
      this.#parts.late();
    }
  }

  /** Calls `action` when each request so far has its reply, at once where that is so. */
  whenAnswered(action: () => void): void {
    if (this.#standing.length === 0) action();
    else this.#whenAnswered.push(action);
  }

  /** How many messages cannot be written yet. */
  get standing(): number {
    return this.#standing.length;
  }

  /** Has each request that has no reply yet answered with an error: nobody waits any longer. */
  giveUp(text: string): void {
    for (const standing of this.#standing) {
      standing.body ??= { type: "error", code: ErrorCode.Timeout, text };
    }
    this.#writeKnown();
  }

  #takeAlong(): void {
    const announced = this.#announced;
    this.#announced = [];
    this.#standing.push(...announced);
    this.#writeKnown();
  }

  #stand(request: Request, answer: ReplyBody | Later<ReplyBody>): void {
    const standing: Standing = { to: request, inReplyTo: request.msgId, body: undefined };
    this.#standing.push(standing);
    whenKnown(answer, (body) => {
      // It has been given up.
      if (standing.body !== undefined) return;
      standing.body = body;
      if (this.#standing[0] !== standing) return;
      this.#writeKnown();
      if (!this.#answering) this.#parts.late();
    });
  }

  #writeKnown(): void {
    let known = 0;
    for (const { to, inReplyTo, body } of this.#standing) {
      if (body === undefined) break;
      known++;
      this.#write(to, body, inReplyTo);
    }
    this.#standing.splice(0, known);
    if (this.#standing.length > 0) return;
    for (const action of this.#whenAnswered) action();
    this.#whenAnswered = [];
  }

  #write(to: Recipient, body: ReplyBody, inReplyTo: string | undefined): void {
    const { node, gathered } = this.#parts;
    encode(node.message(to, body, inReplyTo), gathered());
  }
}
