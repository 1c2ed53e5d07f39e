import { assertEquals } from "@std/assert";
import { service as ldap } from "../../../lib/gate/services/ldap.ts";
import { blind, opening, talk, WORDS } from "../../support/rejections.ts";

/** A message of an id in so many bytes, with an operation that begins with that tag. */
const request = (tag: string, id = "\x01\x05") => `\x30\x0c\x02${id}${tag}`;

function result(tag: string, id = "\x01\x05"): string {
  const content = `\x0a\x01\x33\x04\0\x04${String.fromCharCode(WORDS.length)}${WORDS}`;
  const message = `\x02${id}${tag}${String.fromCharCode(content.length)}${content}`;
  return `\x30${String.fromCharCode(message.length)}${message}`;
}

Deno.test("ldap.reject: each request gets its own response with the result busy, and its id", () => {
  assertEquals([opening(ldap), blind(ldap)], ["", ""]);
  const responses = ["\x60\x61", "\x63\x65", "\x66\x67", "\x68\x69", "\x4a\x6b", "\x6c\x6d"];
  for (const [asked, answered] of responses) {
    assertEquals(talk(ldap, request(asked!)), [result(answered!), "over"]);
  }
  assertEquals(talk(ldap, request("\x60", "\x02\x01\x05")), [
    result("\x61", "\x02\x01\x05"),
    "over",
  ]);
});

Deno.test("ldap.reject: takes lengths in the long form", () => {
  assertEquals(talk(ldap, "\x30\x82\x01\x0c\x02\x01\x05\x60"), [result("\x61"), "over"]);
});

Deno.test("ldap.reject: a request for TLS hears nothing, since its client might go on without", () => {
  assertEquals(talk(ldap, request("\x77")), ["", "over"]);
});

Deno.test("ldap.reject: waits for the operation, and ends with anything else", () => {
  assertEquals(talk(ldap, request("")), ["", "open"]);
  for (const odd of ["\x31", "\x30\x80\x02\x01\x05\x60", "\x30\x0c\x04\x01\x05\x60"]) {
    assertEquals(talk(ldap, odd), ["", "over"]);
  }
});
