import { assertEquals } from "@std/assert";
import { service as mongodb } from "../../../lib/gate/services/mongodb.ts";
import { problemOf } from "../../support/checks.ts";
import { blind, latin1, opening, talk, WORDS } from "../../support/rejections.ts";

const request = (operation: string) => `\x61\x01\0\0\x07\x01\0\0\0\0\0\0${operation}\0\0`;

const FIELDS = "\x01ok\0\0\0\0\0\0\0\0\0" +
  `\x02errmsg\0${String.fromCharCode(WORDS.length + 1)}\0\0\0${WORDS}\0` +
  "\x10code\0\xce\x01\0\0" +
  "\x02codeName\0\x20\0\0\0IngressRequestRateLimitExceeded\0";
const DOCUMENT = `${String.fromCharCode(4 + FIELDS.length + 1)}\0\0\0${FIELDS}\0`;

/** A message of less than 256 bytes, in answer to request 0x107. */
function answer(operation: string, body: string): string {
  return `${
    String.fromCharCode(16 + body.length)
  }\0\0\0\0\0\0\0\x07\x01\0\0${operation}\0\0${body}`;
}

Deno.test("mongodb.reject: a hello gets an error, in the form in which it came", () => {
  assertEquals([opening(mongodb), blind(mongodb)], ["", ""]);
  const reply = "\x08\0\0\0" + "\0".repeat(12) + "\x01\0\0\0";
  assertEquals(talk(mongodb, request("\xd4\x07")), [answer("\x01\0", reply + DOCUMENT), "over"]);
  const message = "\0\0\0\0\0";
  assertEquals(talk(mongodb, request("\xdd\x07")), [
    answer("\xdd\x07", message + DOCUMENT),
    "over",
  ]);
});

Deno.test("mongodb.reject: waits for a whole header, and ends with one of another operation", () => {
  assertEquals(talk(mongodb, request("\xd4\x07").slice(0, -1)), ["", "open"]);
  assertEquals(talk(mongodb, request("\xdc\x07")), ["", "over"]);
});

Deno.test("mongodb.check: says hello in a whole message, and any answer to that is one", () => {
  const { opening } = mongodb.check!({ host: "x", path: "/", status: undefined });
  const document = "\x1f\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0";
  const said = `\x34\0\0\0\0\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0${document}`;
  assertEquals(String.fromCharCode(...opening), said);
  const header = (operation: string) => latin1(`\x36\0\0\0\x07\0\0\0\0\0\0\0${operation}\0\0`);
  assertEquals(problemOf(mongodb, header("\xdd\x07")), { said: "", problem: undefined });
  const problem = "it does not answer as MongoDB does";
  assertEquals(problemOf(mongodb, latin1("HTTP/1.1 400 Bad")), { said: "", problem });
});
