import { assertEquals } from "@std/assert";
import { SpareBuffers } from "../lib/spare_buffers.ts";

Deno.test("SpareBuffers: gives a buffer out again, and each to one at a time", () => {
  const buffers = new SpareBuffers(8, 2);
  const first = buffers.take();
  const second = buffers.take();
  assertEquals([first.length, first === second], [8, false]);
  buffers.give(first);
  assertEquals([buffers.take() === first, buffers.take() === first], [true, false]);
});

Deno.test("SpareBuffers.give: keeps no more than it may, and none of another size", () => {
  const buffers = new SpareBuffers(8, 1);
  const [kept, lost] = [buffers.take(), buffers.take()];
  buffers.give(new Uint8Array(16));
  buffers.give(kept);
  buffers.give(lost);
  assertEquals([buffers.take() === kept, buffers.take() === lost], [true, false]);
});
