import { assertEquals } from "@std/assert";
import { Bypass, MAX_PASSING, PASS_MS } from "../../lib/gate/bypass.ts";
import type { Socket } from "../../lib/io/socket.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { bytes } from "../support/memory_streams.ts";

/** An upstream that takes connections, and ends them, when the test says so. */
class Lab {
  clock = new FakeClock();
  up = true;
  dials: PromiseWithResolvers<Socket>[] = [];
  ends: PromiseWithResolvers<null>[] = [];
  heard: string[] = [];
  closed = 0;
  done = 0;
  bypass = new Bypass({
    clock: this.clock,
    up: () => this.up,
    dial: () => {
      const dial = Promise.withResolvers<Socket>();
      this.dials.push(dial);
      return dial.promise;
    },
  });

  async send(text: string): Promise<void> {
    this.bypass.send(bytes(text)).then(() => this.done++);
    await settled();
  }

  async accept(): Promise<void> {
    const end = Promise.withResolvers<null>();
    this.ends.push(end);
    this.dials.shift()?.resolve({
      read: () => end.promise,
      write: (bytes) => {
        this.heard.push(new TextDecoder().decode(bytes));
        return bytes.length;
      },
      closeWrite: () => Promise.resolve(),
      close: () => {
        this.closed++;
        end.resolve(null);
      },
    });
    await settled();
  }
}

Deno.test("Bypass.send: sends the bytes at once, and is done when the upstream has ended", async () => {
  const lab = new Lab();
  await lab.send("cancel");
  await lab.accept();
  assertEquals([lab.heard, lab.done, lab.closed], [["cancel"], 0, 0]);
  lab.ends[0]!.resolve(null);
  await settled();
  assertEquals([lab.done, lab.closed, lab.clock.timers], [1, 1, 0]);
});

Deno.test("Bypass.send: what has no connection in time is never sent", async () => {
  const lab = new Lab();
  await lab.send("cancel");
  await lab.clock.advance(PASS_MS);
  assertEquals(lab.done, 1);
  await lab.accept();
  assertEquals([lab.heard, lab.closed], [[], 1]);
});

Deno.test("Bypass.send: an upstream that does not end is left", async () => {
  const lab = new Lab();
  await lab.send("cancel");
  await lab.accept();
  await lab.clock.advance(PASS_MS - 1);
  assertEquals([lab.done, lab.closed], [0, 0]);
  await lab.clock.advance(1);
  assertEquals([lab.done, lab.closed], [1, 1]);
});

Deno.test("Bypass.send: what cannot go at once is dropped: too many, no upstream, no connection", async () => {
  const lab = new Lab();
  for (let i = 0; i <= MAX_PASSING; i++) await lab.send("cancel");
  assertEquals([lab.dials.length, lab.done], [MAX_PASSING, 1]);
  lab.dials.shift()?.reject(new Error("refused"));
  await settled();
  assertEquals(lab.done, 2);
  lab.up = false;
  await lab.send("cancel");
  assertEquals([lab.dials.length, lab.done], [MAX_PASSING - 1, 3]);
  lab.up = true;
  await lab.send("cancel");
  assertEquals(lab.dials.length, MAX_PASSING);
});
