/**
 * Text as the bytes that old protocols want, and back.
 *
 * @module
 */

/** How much of what a server says is told on, in characters. */
const MAX_TOLD = 200;

/** @param text Characters up to U+00FF. */
export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** @returns What a server has said, fit for one line: `?` for all that is no printable ASCII. */
export function printable(bytes: Uint8Array): string {
  const told = Array.from(bytes.subarray(0, MAX_TOLD), (byte) => String.fromCharCode(byte));
  return told.join("").replace(/[^ -~]/g, "?");
}

/** @returns Bytes, and those behind them. */
export function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
