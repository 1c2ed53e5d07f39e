import { assertEquals, assertMatch } from "@std/assert";
import { printable, quote } from "../../lib/io/json_text.ts";
import { fc } from "../support/property.ts";

Deno.test("quote: writes what Python's json.dumps writes", () => {
  assertEquals(quote("plain text"), '"plain text"');
  assertEquals(quote('"\\/'), '"\\"\\\\/"');
  assertEquals(quote("\b\t\n\f\r\0\x1f"), '"\\b\\t\\n\\f\\r\\u0000\\u001f"');
  assertEquals(quote("\x7fé日\u2028"), '"\\u007f\\u00e9\\u65e5\\u2028"');
  assertEquals(quote("😀"), '"\\ud83d\\ude00"');
  assertEquals(quote("\ud83d"), '"\\ud83d"');
});

Deno.test("quote: any string comes back from JSON.parse, through printable ASCII", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assertMatch(quote(text), /^[ -~]*$/);
    assertEquals(JSON.parse(quote(text)), text);
  }));
});

Deno.test("printable: escapes what could move a terminal's cursor, and leaves the rest", () => {
  assertEquals(printable('\x1b[31m "red"\r\n'), '\\u001b[31m "red"\\u000d\\u000a');
});
