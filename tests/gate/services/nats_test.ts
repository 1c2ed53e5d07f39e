import { assertEquals } from "@std/assert";
import { service as nats } from "../../../lib/gate/services/nats.ts";
import { problemOf } from "../../support/checks.ts";
import { blind, latin1, opening, WORDS } from "../../support/rejections.ts";

Deno.test("nats.reject: is an error in place of the greeting, which would draw out a login", () => {
  assertEquals([opening(nats), blind(nats)], [`-ERR '${WORDS}'\r\n`, ""]);
});

Deno.test("nats.check: a server that greets serves", () => {
  assertEquals(problemOf(nats, latin1("INFO ")), { said: "", problem: undefined });
  assertEquals(problemOf(nats, latin1("-ERR ")), { said: "", problem: "it greets with: -ERR " });
});
