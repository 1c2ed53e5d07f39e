/**
 * The ledger as transcripts: one step a line, with what there is afterwards behind the arrow: who has a place and who
 * waits, each with the seconds in that state, then what was measured in this step.
 */

import { assertEquals } from "@std/assert";
import { Ledger, type Stopwatch } from "../../lib/admin/pool_observer.ts";
import type { RejectReason } from "../../lib/gate/reason_text.ts";
import type { Stay } from "../lib/roster.ts";

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
    const stays = new Map<string, Stay>();
    const performed = steps.map((step) => {
      const [verb, id = "", rest = ""] = step.split(/ +/);
      const stay = stays.get(id)!;
      measured.times = [];
      if (verb === "enter") stays.set(id, ledger.entered(id, rest as "connected" | "queued"));
      if (verb === "promote") ledger.promoted(stay);
      if (verb === "leave") ledger.left(stay, (rest || undefined) as RejectReason, undefined);
      if (verb === "replace") ledger.left(stay, undefined, stays.get(rest)!);
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
  enter a connected     -> a 0 | -
  pass 2                -> a 2 | -
  enter b queued        -> a 2 | b 0
  enter c queued        -> a 2 | b 0, c 0
  enter d queued        -> a 2 | b 0, c 0, d 0
  pass 1                -> a 3 | b 1, c 1, d 1
  replace a b           -> b 0 | c 1, d 1; held 3; waited 1 promoted
  pass 4                -> b 4 | c 5, d 5
  promote c             -> b 4, c 0 | d 5; waited 5 promoted
  leave b               -> c 0 | d 5; held 4
`,
);

transcript(
  "Ledger: measures a wait by how it ended, and not one that poolgate's own end cut short",
  `
  enter a queued        -> - | a 0
  enter b queued        -> - | a 0, b 0
  enter c queued        -> - | a 0, b 0, c 0
  pass 3                -> - | a 3, b 3, c 3
  leave b               -> - | a 3, c 3; waited 3 abandoned
  leave a queue_timeout -> - | c 3; waited 3 timeout
  leave c draining      -> - | -
`,
);

Deno.test("Ledger.rejections: counts by reason, on arrival, after a wait, and with a place", () => {
  const { ledger } = open();
  ledger.rejected("backlog_full");
  ledger.rejected("per_source");
  ledger.left(ledger.entered("b", "queued"), "queue_timeout", undefined);
  ledger.left(ledger.entered("c", "connected"), "upstream_down", undefined);
  assertEquals(ledger.rejections, {
    backlog_full: 1,
    queue_timeout: 1,
    per_source: 1,
    draining: 0,
    upstream_down: 1,
  });
});

Deno.test("Ledger.abandoned: counts those that left the queue and were not turned away", () => {
  const { ledger } = open();
  ledger.left(ledger.entered("a", "queued"), undefined, undefined);
  ledger.left(ledger.entered("b", "queued"), "queue_timeout", undefined);
  ledger.left(ledger.entered("c", "connected"), undefined, undefined);
  assertEquals(ledger.abandoned, 1);
});

Deno.test("Ledger.next: is who has waited longest", () => {
  const { ledger } = open();
  assertEquals(ledger.next, undefined);
  for (const id of ["a", "b"]) ledger.entered(id, "queued");
  assertEquals(ledger.next?.id, "a");
});

Deno.test("Ledger: keeps how long one that has a place has waited for it", () => {
  const { ledger, pass } = open();
  ledger.entered("a", "connected");
  const b = ledger.entered("b", "queued");
  pass(2);
  ledger.promoted(b);
  const waited = [...ledger.active].map(({ id, waitedMs }) => [id, waitedMs]);
  assertEquals(waited, [["a", 0], ["b", 2000]]);
});
