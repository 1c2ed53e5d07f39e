import { assertEquals, assertRejects } from "@std/assert";
import { endedBy } from "../../lib/io/ended_by.ts";
import { settled } from "../support/fake_clock.ts";
import { bytes, input, watched } from "../support/memory_streams.ts";

Deno.test("endedBy: ends the input in the middle of a read", async () => {
  const { promise: end, resolve } = Promise.withResolvers<void>();
  const reader = endedBy(end, { read: () => new Promise<null>(() => {}) });
  const pending = reader.read(new Uint8Array(8));
  await settled();
  resolve();
  assertEquals(await pending, null);
});

Deno.test("endedBy: reads no more after the end, and passes on what the input says before it", async () => {
  const { promise: end, resolve } = Promise.withResolvers<void>();
  let reads = 0;
  const reader = endedBy(
    end,
    watched(input([bytes("ab")], new Error("input gone")), () => reads++),
  );
  const buffer = new Uint8Array(8);
  assertEquals(await reader.read(buffer), 2);
  await assertRejects(async () => await reader.read(buffer), Error, "input gone");
  resolve();
  await settled();
  assertEquals([await reader.read(buffer), reads], [null, 2]);
});
