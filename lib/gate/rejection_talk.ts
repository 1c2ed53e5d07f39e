/**
 * The talk with a client that is rejected: what it is told, and when. What is said is the service's
 * to know, how long that may take the goodbye's.
 *
 * @module
 */

import { drain, writeAll } from "../io/byte_stream.ts";
import type { ClientSide } from "./client_side.ts";
import type { Goodbye } from "./goodbyes.ts";
import { joined } from "./services/ascii.ts";
import type { Heard, Rejection } from "./services/service.ts";

/** How much is read at a time, in bytes. */
const READ_BYTES = 1024;

/** How much is kept of what has no answer yet, in bytes: the longest first message is shorter. */
export const MAX_UNANSWERED = 16 * 1024;

const NOTHING = new Uint8Array();

/** What a talk works with. */
export interface RejectionTalkParts {
  side: ClientSide;
  goodbye: Goodbye;
  /** What the client is told; `undefined` for nothing, not even an end before the end. */
  rejection: Rejection | undefined;
  /**
   * Looks at all that has come so far for what may pass although its client is rejected;
   * `undefined` where nothing may.
   *
   * @returns `"found"` ends the talk, `"none"` the looking.
   */
  look: ((bytes: Uint8Array) => "found" | "unknown" | "none") | undefined;
  /** Hears the first bytes before the rejection does; `undefined` is for that to hear. */
  hearFirst: ((bytes: Uint8Array) => Heard | undefined) | undefined;
}

/** The talk with one client. */
export class RejectionTalk {
  #parts: RejectionTalkParts;
  #look: RejectionTalkParts["look"];
  /** All that has come, while something may pass. */
  #all = NOTHING;
  /** What has come and is not answered yet. */
  #unanswered = NOTHING;
  /** Whether anything has been answered. */
  #answered = false;
  /** Whether all is said. */
  #over = false;
  #ending: Promise<void> | undefined;

  constructor(parts: RejectionTalkParts) {
    this.#parts = parts;
    this.#look = parts.look;
  }

  /** Tells the client, and resolves when it has ended, or what may pass was found. */
  async run(): Promise<void> {
    const { side, goodbye, rejection } = this.#parts;
    if (this.#hears) this.#listen();
    if (rejection?.opening !== undefined) await writeAll(side, rejection.opening);
    const buffer = this.#hears ? new Uint8Array(READ_BYTES) : NOTHING;
    while (!this.#over && this.#hears) {
      const length = await side.hear(buffer);
      if (length === null) break;
      goodbye.heard();
      if (this.#over) break;
      const bytes = buffer.subarray(0, length);
      if (this.#passes(bytes)) return;
      if (rejection !== undefined) await this.#answer(bytes);
    }
    if (rejection === undefined) return;
    await this.#end();
    await drain(side.input, () => goodbye.heard());
  }

  /** Whether what the client says matters. */
  get #hears(): boolean {
    return this.#look !== undefined || this.#parts.rejection?.hear !== undefined;
  }

  #listen(): void {
    const { goodbye, rejection, side } = this.#parts;
    const kind = rejection?.untilItGoes ? "until it goes" : "until told";
    // Where the socket fails, whoever reads it hears of that.
    const late = () => rejection === undefined ? side.close() : void this.#end().catch(() => {});
    if (!goodbye.listen(kind, late)) this.#over = true;
  }

  /** Whether what may pass has come. */
  #passes(bytes: Uint8Array): boolean {
    if (this.#look === undefined) return false;
    this.#all = joined(this.#all, bytes);
    const found = this.#look(this.#all);
    if (found === "none") this.#look = undefined;
    return found === "found";
  }

  async #answer(bytes: Uint8Array): Promise<void> {
    const { side, rejection } = this.#parts;
    if (rejection?.hear === undefined) return;
    this.#unanswered = joined(this.#unanswered, bytes);
    while (this.#unanswered.length > 0) {
      const heard = this.#hear(rejection);
      if (heard === "more") break;
      if (heard === "close") {
        this.#answered = this.#over = true;
        return;
      }
      this.#answered = true;
      this.#unanswered = this.#unanswered.slice(heard.taken);
      if (heard.say.length > 0) await writeAll(side, heard.say);
      if (heard.done) {
        this.#over = true;
        return;
      }
    }
    if (this.#unanswered.length > MAX_UNANSWERED) this.#over = true;
  }

  #hear({ hear }: Rejection): Heard {
    const first = this.#answered ? undefined : this.#parts.hearFirst?.(this.#unanswered);
    return first ?? hear!(this.#unanswered);
  }

  /** Says what can be said to one that was not answered, and ends this side. */
  #end(): Promise<void> {
    return this.#ending ??= this.#endOnce();
  }

  async #endOnce(): Promise<void> {
    const { side, goodbye, rejection } = this.#parts;
    this.#over = true;
    if (!this.#answered && rejection?.blind !== undefined) await writeAll(side, rejection.blind);
    await side.closeWrite();
    goodbye.told();
  }
}
