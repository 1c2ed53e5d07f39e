/**
 * What operators, and the upstream of this gate, have the server change: limits, and pauses of the
 * pool or of this gate alone. Owns what of it has still to go out, and who is told what it came to.
 *
 * @module
 */

import type { PauseReason } from "../pool/client.ts";
import { Later } from "../pool/later.ts";
import type { Limits } from "../pool/limits.ts";
import type { Configured } from "../pool/pool.ts";
import { type Call, type CallEntry, callEntry, type CallReply, type Outbox } from "./outbox.ts";

type Change = Exclude<Call, { kind: "retire" }>;

/** What {@linkcode Changes} work with. */
export interface ChangesParts {
  outbox: Outbox;
  /** Whether what is added goes out at once. */
  up: () => boolean;
  /** Called when something was added. */
  added: () => void;
}

/** The changes that one gate asks for. */
export class Changes {
  #parts: ChangesParts;
  #gatePauses = new Set<PauseReason>();
  /** The last call of each kind, which may have gone out, and who is told how it was answered. */
  #last = new Map<Change["kind"], { call: Change; entry: CallEntry; answer: Later<Configured> }>();

  constructor(parts: ChangesParts) {
    this.#parts = parts;
  }

  /** Why this gate alone lets nobody in. */
  get gatePauses(): ReadonlySet<PauseReason> {
    return this.#gatePauses;
  }

  configure(limits: Partial<Limits>): Later<Configured> {
    return this.#ask({ kind: "configure", limits });
  }

  /** @param reason `paused` is for the pool, all else for this gate. */
  pause(reason: PauseReason): Later<Configured> {
    if (reason === "paused") return this.#ask({ kind: "pausePool", paused: true });
    this.#gatePauses.add(reason);
    return this.#pauseGate();
  }

  /** Ends what {@linkcode pause} has begun for the same reason. */
  resume(reason: PauseReason): Later<Configured> {
    if (reason === "paused") return this.#ask({ kind: "pausePool", paused: false });
    this.#gatePauses.delete(reason);
    return this.#pauseGate();
  }

  #pauseGate(): Later<Configured> {
    return this.#ask({ kind: "pauseGate", paused: this.#gatePauses.size > 0 });
  }

  /**
   * While nothing goes out, one call of each kind waits, with what was asked for last: however
   * often that changes, it takes no more room.
   */
  #ask(call: Change): Later<Configured> {
    const { outbox, up } = this.#parts;
    const before = this.#last.get(call.kind);
    if (up() || before === undefined || before.entry.sent) return this.#add(call, new Later());
    outbox.forget(before.entry);
    return this.#add(inOne(before.call, call), before.answer);
  }

  #add(call: Change, answer: Later<Configured>): Later<Configured> {
    const { outbox, added } = this.#parts;
    const entry = callEntry(call, (reply) => answer.settle(configured(reply)));
    this.#last.set(call.kind, { call, entry, answer });
    outbox.add(entry);
    added();
    return answer;
  }
}

/** @returns One change that does for two in a row. */
function inOne(before: Change, after: Change): Change {
  if (before.kind !== "configure" || after.kind !== "configure") return after;
  return { ...after, limits: { ...before.limits, ...after.limits } };
}

function configured({ active, queued, promotedCount, promoted }: CallReply): Configured {
  return { promoted: promotedCount ?? promoted.length, active, queued };
}
