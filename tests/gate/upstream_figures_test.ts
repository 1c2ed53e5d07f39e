import { assertEquals, assertRejects } from "@std/assert";
import { UpstreamFigures } from "../../lib/gate/upstream_figures.ts";
import { LocalShortage, type Socket } from "../../lib/io/socket.ts";
import { FakeClock } from "../support/fake_clock.ts";

const SHORTAGE = new LocalShortage("no descriptor is left", true);
const REFUSED = new Error("refused");

Deno.test("UpstreamFigures.dialling: counts what came about, how long that took, and what failed", async () => {
  const figures = new UpstreamFigures();
  const clock = new FakeClock();
  const outcomes: (Socket | Error)[] = [{} as Socket, REFUSED, {} as Socket, SHORTAGE];
  const timeouts: (number | undefined)[] = [];
  const dial = figures.dialling(async (timeoutMs) => {
    timeouts.push(timeoutMs);
    await clock.advance(250);
    const outcome = outcomes.shift()!;
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }, clock);
  await dial(7);
  await assertRejects(() => dial());
  await dial();
  await assertRejects(() => dial());
  assertEquals([figures.connects, figures.connectMs, figures.failures], [2, 500, 1]);
  assertEquals(timeouts, [7, undefined, undefined, undefined]);
});

Deno.test("UpstreamFigures.asking: counts checks by how they went, and none that says nothing", async () => {
  const figures = new UpstreamFigures();
  const outcomes = [undefined, REFUSED, SHORTAGE, undefined];
  const ask = figures.asking(() => {
    const error = outcomes.shift();
    return error === undefined ? Promise.resolve() : Promise.reject(error);
  });
  await ask();
  await assertRejects(ask);
  await assertRejects(ask);
  await ask();
  assertEquals(figures.checks, { ok: 2, failed: 1, left_out: 0 });
});
