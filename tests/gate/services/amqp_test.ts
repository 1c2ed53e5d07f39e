import { assertEquals } from "@std/assert";
import { service as amqp } from "../../../lib/gate/services/amqp.ts";
import { blind, opening, talk, WORDS } from "../../support/rejections.ts";

Deno.test("amqp.reject: the header gets connection.close, and nothing that would draw out a login", () => {
  const arguments_ = `\x01\x40${String.fromCharCode(WORDS.length)}${WORDS}\0\0\0\0`;
  const payload = `\0\x0a\0\x32${arguments_}`;
  const close = `\x01\0\0\0\0\0${String.fromCharCode(payload.length)}${payload}\xce`;
  assertEquals(talk(amqp, "AMQP\0\0\x09\x01"), [close, "over"]);
  assertEquals([opening(amqp), blind(amqp)], ["", ""]);
});

Deno.test("amqp.reject: ends with another version", () => {
  assertEquals(talk(amqp, "AMQP\0\x01\0\0"), ["", "over"]);
  assertEquals(talk(amqp, "AMQP"), ["", "open"]);
});
