/**
 * Notes for the operator: one line an event, as text or as JSON. Gathered like replies, so that a
 * flood of bad lines costs few writes.
 *
 * @module
 */

import { printable, quote } from "./json_text.ts";
import { BufferedWriter } from "./buffered_writer.ts";
import type { ByteWriter } from "./byte_stream.ts";

/** How notes are written: `timed` is text with the time before it. */
export type LogFormat = "text" | "timed" | "json";

/** How severe a note is: an `error` is a fault of poolgate, or the end of it. */
export type Level = "info" | "warn" | "error";

/** What a field says: a figure, a word, or the figures of several by name; `null` for nothing. */
type Field = string | number | boolean | null | { readonly [name: string]: number };

/** What a note says to programs, in the JSON format alone. */
export type Fields = {
  /** What has happened, in one word that stays the same: notes are selected by it. */
  readonly event: string;
  readonly [name: string]: Field;
};

/**
 * Takes a note for the operator.
 *
 * @param text What has happened, in a sentence.
 * @param fields The same for programs; left out where none would select such notes.
 */
export type Note = (level: Level, text: string, fields?: Fields) => void;

/** How a {@linkcode Log} writes. */
export interface LogOptions {
  format: LogFormat;
  /** Leaves out all but errors. */
  quiet: boolean;
  /** The time, for the formats that have it. */
  clock: () => Date;
}

/**
 * With so many bytes of notes behind a write that does not end, further ones are lost instead of
 * held.
 */
export const MAX_UNSENT_NOTES = 64 * 1024;

/** Takes notes. */
export class Log {
  #options: LogOptions;
  #notes: BufferedWriter;
  #lost = 0;
  #flushing: Promise<void> | undefined;

  /** @param writer Where the notes go. */
  constructor(writer: ByteWriter, options: LogOptions) {
    this.#notes = new BufferedWriter(writer);
    this.#options = options;
  }

  /** Takes a note, to be written by the next {@linkcode flush}. */
  note(level: Level, text: string, fields?: Fields): void {
    const { quiet } = this.#options;
    if (quiet && level !== "error") return;
    if (this.#notes.writing && this.#notes.gathered.length > MAX_UNSENT_NOTES) {
      this.#lost++;
      return;
    }
    this.#notes.gathered.text(`${this.#line(level, text, fields)}\n`);
  }

  #line(level: Level, text: string, fields: Fields | undefined): string {
    const { format, clock } = this.#options;
    if (format === "text") return `poolgate: ${printable(text)}`;
    const time = clock().toISOString();
    return format === "timed"
      ? `${time} poolgate: ${printable(text)}`
      : json({ time, level, text, ...fields });
  }

  /**
   * Writes what has been noted, and what is noted meanwhile. Where notes cannot be written they are
   * lost: there is nobody to tell.
   */
  flush(): Promise<void> {
    // One for all: behind a write that does not end, each note would leave a call that waits.
    return this.#flushing ??= this.#flush();
  }

  async #flush(): Promise<void> {
    do {
      await this.#notes.flush().catch(() => {});
      const lost = this.#lost;
      this.#lost = 0;
      if (lost > 0) this.note("error", `${lost} notes were lost: stderr was not read`);
    } while (this.#notes.gathered.length > 0);
    // In one step with the last look: a note that came between the two would find a flush that
    // does not write it.
    this.#flushing = undefined;
  }
}

function json(value: Field | Readonly<Record<string, Field>>): string {
  if (typeof value === "string") return quote(value);
  if (typeof value !== "object" || value === null) return String(value);
  const members = Object.entries(value).map(([name, field]) => `${quote(name)}: ${json(field)}`);
  return `{${members.join(", ")}}`;
}
