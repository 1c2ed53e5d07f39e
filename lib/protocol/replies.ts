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
  /** Calls when whoever calls at present has done what there is to do. */
  afterwards: (action: () => void) => void;
  /** Told when a request met a fault of poolgate, and the number of its line. */
  crashed: (error: unknown, line: number) => void;
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
  /** Requests that are carried out when those before them are known. */
  #deferred: { request: Request; line: number }[] = [];
  #answering = false;
  #catchingUp = false;
  #whenAnswered: (() => void)[] = [];

  constructor(parts: RepliesParts) {
    this.#parts = parts;
  }

  /**
   * Answers a request. One that looks back ({@linkcode Node.looksBack}) is put off until all before
   * it have their answers, and what comes behind it, too.
   *
   * @param line The number of its line.
   */
  answer(request: Request, line: number): void {
    if (this.#deferred.length > 0 || this.#hasToWait(request)) {
      this.#deferred.push({ request, line });
    } else {
      this.#answerNow(request, line);
    }
  }

  #hasToWait(request: Request): boolean {
    return this.#standing.length > 0 && this.#parts.node.looksBack(request);
  }

  #answerNow(request: Request, line: number): void {
    this.#answering = true;
    const answer = this.#parts.node.answer(request, this);
    this.#answering = false;
    // At once, also where the reply has to wait: whoever is told knows which request it was.
    if (!(answer instanceof Later) && answer.type === "crash") {
      this.#parts.crashed(answer.error, line);
    }
    if (answer instanceof Later || this.#standing.length > 0) this.#stand(request, answer);
    else this.#write(request, answer, request.msgId);
    if (this.#announced.length > 0) this.#takeAlong();
  }

  announce(to: Recipient, body: ReplyBody): void {
    const announcement: Standing = { to, inReplyTo: undefined, body };
    if (this.#answering) {
      this.#announced.push(announcement);
      return;
    }
    // The reply to the connect of the client that is promoted may be among those that are known.
    // None of those that are not has caused this.
    const known = this.#standing.findLastIndex(({ body }) => body !== undefined);
    if (known !== -1) {
      this.#standing.splice(known + 1, 0, announcement);
    } else {
      this.#write(to, body, undefined);
      this.#parts.late();
    }
  }

  /** Calls `action` when each request so far has its reply, at once where that is so. */
  whenAnswered(action: () => void): void {
    if (this.standing === 0) action();
    else this.#whenAnswered.push(action);
  }

  /** How many messages cannot be written yet. */
  get standing(): number {
    return this.#standing.length + this.#deferred.length;
  }

  /** Has each request that has no reply yet answered with an error: nobody waits any longer. */
  giveUp(text: string): void {
    const body: ReplyBody = { type: "error", code: ErrorCode.Timeout, text };
    for (const standing of this.#standing) standing.body ??= body;
    for (const { request } of this.#deferred) {
      this.#standing.push({ to: request, inReplyTo: request.msgId, body });
    }
    this.#deferred = [];
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
    this.#catchUpLater();
    if (this.standing === 0) this.#tellAnswered();
  }

  #tellAnswered(): void {
    for (const action of this.#whenAnswered) action();
    this.#whenAnswered = [];
  }

  /** An answer that is given at present may have more to tell than itself, such as promotions. */
  #catchUpLater(): void {
    if (this.#catchingUp || this.#deferred.length === 0) return;
    this.#catchingUp = true;
    this.#parts.afterwards(() => this.#catchUp());
  }

  /** Carries out what was put off, as far as that can be. */
  #catchUp(): void {
    let done = 0;
    for (const { request, line } of this.#deferred) {
      if (this.#hasToWait(request)) break;
      done++;
      this.#answerNow(request, line);
    }
    this.#deferred.splice(0, done);
    this.#catchingUp = false;
    if (done === 0) return;
    if (this.standing === 0) this.#tellAnswered();
    this.#parts.late();
  }

  #write(to: Recipient, body: ReplyBody, inReplyTo: string | undefined): void {
    const { node, gathered } = this.#parts;
    encode(node.message(to, body, inReplyTo), gathered());
  }
}
