import { assertEquals, assertRejects } from "@std/assert";
import {
  type ByteReader,
  isCut,
  LineLimit,
  MAX_LINE_BYTES,
  readLines,
} from "../../lib/io/lines.ts";
import { bytes, input, watched } from "../support/memory_streams.ts";
import { fc } from "../support/property.ts";

const MIB = 1024 * 1024;

async function linesOf(reader: ByteReader, rest = () => Promise.resolve()): Promise<string[]> {
  const lines = readLines(reader, rest);
  const all: string[] = [];
  for (let next = await lines.read(); !next.done; next = await lines.read()) all.push(next.value);
  return all;
}

Deno.test("readLines: splits at LF and CRLF, the last line with or without an end", async () => {
  assertEquals(await linesOf(input([bytes("a\nb\r\n\nc")])), ["a", "b", "", "c"]);
  assertEquals(await linesOf(input([bytes("a\n")])), ["a"]);
  assertEquals(await linesOf(input([])), []);
});

Deno.test("readLines: the cuts between chunks do not show", async () => {
  const text = "é\r\n😀 日本\n\r\nlast";
  const expected = ["é", "😀 日本", "", "last"];
  const whole = bytes(text);
  for (let cut = 0; cut <= whole.length; cut++) {
    const chunks = [whole.subarray(0, cut), whole.subarray(cut)].filter(({ length }) => length > 0);
    assertEquals(await linesOf(input(chunks)), expected);
  }
  assertEquals(await linesOf(input([...whole].map((byte) => Uint8Array.of(byte)))), expected);
});

Deno.test("readLines: leaves out a byte order mark, reads bytes that are no UTF-8 as U+FFFD", async () => {
  const marked = Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xff, 0x0a, 0xc3);
  assertEquals(await linesOf(input([marked])), ["a\ufffd", "\ufffd"]);
});

Deno.test("readLines: reads the input only when every whole line has been taken", async () => {
  let reads = 0;
  const chunks = [bytes("a\nb\nc\n"), bytes("d\ne"), bytes("\n")];
  const reader = watched(input(chunks), () => reads++);
  const rests: number[] = [];
  const lines = readLines(reader, () => {
    rests.push(reads);
    return Promise.resolve();
  });
  const seen: [string, number][] = [];
  for (let next = await lines.read(); !next.done; next = await lines.read()) {
    seen.push([next.value, reads]);
  }
  assertEquals(seen, [["a", 1], ["b", 1], ["c", 1], ["d", 2], ["e", 3]]);
  assertEquals(rests, [0, 1, 2, 3]);
});

Deno.test("readLines: passes on the error of a failing input, after the lines before it", async () => {
  const lines = readLines(input([bytes("a\n")], new Error("no more")), () => Promise.resolve());
  assertEquals((await lines.read()).value, "a");
  await assertRejects(() => lines.read(), Error, "no more");
});

Deno.test("readLines: passes on the error of a failing rest", async () => {
  const failing = () => Promise.reject(new Error("cannot rest"));
  await assertRejects(() => linesOf(input([bytes("a\n")]), failing), Error, "cannot rest");
});

Deno.test("readLines: a line of 1 MiB is whole, one byte more is cut, the next line is whole", async () => {
  const exact = "x".repeat(MAX_LINE_BYTES);
  const lines = await linesOf(input([bytes(`${exact}\n${exact}y\nshort\n`)]));
  assertEquals(lines.map((line) => isCut(line)), [false, true, false]);
  assertEquals([lines[0] === exact, lines[2]], [true, "short"]);
});

Deno.test("readLines: a line of 64 MiB comes out no longer than the limit", async () => {
  const chunk = bytes("z".repeat(MIB));
  const long = Array.from({ length: 64 }, () => chunk);
  const lines = await linesOf(input([...long, bytes("\nnext")]));
  assertEquals(lines.map((line) => isCut(line)), [true, false]);
  assertEquals((lines[0]?.length ?? 0) <= MAX_LINE_BYTES + 1, true);
  assertEquals(lines[1], "next");
});

Deno.test("isCut: tells a cut line, of any characters, from one that ends in a NUL of its own", async () => {
  for (const character of ["x", "é", "日", "😀"]) {
    const [cut] = await linesOf(input([bytes(`${character.repeat(MIB + 1)}\n`)]));
    assertEquals(isCut(cut!), true, character);
  }
  for (const own of ["", "\0", "a\0", `${"x".repeat(MIB - 10)}\0`, `${"日".repeat(MIB / 4)}\0`]) {
    const [line = ""] = await linesOf(input([bytes(`${own}\n`)]));
    assertEquals([line.length, isCut(line)], [own.length, false]);
  }
});

Deno.test("LineLimit: cuts the same, whatever the chunks", () => {
  const limit = MAX_LINE_BYTES;
  const length = fc.constantFrom(0, 1, 5, limit - 1, limit, limit + 1, 2 * limit + 7);
  const size = fc.constantFrom(1000, limit - 1, limit, limit + 1, 3 * limit);
  fc.assert(
    fc.property(fc.array(length, { maxLength: 5 }), size, (lengths, size) => {
      const text = bytes(lengths.map((n) => `${"x".repeat(n)}\n`).join(""));
      const lineLimit = new LineLimit();
      const kept: string[] = [];
      for (let at = 0; at < text.length; at += size) {
        kept.push(new TextDecoder().decode(lineLimit.apply(text.slice(at, at + size))));
      }
      const expected = lengths.map((n) => n > limit ? limit + 1 : n);
      assertEquals(kept.join("").split("\n").slice(0, -1).map((line) => line.length), expected);
    }),
    { numRuns: 30 },
  );
});

Deno.test("readLines: takes portions as small as it is told, and cuts lines there", async () => {
  const portions = { line: 4, read: 3 };
  const asked = new Set<number>();
  const source = input([bytes("abcd\nabcde\nx")]);
  const reader = {
    read: (buffer: Uint8Array) => {
      asked.add(buffer.length);
      return source.read(buffer);
    },
  };
  const lines = readLines(reader, () => Promise.resolve(), portions);
  const read: string[] = [];
  for (let next = await lines.read(); !next.done; next = await lines.read()) read.push(next.value);
  assertEquals(read, ["abcd", "abcd\0", "x"]);
  assertEquals(read.map((line) => isCut(line, portions)), [false, true, false]);
  assertEquals([...asked], [3]);
});
