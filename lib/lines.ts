/**
 * Bytes to lines: UTF-8 in, one string a line out, by `TextLineStream`, which has no limit on the length
 * of a line; so the limit stands before it. Knows nothing of what the lines say.
 *
 * @module
 */

import { TextLineStream } from "@std/streams/text-line-stream";

/** Where bytes come from, as `Deno.stdin` gives them. */
export interface ByteReader {
  /** Fills some of the buffer, now or later, and returns how many bytes, or `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null> | number | null;
}

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

const LINE_FEED = 0x0a;
/** A byte order mark, which the decoder leaves out. */
const MARK_BYTES = 3;
/** Ends a line that was cut: no JSON text has a NUL in it, so no cut line can pass for a whole one. */
const CUT = 0x00;

/**
 * Splits a byte stream into lines, at `\n` or `\r\n`. A last line needs no line end. Bytes that are no
 * UTF-8 become U+FFFD; a byte order mark at the start is left out.
 *
 * @param input The bytes. It is read only when a line is asked for that is not there yet.
 * @param beforeRead Called before each read of the input, which waits for it: every whole line has been
 *   taken, and the next one asked for.
 * @param portions How much to take at once.
 * @returns A reader of the lines. One that is longer than allowed comes cut, and {@linkcode isCut} tells. When the
 *   input or `beforeRead` fails, `read` rejects with its error.
 */
export function readLines(
  input: ByteReader,
  beforeRead: () => Promise<void>,
  portions = OF_STDIN,
): ReadableStreamDefaultReader<string> {
  const { readable, writable } = new TextLineStream();
  feed(input, beforeRead, writable.getWriter(), portions);
  return readable.getReader();
}

/**
 * Whether a line from {@linkcode readLines} was longer than allowed. A whole line that ends in a NUL of its
 * own is told from a cut one by its length; only one of nearly the limit's length can be mistaken, and it is
 * no JSON either.
 */
export function isCut(line: string, { line: maxBytes } = OF_STDIN): boolean {
  if (line.charCodeAt(line.length - 1) !== CUT) return false;
  return new TextEncoder().encode(line).length >= maxBytes - MARK_BYTES;
}

async function feed(
  input: ByteReader,
  beforeRead: () => Promise<void>,
  lines: WritableStreamDefaultWriter<string>,
  portions: Portions,
): Promise<void> {
  const buffer = new Uint8Array(portions.read);
  const decoder = new TextDecoder();
  const limit = new LineLimit(portions.line);
  try {
    for (;;) {
      // A stream takes a chunk, even an empty one, only when its reader waits for more than there is.
      await lines.write("");
      await beforeRead();
      const length = await input.read(buffer);
      if (length === null) break;
      const bytes = limit.apply(buffer.subarray(0, length));
      await lines.write(decoder.decode(bytes, { stream: true }));
    }
    await lines.write(decoder.decode());
    await lines.close();
  } catch (error) {
    await lines.abort(error).catch(() => {});
  }
}

/** Cuts lines that are too long out of a byte stream, whatever the borders of its chunks. */
export class LineLimit {
  #maxBytes: number;
  /** Bytes of the line that the last chunk left open. */
  #open = 0;

  /** @param maxBytes The longest line, in bytes. */
  constructor(maxBytes = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Applies the limit to the next chunk, in place.
   *
   * @param chunk The bytes; what is behind the returned part is garbage afterwards.
   * @returns The part of the chunk that holds the result.
   */
  apply(chunk: Uint8Array): Uint8Array {
    if (this.#open + chunk.length > this.#maxBytes) return chunk.subarray(0, this.#cut(chunk));
    const last = chunk.lastIndexOf(LINE_FEED);
    this.#open = last === -1 ? this.#open + chunk.length : chunk.length - last - 1;
    return chunk;
  }

  #cut(chunk: Uint8Array): number {
    let kept = 0;
    for (let from = 0; from < chunk.length;) {
      const lineFeed = chunk.indexOf(LINE_FEED, from);
      const end = lineFeed === -1 ? chunk.length : lineFeed;
      const fitting = Math.min(end - from, Math.max(this.#maxBytes - this.#open, 0));
      chunk.copyWithin(kept, from, from + fitting);
      kept += fitting;
      if (fitting < end - from && this.#open <= this.#maxBytes) chunk[kept++] = CUT;
      this.#open += end - from;
      if (lineFeed !== -1) {
        chunk[kept++] = LINE_FEED;
        this.#open = 0;
      }
      from = end + 1;
    }
    return kept;
  }
}
