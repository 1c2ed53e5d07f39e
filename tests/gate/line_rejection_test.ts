import { assertEquals } from "@std/assert";
import { lineRejection } from "../../lib/gate/line_rejection.ts";
import { REASON_TEXT } from "../../lib/gate/reason_text.ts";
import { REJECT_REASONS } from "../../lib/pool/client.ts";
import { MemoryPool } from "../../lib/pool/memory_pool.ts";
import { raise } from "../support/raise.ts";

const pool = new MemoryPool({ maxConnections: 2, backlogSize: 3 }, raise);
for (const id of ["a", "b", "c", "d", "e"]) pool.connect(id, undefined, 0);
const client = pool.connect("one too many", undefined, 0);

Deno.test("lineRejection: a full pool is a rejected connect with its counts", () => {
  const body = lineRejection("backlog_full", client);
  assertEquals(body, { type: "pool_connect_ok", status: "rejected", active: 2, queued: 3 });
});

for (const reason of REJECT_REASONS.filter((reason) => reason !== "backlog_full")) {
  Deno.test(`lineRejection: ${reason} is error 11, without counts`, () => {
    const body = lineRejection(reason, client);
    assertEquals(body, { type: "error", code: 11, text: REASON_TEXT[reason] });
  });
}
