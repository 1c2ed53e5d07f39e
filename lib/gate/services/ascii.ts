/**
 * Text as the bytes that old protocols want.
 *
 * @module
 */

/** @param text Characters up to U+00FF. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
