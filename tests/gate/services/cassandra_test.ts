import { assertEquals } from "@std/assert";
import { service as cassandra } from "../../../lib/gate/services/cassandra.ts";
import { problemOf } from "../../support/checks.ts";
import { blind, latin1, opening, talk, WORDS } from "../../support/rejections.ts";

const code = "\0\0\x10\x01";
const length = String.fromCharCode(WORDS.length);
const body = `${code}\0${length}${WORDS}`;
const bodyLength = `\0\0\0${String.fromCharCode(body.length)}`;

Deno.test("cassandra.reject: is the error Overloaded, in the version and on the stream of the request", () => {
  assertEquals([opening(cassandra), blind(cassandra)], ["", ""]);
  for (const [asked, answered] of ["\x03\x83", "\x04\x84", "\x05\x85", "\x42\xc2"]) {
    const error = `${answered}\0\x01\x02\0${bodyLength}${body}`;
    assertEquals(talk(cassandra, `${asked}\0\x01\x02\x01`), [error, "over"]);
  }
  assertEquals(talk(cassandra, "\x02\0\x07\x01"), [`\x82\0\x07\0${bodyLength}${body}`, "over"]);
});

Deno.test("cassandra.reject: waits for the stream, and ends with what is no request", () => {
  assertEquals(talk(cassandra, "\x04\0\0\0"), ["", "open"]);
  for (const odd of ["\x84", "\0"]) assertEquals(talk(cassandra, odd), ["", "over"]);
});

Deno.test("cassandra.reject: answers OPTIONS, behind which clients listen for the error", () => {
  const supported = "\0\x02\0\x0bCQL_VERSION\0\x01\0\x053.0.0\0\x0bCOMPRESSION\0\0";
  const answer = `\x84\0\x01\x02\x06\0\0\0${String.fromCharCode(supported.length)}${supported}`;
  const options = "\x04\0\x01\x02\x05\0\0\0\0";
  assertEquals(talk(cassandra, options), [answer, "open"]);
  assertEquals(talk(cassandra, options.slice(0, -1)), ["", "open"]);
  const error = `\x84\0\x01\x03\0${bodyLength}${body}`;
  assertEquals(talk(cassandra, `${options}\x04\0\x01\x03\x01`), [answer + error, "over"]);
  const old = "\x82\0\x07\x06\0\0\0" + String.fromCharCode(supported.length) + supported;
  assertEquals(talk(cassandra, "\x02\0\x07\x05\0\0\0\0"), [old, "open"]);
});

Deno.test("cassandra.check: asks for the options, and only one on its way into its cluster is of no use", () => {
  const { opening } = cassandra.check!({ host: "x", path: "/", status: undefined });
  assertEquals(String.fromCharCode(...opening), "\x04\0\0\0\x05\0\0\0\0");
  const answered = (operation: string, code: string) =>
    problemOf(cassandra, latin1(`\x84\0\0\0${operation}\0\0\0\x04\0\0${code}`)).problem;
  assertEquals(answered("\x06", "\0\x01"), undefined);
  assertEquals(answered("\0", "\x10\x01"), undefined);
  assertEquals(answered("\0", "\x10\x02"), "it says that it is bootstrapping");
  const problem = "it does not answer as Cassandra does";
  assertEquals(problemOf(cassandra, latin1("HTTP/1.1 400 ")).problem, problem);
});
