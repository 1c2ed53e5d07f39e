/**
 * A connection to an upstream that is made again, once, at any upstream, where its own refuses it
 * because it stops: for a client that comes in the moment before that is known. So it needs a
 * service that has done nothing for a client to whom it has said no more than a few bytes; then
 * what the client has sent can go to another connection. The bytes are counted and kept, and nobody
 * looks at them.
 *
 * @module
 */

import { writeAll } from "../io/byte_stream.ts";
import type { Clock } from "../io/clock.ts";
import type { Socket } from "../io/socket.ts";
import { joined } from "./services/ascii.ts";
import type { Beginning } from "./services/service.ts";
import type { Upstream } from "./upstream.ts";
import type { Attempt } from "./upstreams.ts";

/**
 * How long a first word is held back at most behind which no end comes, in milliseconds: where the
 * upstream is suspected, and where nothing but the length of the word tells of a refusal.
 */
export const HOLD_MS = 500;
export const END_MS = 100;

/** How much of what a client has sent is kept, in bytes; with more, nothing is tried again. */
export const MAX_KEPT_BYTES = 10_000;

const NOTHING = new Uint8Array();

/** What a {@linkcode RetriedSocket} works with. */
export interface RetriedSocketParts {
  /** The connection to begin with. */
  socket: Socket;
  beginning: Beginning;
  /** How many bytes are written first that the client has not sent: the header of a proxy. */
  headerBytes: number;
  /** The wish that has brought it. */
  attempt: Pick<Attempt, "again" | "giveUp"> & {
    readonly upstream: Pick<Upstream, "held" | "up" | "known" | "suspect"> | undefined;
  };
  clock: Clock;
}

/** A connection to an upstream. */
export class RetriedSocket implements Socket {
  #parts: RetriedSocketParts;
  /** The connection, unless it is closed. */
  #socket: Socket | undefined;
  /** What the client has sent, as long as that may go to another connection. */
  #kept: Uint8Array | undefined = NOTHING;
  /** What the client has heard meanwhile: so many bytes, when so many were kept. */
  #answers: { told: number; kept: number }[] = [];
  /** A read that was begun to see whether there is an end behind what was read before. */
  #ahead: { bytes: Uint8Array; length: Promise<number | null> } | undefined;
  /** Whether there is to be a second connection: what is kept is sent to that by itself. */
  #retrying = false;
  #closed = false;

  constructor(parts: RetriedSocketParts) {
    this.#parts = parts;
    this.#socket = parts.socket;
  }

  read(buffer: Uint8Array): Promise<number | null> | number | null {
    if (this.#ahead !== undefined) return this.#takeAhead(buffer, this.#ahead);
    return this.#kept === undefined ? this.#open().read(buffer) : this.#readFirst(buffer);
  }

  write(bytes: Uint8Array): Promise<number> | number {
    const kept = this.#kept;
    if (kept !== undefined && kept.length + bytes.length <= MAX_KEPT_BYTES) {
      return this.#writeFirst(bytes, kept);
    }
    if (kept !== undefined) this.#leave();
    return this.#open().write(bytes);
  }

  async closeWrite(): Promise<void> {
    this.#leave();
    await this.#socket?.closeWrite();
  }

  close(): void {
    this.#closed = true;
    this.#leave();
    this.#drop();
  }

  #open(): Socket {
    if (this.#socket === undefined) throw new Error("the connection is closed");
    return this.#socket;
  }

  #drop(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** From now on, nothing is tried again. */
  #begin(): void {
    this.#kept = undefined;
  }

