import { assertEquals } from "@std/assert";
import { service as grpc } from "../../../lib/gate/services/grpc.ts";
import { blind, opening, talk, WORDS } from "../../support/rejections.ts";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS = "\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64";
const OURS = "\0\0\0\x04\0\0\0\0\0\0\0\0\x04\x01\0\0\0\0";

Deno.test("grpc.reject: a client that has sent no call is not made to, and not greeted: it would come again at once", () => {
  assertEquals([opening(grpc), blind(grpc)], ["", ""]);
  assertEquals(talk(grpc, PREFACE + SETTINGS), ["", "over"]);
});

Deno.test("grpc.reject: a call that comes along ends as UNAVAILABLE, with the words", () => {
  const [heard, state] = whole(PREFACE + SETTINGS + "\0\0\x02\x01\x04\0\0\0\x03xx");
  const field = (name: string, value: string) =>
    `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`;
  const fields = "\x88" + field("content-type", "application/grpc") + field("grpc-status", "14") +
    field("grpc-message", WORDS);
  const head = `\0\0${String.fromCharCode(fields.length)}\x01\x05\0\0\0\x03`;
  assertEquals([heard, state], [OURS + head + fields, "over"]);
});

Deno.test("grpc.reject: waits for the settings, and ends with what is no HTTP/2", () => {
  assertEquals(talk(grpc, PREFACE + SETTINGS.slice(0, -1)), ["", "open"]);
  assertEquals(talk(grpc, "PRI * HTTP/1"), ["", "over"]);
  assertEquals(talk(grpc, `${PREFACE}\0\0\0\x01\x04\0\0\0\x01`), ["", "over"]);
});

/** What is heard where all comes at once. */
function whole(said: string): [string, string] {
  const { hear } = grpc.reject({ reason: "backlog_full", words: WORDS });
  const answer = hear!(Uint8Array.from(said, (character) => character.charCodeAt(0)));
  if (typeof answer === "string") return ["", answer];
  return [String.fromCharCode(...answer.say), answer.done ? "over" : "open"];
}
