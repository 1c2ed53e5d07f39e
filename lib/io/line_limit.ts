/**
 * A limit on the length of lines, applied to bytes: what splits them has none.
 *
 * @module
 */

const LINE_FEED = 0x0a;

/** A chunk to which the limit was applied. */
export interface Limited {
  /** What is left of the chunk. */
  bytes: Uint8Array;
  /** Which of the lines that end in it, counted from 0, were cut, rising. */
  cut: number[];
}

const NONE: number[] = [];

/** Cuts lines that are too long, whatever the borders of the chunks. */
export class LineLimit {
  #maxBytes: number;
  /** Bytes of the line that the last chunk left open. */
  #open = 0;

  /** @param maxBytes The longest line, in bytes, its line feed not counted. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether the line that the last chunk left open is too long. */
  get openIsCut(): boolean {
    return this.#open > this.#maxBytes;
  }

  /**
   * Applies the limit to the next chunk, in place: what is behind the returned part is garbage
   * afterwards.
   */
  apply(chunk: Uint8Array): Limited {
    if (this.#open + chunk.length > this.#maxBytes) return this.#cut(chunk);
    const last = chunk.lastIndexOf(LINE_FEED);
    this.#open = last === -1 ? this.#open + chunk.length : chunk.length - last - 1;
    return { bytes: chunk, cut: NONE };
  }

  #cut(chunk: Uint8Array): Limited {
    const cut: number[] = [];
    let lines = 0;
    let kept = 0;
    for (let from = 0; from < chunk.length;) {
      const lineFeed = chunk.indexOf(LINE_FEED, from);
      const end = lineFeed === -1 ? chunk.length : lineFeed;
      const fitting = Math.min(end - from, Math.max(this.#maxBytes - this.#open, 0));
      chunk.copyWithin(kept, from, from + fitting);
      kept += fitting;
      this.#open += end - from;
      if (lineFeed !== -1) {
        if (this.openIsCut) cut.push(lines);
        chunk[kept++] = LINE_FEED;
        lines++;
        this.#open = 0;
      }
      from = end + 1;
    }
    return { bytes: chunk.subarray(0, kept), cut };
  }
}