  /** The client needs no second connection, where there is none so far. */
  #leave(): void {
    this.#begin();
    this.#parts.attempt.giveUp();
  }

  /** Where the connection fails meanwhile, that shows when it is read. */
  async #writeFirst(bytes: Uint8Array, kept: Uint8Array): Promise<number> {
    this.#kept = joined(kept, bytes);
    if (this.#socket !== undefined && !this.#retrying) {
      await writeAll(this.#socket, bytes).catch(() => {});
    }
    return bytes.length;
  }

  async #takeAhead(
    buffer: Uint8Array,
    { bytes, length }: { bytes: Uint8Array; length: Promise<number | null> },
  ): Promise<number | null> {
    this.#ahead = undefined;
    const known = await length;
    if (known !== null) buffer.set(bytes.subarray(0, known));
    return known;
  }

  async #readFirst(buffer: Uint8Array): Promise<number | null> {
    const reading = Promise.resolve(this.#open().read(buffer));
    const outcome = await reading.catch(() => "failed" as const);
    if (typeof outcome === "number" && !this.#mayBeRefusal(outcome)) return outcome;
    if (await this.#mayTryAgain(outcome) && await this.#connectAgain()) {
      return await this.read(buffer);
    }
    this.#begin();
    return await reading;
  }

  /**
   * Whether what was read is not to be heard before more is known: where the upstream is suspected,
   * or where it has the length of a refusal. To wait for a millisecond with each first word costs a
   * fifth of the rate at which PostgreSQL logs in by password.
   */
  #mayBeRefusal(length: number): boolean {
    const { beginning: { answerBytes, requestBytes, refusalBytes }, attempt } = this.#parts;
    if (this.#kept === undefined) return false;
    const answered = this.#answers.reduce((sum, { told }) => sum + told, 0);
    if (answered + length <= answerBytes) {
      this.#answers.push({ told: length, kept: this.#kept.length });
      return false;
    }
    const { least, most } = refusalBytes;
    const isLikely = length >= least && this.#asked <= requestBytes;
    if (length <= most && (isLikely || attempt.upstream?.held)) return true;
    this.#begin();
    return false;
  }

  /** How much the client has sent since the last answer, in bytes. */
  get #asked(): number {
    const before = this.#answers.at(-1)?.kept ?? this.#parts.headerBytes;
    return (this.#kept?.length ?? 0) - before;
  }

  /** Whether the upstream has ended the connection, and done no more for it than refuse it. */
  async #mayTryAgain(outcome: number | null | "failed"): Promise<boolean> {
    if (this.#kept === undefined) return false;
    if (outcome === null && this.#parts.beginning.silentBytes.includes(this.#asked)) return false;
    if (typeof outcome === "number" && !await this.#endsBehind()) return false;
    // A client that has gone meanwhile may be why it has ended.
    if (this.#kept === undefined) return false;
    this.#parts.attempt.upstream?.suspect();
    return true;
  }

  /** Whether an end comes behind what was read, soon, or while the upstream may be down. */
  #endsBehind(): Promise<boolean> {
    const { beginning, attempt: { upstream }, clock } = this.#parts;
    const bytes = new Uint8Array(beginning.refusalBytes.most);
    const length = Promise.resolve(this.#open().read(bytes));
    this.#ahead = { bytes, length };
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const leave = () => resolve(false);
    let cancel = () => {};
    const hold = () => {
      cancel = clock.after(HOLD_MS, leave);
      upstream?.known().then(() => upstream.up && leave());
    };
    if (upstream?.held) hold();
    else cancel = clock.after(END_MS, () => upstream?.held ? hold() : leave());
    length.then((length) => resolve(length === null), () => resolve(true));
    return promise.finally(() => cancel());
  }

  /** @returns Whether there is a connection again: never, where the upstream is up. */
  async #connectAgain(): Promise<boolean> {
    this.#drop();
    this.#retrying = true;
    const socket = await this.#parts.attempt.again();
    if (this.#closed) socket?.close();
    if (this.#closed || socket === undefined) return false;
    this.#socket = socket;
    this.#ahead = undefined;
    // A client that has gone meanwhile has sent what nobody is to do any more.
    const sending = this.#kept === undefined ? socket.closeWrite() : this.#sendAgain(socket);
    // Where the connection fails meanwhile, that shows when it is read.
    await sending.catch(() => {});
    this.#begin();
    return true;
  }

  /** Sends what is kept, each part behind the answer that the client has waited for. */
  async #sendAgain(socket: Socket): Promise<void> {
    let sent = 0;
    const send = async (end: number | undefined) => {
      const part = this.#kept?.subarray(sent, end) ?? NOTHING;
      sent += part.length;
      await writeAll(socket, part);
    };
    for (const { told, kept } of this.#answers) {
      await send(kept);
      await skip(socket, told);
    }
    while (this.#kept !== undefined && sent < this.#kept.length) await send(undefined);
    // In one step with the last look: what is written a moment later would be kept, and not sent.
    this.#begin();
  }
}

/** Reads so many bytes, and drops them. */
async function skip(socket: Socket, count: number): Promise<void> {
  for (let left = count; left > 0;) {
    const length = await socket.read(new Uint8Array(left));
    if (length === null) return;
    left -= length;
  }
}
