import { assertEquals } from "@std/assert";
import { service as opcua } from "../../../lib/gate/services/opcua.ts";
import { blind, opening, talk, WORDS } from "../../support/rejections.ts";

Deno.test("opcua.reject: a hello gets the error that the server is too busy, and so does silence", () => {
  const text = `${String.fromCharCode(WORDS.length)}\0\0\0${WORDS}`;
  const length = String.fromCharCode(8 + 4 + text.length);
  const error = `ERRF${length}\0\0\0\0\0\x7d\x80${text}`;
  assertEquals([opening(opcua), blind(opcua)], ["", error]);
  assertEquals(talk(opcua, "HELF"), [error, "over"]);
  assertEquals(talk(opcua, "HEL"), ["", "open"]);
  assertEquals(talk(opcua, "MSGF"), ["", "over"]);
});
