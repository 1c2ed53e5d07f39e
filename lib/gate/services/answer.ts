/**
 * What services say, put together.
 *
 * @module
 */

import { joined } from "./ascii.ts";
import type { Answer } from "./service.ts";

/** @returns The last word, whatever has come. */
export function lastWord(say: Uint8Array): Answer {
  return { say, taken: 0, done: true };
}

/** @returns A number in so many bytes, the highest first. */
export function bigEndian(value: number, bytes: number): number[] {
  return littleEndian(value, bytes).reverse();
}

/** @returns A number in so many bytes, the lowest first. */
export function littleEndian(value: number, bytes: number): number[] {
  const digits: number[] = [];
  for (let left = value; digits.length < bytes; left = Math.floor(left / 256)) {
    digits.push(left % 256);
  }
  return digits;
}

/** @returns A number of the bytes from some place on, the highest first: up to 4 of them. */
export function readBigEndian(bytes: Uint8Array, at: number, length: number): number {
  return bytes.subarray(at, at + length).reduce((value, byte) => value * 256 + byte, 0);
}

/** @returns Some numbers as bytes, and the bytes behind them. */
export function behind(head: readonly number[], rest: Uint8Array): Uint8Array {
  return joined(Uint8Array.from(head), rest);
}
