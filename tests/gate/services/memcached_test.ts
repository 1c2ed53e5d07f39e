import { assertEquals } from "@std/assert";
import { service as memcached } from "../../../lib/gate/services/memcached.ts";
import { problemOf } from "../../support/checks.ts";
import { blind, latin1, opening, talk, WORDS } from "../../support/rejections.ts";

const ERROR = `SERVER_ERROR ${WORDS}\r\n`;

Deno.test("memcached.reject: a command of text gets SERVER_ERROR, once it is whole", () => {
  assertEquals([opening(memcached), blind(memcached)], ["", ERROR]);
  assertEquals(talk(memcached, "get k\r\n"), [ERROR, "over"]);
  assertEquals(talk(memcached, "get k"), ["", "open"]);
});

Deno.test("memcached.reject: a binary request gets the status Busy, with its operation and its mark", () => {
  const get = "\x80\x0c\0\x01\0\0\0\0\0\0\0\x01mark\0\0\0\0\0\0\0\x07k";
  const busy = "\x81\x0c\0\0\0\0\0\x85\0\0\0\0mark\0\0\0\0\0\0\0\0";
  assertEquals(talk(memcached, get), [busy, "over"]);
});

Deno.test("memcached.check: asks for the version, and any answer of the protocol is one", () => {
  assertEquals(
    String.fromCharCode(...memcached.check!({ host: "x", path: "/", status: undefined }).opening),
    "version\r\n",
  );
  const fine = { said: "quit\r\n", problem: undefined };
  assertEquals(problemOf(memcached, latin1("VERSION 1.6.18\r\n")), fine);
  assertEquals(problemOf(memcached, latin1("ERROR Too many open connections\r\n")), fine);
  const problem = "it does not answer as memcached does";
  assertEquals(problemOf(memcached, latin1("SSH-2.0-x\r\n")), { said: "", problem });
});
