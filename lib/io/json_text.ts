/**
 * JSON written in ASCII only, as Python's `json.dumps` does: whatever lies outside the printable
 * ASCII range is a `\uXXXX` escape.
 *
 * @module
 */

const UNPRINTABLE = /[^ -~]/g;

/**
 * Writes a string as a JSON string.
 *
 * @param text Any string, lone surrogates included.
 * @returns The literal with its quotes, in printable ASCII.
 */
export function quote(text: string): string {
  return printable(JSON.stringify(text));
}

/**
 * Makes text safe for a terminal, a log or an ASCII wire.
 *
 * @param text Any string.
 * @returns The text with a `\uXXXX` escape for each UTF-16 unit that is not printable ASCII.
 */
export function printable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
