import { assertEquals, assertMatch } from "@std/assert";
import { REASON_TEXT, rejectionWords } from "../../lib/gate/reason_text.ts";
import { REJECT_REASONS, type RejectReason } from "../../lib/pool/client.ts";

const words = (reason: RejectReason, active = 20, queued = 100, waited = 120_000) =>
  rejectionWords(reason, { active, queued, waited });

Deno.test("rejectionWords: a full pool says how many are in and how many wait", () => {
  assertEquals(words("backlog_full"), "full: 20 are connected and 100 wait");
  assertEquals(words("backlog_full", 1, 1), "full: 1 is connected and 1 waits");
  assertEquals(words("backlog_full", 20, 0), "full: 20 are connected and nobody may wait");
  assertEquals(words("backlog_full", 0, 5), REASON_TEXT.backlog_full);
});

Deno.test("rejectionWords: a queue timeout says how long the client has waited", () => {
  const waited = (ms: number) => words("queue_timeout", 1, 1, ms);
  assertEquals(waited(120_004), "no place became free in 2 minutes");
  assertEquals(waited(90_000), "no place became free in 1 minute and 30 seconds");
  assertEquals([waited(1400), waited(20)], Array(2).fill("no place became free in 1 second"));
  assertEquals(waited(0), REASON_TEXT.queue_timeout);
});

Deno.test("rejectionWords: is printable ASCII without quotes, 100 characters at most", () => {
  for (const reason of REJECT_REASONS) {
    assertMatch(words(reason, 10_000_000, 10_000_000, 2 ** 31), /^[ !#-&(-~]{1,100}$/);
  }
});
