import { assertEquals } from "@std/assert";
import { LineLimit } from "../../lib/io/line_limit.ts";
import { bytes } from "../support/memory_streams.ts";
import { fc } from "../support/property.ts";

const LIMIT = 1024 * 1024;

Deno.test("LineLimit.apply: cuts the same, whatever the chunks, and tells which lines", () => {
  const length = fc.constantFrom(0, 1, 5, LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT + 7);
  const size = fc.constantFrom(1000, LIMIT - 1, LIMIT, LIMIT + 1, 3 * LIMIT);
  fc.assert(
    fc.property(fc.array(length, { maxLength: 5 }), size, (lengths, size) => {
      const text = bytes(lengths.map((n) => `${"x".repeat(n)}\n`).join(""));
      const lineLimit = new LineLimit(LIMIT);
      const kept: string[] = [];
      const cutLines: number[] = [];
      let before = 0;
      for (let at = 0; at < text.length; at += size) {
        const { bytes, cut } = lineLimit.apply(text.slice(at, at + size));
        const chunk = new TextDecoder().decode(bytes);
        kept.push(chunk);
        cutLines.push(...cut.map((line) => before + line));
        before += chunk.split("\n").length - 1;
      }
      const expected = lengths.map((n) => Math.min(n, LIMIT));
      assertEquals(kept.join("").split("\n").slice(0, -1).map((line) => line.length), expected);
      assertEquals(before, lengths.length);
      assertEquals(cutLines, lengths.flatMap((n, line) => n > LIMIT ? [line] : []));
      assertEquals(lineLimit.openIsCut, false);
    }),
    { numRuns: 30 },
  );
});

Deno.test("LineLimit.openIsCut: tells of a line that the input ends in", () => {
  const limit = new LineLimit(4);
  const open: [string, boolean][] = [["a\nabc", false], ["d", false], ["e", true], ["\n", false]];
  for (const [chunk, cut] of open) {
    limit.apply(bytes(chunk));
    assertEquals(limit.openIsCut, cut, chunk);
  }
});
