import { assertEquals, assertRejects } from "@std/assert";
import type { ByteReader } from "../../lib/io/byte_stream.ts";
import { AT_HAND_MS, endedBy, MAX_AT_HAND_BYTES } from "../../lib/io/ended_by.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { bytes, input, watched } from "../support/memory_streams.ts";

const buffer = new Uint8Array(1024);

/** A reader of an input that ends when it is told to, and how often that was read. */
function newReader(source: ByteReader) {
  const clock = new FakeClock();
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const reads = { count: 0 };
  const reader = endedBy(promise, watched(source, () => reads.count++), clock);
  return { clock, end, reads, read: async () => await reader.read(buffer) };
}

const SILENT: ByteReader = { read: () => new Promise<null>(() => {}) };

Deno.test("endedBy: ends the input in the middle of a read, and reads no more", async () => {
  const { clock, end, reads, read } = newReader(SILENT);
  const pending = read();
  await settled();
  end();
  await settled();
  await clock.advance(AT_HAND_MS);
  assertEquals([await pending, await read(), reads.count], [null, null, 1]);
});

Deno.test("endedBy: passes on what the input says before the end, and sets no timer", async () => {
  const { clock, read } = newReader(input([bytes("ab")], new Error("input gone")));
  assertEquals(await read(), 2);
  await assertRejects(read, Error, "input gone");
  assertEquals(clock.timers, 0);
});

Deno.test("endedBy: still reads what is at hand at the end, until nothing is", async () => {
  const source = input([bytes("ab"), bytes("cde")]);
  let silent = false;
  const { clock, end, read } = newReader({
    async read(into) {
      const length = await source.read(into);
      silent = length === null;
      return silent ? await SILENT.read(into) : length;
    },
  });
  end();
  await settled();
  assertEquals([await read(), await read()], [2, 3]);
  const last = read();
  await settled();
  assertEquals([silent, clock.timers], [true, 1]);
  await clock.advance(AT_HAND_MS);
  assertEquals([await last, clock.timers], [null, 0]);
});

Deno.test("endedBy: of an input without end, reads no more after the end than a pipe holds", async () => {
  const { end, reads, read } = newReader({ read: (into) => into.length });
  for (let i = 0; i < 100; i++) assertEquals(await read(), buffer.length);
  end();
  await settled();
  let after = 0;
  for (let length = await read(); length !== null; length = await read()) after += length;
  assertEquals([after, reads.count], [MAX_AT_HAND_BYTES, 100 + MAX_AT_HAND_BYTES / buffer.length]);
});

Deno.test("endedBy: passes on a failure after the end", async () => {
  const { end, read } = newReader(input([], new Error("input gone")));
  end();
  await settled();
  await assertRejects(read, Error, "input gone");
});
