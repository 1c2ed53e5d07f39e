/**
 * What a gate has still to tell the server, and what it has told without being answered. Owns the
 * order and the batches. Pure: whoever sends them gives them to the connection.
 *
 * @module
 */

import { LinkedList, type Links } from "../io/linked_list.ts";
import type { Limits } from "../pool/limits.ts";
import type { Op, OpResult, Told } from "./link.ts";

/** How many steps a batch has at most. */
export const MAX_BATCH = 256;

/** How a call is answered that is no batch. */
export type CallReply = Told & { promotedCount?: number };

/** A call that keeps its order among the steps of batches. */
export type Call =
  | { kind: "configure"; limits: Partial<Limits> }
  | { kind: "pausePool"; paused: boolean }
  | { kind: "pauseGate"; paused: boolean }
  | { kind: "retire" };

/** A step of a batch for a client. */
export type Step = Exclude<Op, { kind: "reject" }>;

/** Something to tell the server. */
export interface Entry extends Links {
  readonly what: WhatStep | WhatCall;
  /** Whether the server may know of it. */
  sent: boolean;
}

interface WhatStep {
  step: Step;
  answered: (result: OpResult) => void;
}

interface WhatCall {
  call: Call;
  answered: (reply: CallReply) => void;
}

export type StepEntry = Entry & { readonly what: WhatStep };
export type CallEntry = Entry & { readonly what: WhatCall };

/** What is told in one go. */
export type Sending =
  | {
    kind: "batch";
    number: number;
    /** Whether parts of it may have been carried out before. */
    replay: boolean;
    steps: StepEntry[];
    /** How many rejections it counts, behind its steps. */
    rejections: number;
  }
  | { kind: "call"; entry: CallEntry };

/** What a gate has to tell. */
export class Outbox {
  #waiting = new LinkedList<Entry>();
  /**
   * What has been sent, and is not answered: one batch or call. With a second one, batches are
   * smaller, and under load each client costs the gate and the server more CPU: some 8 %.
   */
  #underWay: Sending | undefined;
  #lastBatch = 0;
  /** Rejections still to be counted: a number, since a crowd may be turned away meanwhile. */
  #rejections = 0;
  /** Those of a batch that was not answered. */
  #doubtful = { batch: 0, rejections: 0 };

  /** Whether a call of this kind is still to be answered. */
  expects(kind: Call["kind"]): boolean {
    const isOne = (entry: Entry) => !isStep(entry) && (entry as CallEntry).what.call.kind === kind;
    const sending = this.#underWay;
    return sending?.kind === "call" && isOne(sending.entry) || [...this.#waiting].some(isOne);
  }

  /** Adds something to be sent behind all else. */
  add(entry: Entry): void {
    this.#waiting.push(entry);
  }

  /** Has one rejection counted. */
  addRejection(): void {
    this.#rejections++;
  }

  /** Takes out an entry that has never been sent. */
  forget(entry: Entry): void {
    if (entry.sent) throw new Error("BUG: what has been sent cannot be forgotten");
    this.#waiting.remove(entry);
  }

  /** @returns What may be sent now, where anything may. */
  next(): Sending | undefined {
    if (this.#underWay !== undefined) return undefined;
    const { first } = this.#waiting;
    if (first === undefined && this.#rejections === 0) return undefined;
    this.#underWay = first === undefined || isStep(first)
      ? this.#nextBatch()
      : this.#nextCall(first as CallEntry);
    return this.#underWay;
  }

  /** What is under way has been answered. */
  answered(): void {
    if (this.#underWay === undefined) throw new Error("BUG: an answer to nothing");
    this.#underWay = undefined;
  }

  /**
   * What is under way will not be answered: it is to be sent again, before all else. Whether it has
   * been carried out is told by {@linkcode carriedOut} or {@linkcode beginAnew} before the next is
   * asked for.
   */
  takeBack(): void {
    const sending = this.#underWay;
    if (sending === undefined) return;
    this.#underWay = undefined;
    if (sending.kind === "call") return this.#reorder([sending.entry, ...this.#waiting]);
    this.#doubtful = { batch: sending.number, rejections: sending.rejections };
    this.#reorder([...sending.steps, ...this.#waiting]);
  }

  /** The server has carried out all batches up to this one, and none after it. */
  carriedOut(lastBatch: number): void {
    const { batch, rejections } = this.#doubtful;
    if (batch > lastBatch) this.#rejections += rejections;
    this.#doubtful = { batch: 0, rejections: 0 };
  }

  /**
   * The server knows nothing of what it was sent.
   *
   * @param needed Whether a step is still to be sent.
   * @param first What to send before all that.
   * @returns The steps that are not, taken out.
   */
  beginAnew(needed: (step: Step) => boolean, first: readonly StepEntry[]): StepEntry[] {
    this.#doubtful = { batch: 0, rejections: 0 };
    const kept: Entry[] = [];
    const dropped: StepEntry[] = [];
    for (const entry of this.#waiting) {
      if (isStep(entry) && !needed(entry.what.step)) dropped.push(entry);
      else kept.push(entry);
    }
    this.#reorder([...first, ...kept]);
    return dropped;
  }

  #nextCall(entry: CallEntry): Sending {
    this.#waiting.remove(entry);
    entry.sent = true;
    return { kind: "call", entry };
  }

  /** As many steps as a batch may have; where a call comes first, as many as stand before it. */
  #nextBatch(): Sending {
    const steps: StepEntry[] = [];
    let replay = false;
    for (let { first } = this.#waiting; steps.length < MAX_BATCH; { first } = this.#waiting) {
      if (first === undefined || !isStep(first)) break;
      this.#waiting.remove(first);
      replay ||= first.sent;
      first.sent = true;
      steps.push(first);
    }
    const rejections = Math.min(this.#rejections, MAX_BATCH - steps.length);
    this.#rejections -= rejections;
    return { kind: "batch", number: ++this.#lastBatch, replay, steps, rejections };
  }

  #reorder(entries: readonly Entry[]): void {
    this.#waiting = new LinkedList<Entry>();
    for (const entry of entries) {
      entry.before = undefined;
      entry.after = undefined;
      this.#waiting.push(entry);
    }
  }
}

/** @returns A call that is to be made, and who is told how it was answered. */
export function callEntry(call: Call, answered: (reply: CallReply) => void): CallEntry {
  return { what: { call, answered }, sent: false, before: undefined, after: undefined };
}

/** @returns A step that is to be sent, and who is told what it came to. */
export function stepEntry(step: Step, answered: (result: OpResult) => void): StepEntry {
  return { what: { step, answered }, sent: false, before: undefined, after: undefined };
}

function isStep(entry: Entry): entry is StepEntry {
  return "step" in entry.what;
}
