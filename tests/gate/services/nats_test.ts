import { assertEquals } from "@std/assert";
import { service as nats } from "../../../lib/gate/services/nats.ts";
import { blind, opening, WORDS } from "../../support/rejections.ts";

Deno.test("nats.reject: is an error in place of the greeting, which would draw out a login", () => {
  assertEquals([opening(nats), blind(nats)], [`-ERR '${WORDS}'\r\n`, ""]);
});
