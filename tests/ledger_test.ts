/**
 * The ledger as transcripts: one step a line, with what there is afterwards behind the arrow: who has a place and who
 * waits, each with the seconds in that state, then what was measured in this step.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { Ledger, type Stay, type Stopwatch } from "../lib/admin/ledger.ts";
import type { RejectReason } from "../lib/farewell.ts";
import type { Status } from "../lib/pool.ts";

class Measured implements Stopwatch {
  times: string[] = [];

  waited(outcome: string, seconds: number): void {
    this.times.push(`waited ${seconds} ${outcome}`);
  }

  held(seconds: number): void {
    this.times.push(`held ${seconds}`);
  }
}

function open(): {
  ledger: Ledger;
  measured: Measured;
  pass: (seconds: number) => void;
  now(): number;
} {
  let time = 5000;
  const measured = new Measured();
  const now = () => time;
  const pass = (seconds: number) => time += 1000 * seconds;
  return { ledger: new Ledger({ now }, measured), measured, pass, now };
}

function transcript(name: string, script: string): void {
  Deno.test(name, () => {
    const { ledger, measured, pass, now } = open();
    const list = (stays: Iterable<Stay>) =>
      [...stays].map(({ id, since }) => `${id} ${(now() - since) / 1000}`).join(", ") || "-";
    const steps = script.trim().split("\n").map((line) => line.trim().split(/ +-> /)[0] ?? "");
    const performed = steps.map((step) => {
      const [verb, id = "", rest = ""] = step.split(/ +/);
      measured.times = [];
      if (verb === "connect") ledger.connected(id, rest as Status);
      if (verb === "promote") ledger.promoted(id);
      if (verb === "leave") ledger.left(id, (rest || undefined) as RejectReason | undefined);
      if (verb === "pass") pass(Number(id));
      const said = measured.times.map((time) => `; ${time}`).join("");
      return `${step} -> ${list(ledger.active)} | ${list(ledger.queued)}${said}`;
    });
    const expected = script.trim().split("\n").map((line) => line.trim().replace(/ +-> /, " -> "));
    assertEquals(performed, expected);
  });
}

transcript(
  "Ledger: knows since when each has its place, or waits, in order",
  `
  connect a connected   -> a 0 | -
  pass 2                -> a 2 | -
  connect b queued      -> a 2 | b 0
  connect c queued      -> a 2 | b 0, c 0
  pass 1                -> a 3 | b 1, c 1
  leave a               -> - | b 1, c 1; held 3
  promote b             -> b 0 | c 1; waited 1 promoted
  pass 4                -> b 4 | c 5
  leave b               -> - | c 5; held 4
`,
);

transcript(
  "Ledger: who asks again is in it once, since the first time",
  `
  connect a connected   -> a 0 | -
  pass 1                -> a 1 | -
  connect a connected   -> a 1 | -
  connect b queued      -> a 1 | b 0
  pass 1                -> a 2 | b 1
  connect b queued      -> a 2 | b 1
  promote b             -> a 2, b 0 | -; waited 1 promoted
  connect b connected   -> a 2, b 0 | -
`,
);

transcript(
  "Ledger: measures a wait by how it ended, and not one that poolgate's own end cut short",
  `
  connect a queued      -> - | a 0
  connect b queued      -> - | a 0, b 0
  connect c queued      -> - | a 0, b 0, c 0
  pass 3                -> - | a 3, b 3, c 3
  leave b               -> - | a 3, c 3; waited 3 abandoned
  leave a queue_timeout -> - | c 3; waited 3 timeout
  leave c draining      -> - | -
`,
);

transcript(
  "Ledger: who is turned away on arrival is not in it",
  `
  connect a rejected    -> - | -
  connect a connected   -> a 0 | -
`,
);

Deno.test("Ledger.rejected: counts by reason, on arrival, after a wait, and with a place", () => {
  const { ledger } = open();
  ledger.connected("a", "rejected");
  ledger.rejectedFor("per_source");
  ledger.connected("b", "queued");
  ledger.left("b", "queue_timeout");
  ledger.connected("c", "connected");
  ledger.left("c", "upstream_down");
  assertEquals(ledger.rejected, {
    backlog_full: 1,
    queue_timeout: 1,
    per_source: 1,
    draining: 0,
    upstream_down: 1,
  });
});

Deno.test("Ledger.abandoned: counts those that left the queue by themselves", () => {
  const { ledger } = open();
  for (const id of ["a", "b"]) ledger.connected(id, "queued");
  ledger.left("a", undefined);
  ledger.left("b", "queue_timeout");
  ledger.connected("c", "connected");
  ledger.left("c", undefined);
  assertEquals(ledger.abandoned, 1);
});

Deno.test("Ledger.next: is who has waited longest", () => {
  const { ledger } = open();
  assertEquals(ledger.next, undefined);
  for (const id of ["a", "b"]) ledger.connected(id, "queued");
  assertEquals(ledger.next?.id, "a");
});

Deno.test("Ledger: keeps how long one that has a place has waited for it", () => {
  const { ledger, pass } = open();
  ledger.connected("a", "connected");
  ledger.connected("b", "queued");
  pass(2);
  ledger.promoted("b");
  assertEquals([...ledger.active].map(({ id, waitedMs }) => [id, waitedMs]), [["a", 0], [
    "b",
    2000,
  ]]);
});

Deno.test("Ledger: a client it has never heard of is a fault of poolgate", () => {
  const { ledger } = open();
  assertThrows(() => ledger.promoted("a"), Error, "BUG:");
  assertThrows(() => ledger.left("a", undefined), Error, "BUG:");
});
