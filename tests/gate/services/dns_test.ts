import { assertEquals } from "@std/assert";
import { service as dns } from "../../../lib/gate/services/dns.ts";
import { problemOf } from "../../support/checks.ts";
import { blind, latin1, opening, talk, WORDS } from "../../support/rejections.ts";

const NAME = "\x07example\x03org\0\0\x01\0\x01";
const OPT = "\0\0\x29\x04\xd0\0\0\0\0";

/** A message with its length before it. */
function message(text: string): string {
  return `\0${String.fromCharCode(text.length)}${text}`;
}

Deno.test("dns.reject: a query gets SERVFAIL with its id, and the words where it has an OPT", () => {
  assertEquals([opening(dns), blind(dns)], ["", ""]);
  const query = (rest: string, additional = "\0") =>
    message(`id\x01\x20\0\x01\0\0\0\0\0${additional}${NAME}${rest}`);
  const error = `\0\0${WORDS}`;
  const option = `\0\x0f\0${String.fromCharCode(error.length)}${error}`;
  const extended = `${OPT}\0${String.fromCharCode(option.length)}${option}`;
  const failure = (rest: string, additional: string) =>
    message(`id\x81\x82\0\x01\0\0\0\0\0${additional}${NAME}${rest}`);
  assertEquals(talk(dns, query("")), [failure("", "\0"), "over"]);
  assertEquals(talk(dns, query(`${OPT}\0\0`, "\x01")), [failure(extended, "\x01"), "over"]);
});

Deno.test("dns.reject: one without a question, and one whose name does not end, get SERVFAIL too", () => {
  const none = message("id\x01\0\0\0\0\0\0\0\0\0");
  assertEquals(talk(dns, none), [message("id\x81\x82\0\0\0\0\0\0\0\0"), "over"]);
  const cut = message("id\x01\0\0\x01\0\0\0\0\0\0\x3fx");
  assertEquals(talk(dns, cut), [message("id\x81\x82\0\x01\0\0\0\0\0\0\x3fx"), "over"]);
});

Deno.test("dns.reject: waits for a whole message, and ends with what is none, or a response", () => {
  assertEquals(talk(dns, message("id\x01\0\0\0\0\0\0\0\0\0").slice(0, -1)), ["", "open"]);
  assertEquals(talk(dns, "\0\x0b"), ["", "over"]);
  assertEquals(talk(dns, message("id\x81\0\0\0\0\0\0\0\0\0")), ["", "over"]);
});

Deno.test("dns.check: asks for the servers of the root, and any answer to that is one", () => {
  const { opening } = dns.check!({ host: "x", path: "/", status: undefined });
  assertEquals(
    String.fromCharCode(...opening),
    message("\0\x01\0\0\0\x01\0\0\0\0\0\0\0\0\x02\0\x01"),
  );
  const answered = (head: string) =>
    problemOf(dns, latin1(message(`${head}\0\x01\0\0\0\0\0\0`))).problem;
  assertEquals([answered("\0\x01\x80\0"), answered("\0\x01\x80\x05")], [undefined, undefined]);
  const problem = "it does not answer as DNS does";
  assertEquals([answered("\0\x02\x80\0"), answered("\0\x01\0\0")], [problem, problem]);
});
