/**
 * Bytes to lines: UTF-8 in, strings out, by `TextLineStream`, which has no limit on the length of a
 * line; so the limit stands before it. Knows nothing of what the lines say.
 *
 * @module
 */

import { TextLineStream } from "@std/streams/text-line-stream";
import type { ByteReader } from "./byte_stream.ts";
import { LineLimit } from "./line_limit.ts";

/** The longest line of stdin, in bytes; the line feed does not count, a carriage return does. */
export const MAX_LINE_BYTES = 1024 * 1024;

const READ_BYTES = 64 * 1024;

/** How much of an input is taken at once, in bytes. */
export interface Portions {
  /** The longest line, in bytes, its line feed not counted. */
  line: number;
  /** The most that is read at a time, in bytes, from 1. */
  read: number;
}

const OF_STDIN: Portions = { line: MAX_LINE_BYTES, read: READ_BYTES };

/** What is left of a line that was longer than allowed. */
export interface CutLine {
  text: string;
  cut: true;
}

/** A line without its line end: its text, where it is whole. */
export type Line = string | CutLine;

/**
 * Splits a byte stream into lines, at `\n` or `\r\n`. A last line needs no line end. Bytes that are
 * no UTF-8 become U+FFFD; a byte order mark at the start is left out.
 */
export class LineReader {
  #input: ByteReader;
  #buffer: Uint8Array;
  #limit: LineLimit;
  #decoder = new TextDecoder();
  #chunks: WritableStreamDefaultWriter<string>;
  #lines: ReadableStreamDefaultReader<string>;
  /** The read that is always under way: without one, the stream takes no chunk. */
  #next: Promise<ReadableStreamReadResult<string>>;
  #ended = false;

  /**
   * @param input The bytes. It is read only when lines are asked for.
   * @param portions How much to take at once.
   */
  constructor(input: ByteReader, portions = OF_STDIN) {
    const { readable, writable } = new TextLineStream();
    this.#input = input;
    this.#buffer = new Uint8Array(portions.read);
    this.#limit = new LineLimit(portions.line);
    this.#chunks = writable.getWriter();
    this.#lines = readable.getReader();
    this.#next = this.#lines.read();
  }

  /**
   * Reads once, and splits what has come. Rejects when the input fails.
   *
   * @returns The lines that are whole by now, none where one is still open; `undefined` at the end.
   */
  async read(): Promise<Line[] | undefined> {
    if (this.#ended) return undefined;
    const length = await this.#input.read(this.#buffer);
    if (length === null) return await this.#last();
    const { bytes, cut } = this.#limit.apply(this.#buffer.subarray(0, length));
    const batch = await this.#split(this.#decoder.decode(bytes, { stream: true }));
    for (const at of cut) batch[at] = { text: batch[at] as string, cut: true };
    return batch;
  }

  /**
   * As many reads as the text has line feeds are asked for at once, and only the last is awaited:
   * to suspend and resume this function for each line takes as long as all else that the stream
   * does.
   */
  async #split(text: string): Promise<Line[]> {
    const batch: Line[] = [];
    const take = ({ value = "" }: ReadableStreamReadResult<string>) => {
      batch.push(value);
    };
    let taken: Promise<void> | undefined;
    this.#chunks.write(text);
    for (let rest = countLineFeeds(text); rest > 0; rest--) {
      taken = this.#next.then(take);
      this.#next = this.#lines.read();
    }
    await taken;
    return batch;
  }

  /** A last line without a line end, once. */
  async #last(): Promise<Line[] | undefined> {
    this.#ended = true;
    this.#chunks.write(this.#decoder.decode());
    this.#chunks.close();
    const { done, value } = await this.#next;
    if (done) return undefined;
    return [this.#limit.openIsCut ? { text: value, cut: true } : value];
  }
}

function countLineFeeds(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
