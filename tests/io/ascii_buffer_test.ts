import { assertEquals } from "@std/assert";
import { AsciiBuffer, literal } from "../../lib/io/ascii_buffer.ts";
import { quote } from "../../lib/io/json_text.ts";
import { fc } from "../support/property.ts";

const read = (buffer: AsciiBuffer) => new TextDecoder().decode(buffer.bytes);

Deno.test("AsciiBuffer: appends text, literals, strings and integers one after the other", () => {
  const buffer = new AsciiBuffer();
  buffer.literal(literal("a"));
  buffer.text("bc");
  buffer.literal(literal("defgh"));
  buffer.string('i"é');
  buffer.integer(120);
  buffer.literal(literal(""));
  assertEquals(read(buffer), 'abcdefgh"i\\"\\u00e9"120');
  assertEquals(buffer.length, read(buffer).length);
});

Deno.test("AsciiBuffer.integer: writes any safe integer from 0 in decimal", () => {
  const whole = fc.oneof(
    fc.nat(),
    fc.maxSafeNat(),
    fc.constantFrom(0, 9, 10, 2 ** 31 - 1, 2 ** 31),
  );
  fc.assert(fc.property(whole, (value) => {
    const buffer = new AsciiBuffer();
    buffer.integer(value);
    assertEquals(read(buffer), String(value));
  }));
});

Deno.test("AsciiBuffer.string: writes any string as quote does", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const buffer = new AsciiBuffer();
    buffer.text("x");
    buffer.string(text);
    assertEquals(read(buffer), `x${quote(text)}`);
  }));
});

Deno.test("AsciiBuffer.escapedTwice: writes any text as a string in a string has it", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const buffer = new AsciiBuffer(1);
    buffer.escapedTwice(text);
    assertEquals(`"\\"${read(buffer)}\\""`, quote(quote(text)));
  }));
});

Deno.test("AsciiBuffer: keeps everything while it grows far beyond its first size", () => {
  const buffer = new AsciiBuffer();
  const piece = literal("0123456");
  let expected = "";
  for (let i = 0; i < 50_000; i++) {
    buffer.literal(piece);
    buffer.integer(i);
    expected += `0123456${i}`;
  }
  buffer.text("y".repeat(1_000_000));
  assertEquals(read(buffer) === expected + "y".repeat(1_000_000), true);
});

Deno.test("AsciiBuffer.clear: empties it for the next text", () => {
  const buffer = new AsciiBuffer();
  buffer.text("old");
  buffer.clear();
  assertEquals(buffer.length, 0);
  buffer.text("n");
  assertEquals(read(buffer), "n");
});
