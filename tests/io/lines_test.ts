import { assertEquals, assertRejects } from "@std/assert";
import type { ByteReader } from "../../lib/io/byte_stream.ts";
import { type Line, LineReader, MAX_LINE_BYTES, type Portions } from "../../lib/io/lines.ts";
import { bytes, input, watched } from "../support/memory_streams.ts";

const MIB = 1024 * 1024;

/** All lines of an input, a cut one as its text and how much of it there is. */
async function linesOf(source: ByteReader, portions?: Portions): Promise<Line[]> {
  const reader = new LineReader(source, portions);
  const all: Line[] = [];
  for (let lines = await reader.read(); lines !== undefined; lines = await reader.read()) {
    all.push(...lines);
  }
  return all;
}

function isCut(line: Line | undefined): boolean {
  return typeof line === "object" && line.cut;
}

function textOf(line: Line | undefined): string {
  return typeof line === "object" ? line.text : line ?? "";
}

Deno.test("LineReader: splits at LF and CRLF, the last line with or without an end", async () => {
  assertEquals(await linesOf(input([bytes("a\nb\r\n\nc")])), ["a", "b", "", "c"]);
  assertEquals(await linesOf(input([bytes("a\n")])), ["a"]);
  assertEquals(await linesOf(input([])), []);
});

Deno.test("LineReader: the cuts between chunks do not show", async () => {
  const text = "é\r\n😀 日本\n\r\nlast";
  const expected = ["é", "😀 日本", "", "last"];
  const whole = bytes(text);
  for (let cut = 0; cut <= whole.length; cut++) {
    const chunks = [whole.subarray(0, cut), whole.subarray(cut)].filter(({ length }) => length > 0);
    assertEquals(await linesOf(input(chunks)), expected);
  }
  assertEquals(await linesOf(input([...whole].map((byte) => Uint8Array.of(byte)))), expected);
});

Deno.test("LineReader: leaves out a byte order mark, reads bytes that are no UTF-8 as U+FFFD", async () => {
  const marked = Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xff, 0x0a, 0xc3);
  assertEquals(await linesOf(input([marked])), ["a\ufffd", "\ufffd"]);
});

Deno.test("LineReader.read: reads the input once, and gives the lines that are whole by then", async () => {
  let reads = 0;
  const chunks = [bytes("a\nb\nc\n"), bytes("d\ne"), bytes("\n")];
  const reader = new LineReader(watched(input(chunks), () => reads++));
  const seen: [Line[] | undefined, number][] = [[undefined, reads]];
  for (let i = 0; i < 4; i++) seen.push([await reader.read(), reads]);
  assertEquals(seen, [[undefined, 0], [["a", "b", "c"], 1], [["d"], 2], [["e"], 3], [
    undefined,
    4,
  ]]);
});

Deno.test("LineReader.read: gives no line where one is still open, and that one at the end, behind which it reads no more", async () => {
  let reads = 0;
  const reader = new LineReader(watched(input([bytes("a"), bytes("b")]), () => reads++));
  const seen: (Line[] | undefined)[] = [];
  for (let i = 0; i < 5; i++) seen.push(await reader.read());
  assertEquals([seen, reads], [[[], [], ["ab"], undefined, undefined], 3]);
});

Deno.test("LineReader.read: rejects with the error of a failing input, after the lines before it", async () => {
  const reader = new LineReader(input([bytes("a\n")], new Error("no more")));
  assertEquals(await reader.read(), ["a"]);
  await assertRejects(() => reader.read(), Error, "no more");
});

Deno.test("LineReader: a line of 1 MiB is whole, one byte more is cut, the next line is whole", async () => {
  const exact = "x".repeat(MAX_LINE_BYTES);
  const lines = await linesOf(input([bytes(`${exact}\n${exact}y\nshort\n`)]));
  assertEquals(lines.map((line) => isCut(line)), [false, true, false]);
  assertEquals([lines[0] === exact, lines[2]], [true, "short"]);
});

Deno.test("LineReader: a line of 64 MiB comes out no longer than the limit", async () => {
  const chunk = bytes("z".repeat(MIB));
  const long = Array.from({ length: 64 }, () => chunk);
  const lines = await linesOf(input([...long, bytes("\nnext")]));
  assertEquals(lines.map((line) => isCut(line)), [true, false]);
  assertEquals(textOf(lines[0]).length, MAX_LINE_BYTES);
  assertEquals(lines[1], "next");
});

Deno.test("LineReader: tells a cut line, of any characters, from one that ends in a NUL of its own", async () => {
  for (const character of ["x", "é", "日", "😀"]) {
    const [cut] = await linesOf(input([bytes(`${character.repeat(MIB + 1)}\n`)]));
    assertEquals(isCut(cut), true, character);
  }
  for (const own of ["", "\0", "a\0", `${"x".repeat(MIB - 10)}\0`, `${"日".repeat(MIB / 4)}\0`]) {
    const [line] = await linesOf(input([bytes(`${own}\n`)]));
    assertEquals([textOf(line).length, isCut(line)], [own.length, false]);
  }
});

Deno.test("LineReader: takes portions as small as it is told, and cuts lines there", async () => {
  const asked = new Set<number>();
  const source = input([bytes("abcd\nabcde\nx")]);
  const reader = {
    read: (buffer: Uint8Array) => {
      asked.add(buffer.length);
      return source.read(buffer);
    },
  };
  const lines = await linesOf(reader, { line: 4, read: 3 });
  assertEquals(lines, ["abcd", { text: "abcd", cut: true }, "x"]);
  assertEquals([...asked], [3]);
});

Deno.test("LineReader: a last line without a line end is cut as any other", async () => {
  const portions = { line: 4, read: 3 };
  assertEquals(await linesOf(input([bytes("abcd")]), portions), ["abcd"]);
  assertEquals(await linesOf(input([bytes("abcde")]), portions), [{ text: "abcd", cut: true }]);
});
