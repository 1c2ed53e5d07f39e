/**
 * Text in the making, as bytes: ASCII appended to a buffer that is used again and again. Strings
 * joined and encoded later cost more, most of it garbage. Knows JSON strings, no messages.
 *
 * @module
 */

import { quote } from "./json_text.ts";

const FIRST_BYTES = 64 * 1024;
const WORD_BYTES = Float64Array.BYTES_PER_ELEMENT;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const MAX_INT32 = 2 ** 31 - 1;

/** A piece of fixed text, made by {@linkcode literal}. */
export interface Literal {
  /** The text eight bytes a word, the last word filled up. ASCII never makes a NaN of a word. */
  readonly words: Float64Array;
  /** How many bytes of it count. */
  readonly length: number;
}

/**
 * Prepares a piece of fixed text, to be copied eight bytes at a time.
 *
 * @param ascii Text of ASCII only.
 */
export function literal(ascii: string): Literal {
  const words = new Float64Array(Math.ceil(ascii.length / WORD_BYTES));
  const bytes = new Uint8Array(words.buffer);
  for (let i = 0; i < ascii.length; i++) bytes[i] = ascii.charCodeAt(i);
  return { words, length: ascii.length };
}

/** A buffer of ASCII text that grows as needed. */
export class AsciiBuffer {
  #bytes: Uint8Array;
  #view: DataView;
  /**
   * The length of `#bytes`: to ask the array itself before each piece takes several times as long.
   */
  #capacity: number;
  #length = 0;

  /** @param firstBytes How much room to begin with, from 1. */
  constructor(firstBytes = FIRST_BYTES) {
    this.#bytes = new Uint8Array(firstBytes);
    this.#capacity = firstBytes;
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** How many bytes it holds. */
  get length(): number {
    return this.#length;
  }

  /** What it holds: a view, good until the next change. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Empties it, and keeps its memory for what comes next. */
  clear(): void {
    this.#length = 0;
  }

  /** @param piece Fixed text. */
  literal({ words, length }: Literal): void {
    this.#reserve(words.length * WORD_BYTES);
    const view = this.#view;
    let at = this.#length;
    for (let i = 0; i < words.length; i++, at += WORD_BYTES) view.setFloat64(at, words[i]!, true);
    this.#length += length;
  }

  /** @param ascii Text of ASCII only. */
  text(ascii: string): void {
    this.#reserve(ascii.length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < ascii.length; i++) bytes[at++] = ascii.charCodeAt(i);
    this.#length = at;
  }

  /** @param text Any text; appended as a JSON string, with quotes and what escapes it needs. */
  string(text: string): void {
    this.#reserve(text.length + 2);
    const start = this.#length;
    const end = start + 1 + text.length;
    if (!this.#plain(text, start + 1)) return this.text(quote(text));
    this.#bytes[start] = QUOTE;
    this.#bytes[end] = QUOTE;
    this.#length = end + 1;
  }

  /**
   * @param text Any text; appended as it stands in a JSON string inside of a JSON string, without
   *   quotes.
   */
  escapedTwice(text: string): void {
    this.#reserve(text.length);
    if (this.#plain(text, this.#length)) this.#length += text.length;
    else this.text(quote(quote(text)).slice(3, -3)); // without `"\"` and `\""`
  }

  /**
   * Puts text that needs no escapes at a place with room for it.
   *
   * @returns Whether it needs none.
   */
  #plain(text: string, at: number): boolean {
    const bytes = this.#bytes;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH) return false;
      bytes[at + i] = unit;
    }
    return true;
  }

  /** @param value A whole number, 0 to `Number.MAX_SAFE_INTEGER`; appended in decimal. */
  integer(value: number): void {
    if (value > MAX_INT32) return this.text(String(value));
    let digits = 1;
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) digits++;
    this.#reserve(digits);
    this.#length += digits;
    const bytes = this.#bytes;
    let at = this.#length;
    let rest = value;
    do {
      const tens = (rest / 10) | 0;
      bytes[--at] = ZERO + rest - tens * 10;
      rest = tens;
    } while (rest > 0);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed > this.#capacity) this.#grow(needed);
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, 2 * this.#capacity));
    grown.set(this.bytes);
    this.#bytes = grown;
    this.#capacity = grown.length;
    this.#view = new DataView(grown.buffer);
  }
}
