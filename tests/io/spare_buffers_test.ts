import { assertEquals } from "@std/assert";
import { SpareBuffers } from "../../lib/io/spare_buffers.ts";

Deno.test("SpareBuffers: gives a buffer out again, and each to one at a time", () => {
  const buffers = new SpareBuffers(8, 100);
  const first = buffers.take();
  const second = buffers.take();
  assertEquals([first.length, first === second], [8, false]);
  buffers.give(first);
  assertEquals([buffers.take() === first, buffers.take() === first], [true, false]);
});

Deno.test("SpareBuffers.take: makes buffers that share no bytes", () => {
  const buffers = new SpareBuffers(4, 100);
  const taken = Array.from({ length: 50 }, (_, i) => buffers.take().fill(i));
  assertEquals(taken.map((buffer) => [...buffer]), taken.map((_, i) => [i, i, i, i]));
});

Deno.test("SpareBuffers.give: keeps no more than it may, and none of another size", () => {
  const buffers = new SpareBuffers(8, 1);
  const taken = new Set<Uint8Array>();
  for (let i = 0; i < 16; i++) taken.add(buffers.take());
  const [kept, lost] = [...taken] as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
  buffers.give(new Uint8Array(16));
  buffers.give(kept);
  buffers.give(lost);
  assertEquals([buffers.take() === kept, taken.has(buffers.take())], [true, false]);
});

Deno.test("SpareBuffers.give: gives back the memory of what it does not keep at once", () => {
  const buffers = new SpareBuffers(128 * 1024, 1);
  const [kept, lost] = [buffers.take(), buffers.take()];
  buffers.give(kept);
  buffers.give(lost);
  assertEquals([kept.byteLength, lost.byteLength], [128 * 1024, 0]);
});
