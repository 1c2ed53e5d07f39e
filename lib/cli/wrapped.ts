/**
 * Text in lines that fit a terminal.
 *
 * @module
 */

/** @returns Lines of whole words, no longer than so many columns. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line.length + word.length < columns) {
      line += line === "" ? word : ` ${word}`;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}
