/** Flushes that meet another one as it ends or fails: what was gathered is written whenever it came. */

import { assertEquals, assertRejects } from "@std/assert";
import { BufferedWriter } from "../../lib/io/buffered_writer.ts";
import { Log } from "../../lib/io/log.ts";
import { settled } from "../support/fake_clock.ts";
import { Output } from "../support/memory_streams.ts";

/** More microtasks than it takes a flush to end after its last write. */
const MOMENTS = 30;

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await undefined;
}

/** A writer whose first write ends, or fails, when it is told to. */
class FirstHeld extends Output {
  #first = Promise.withResolvers<void>();
  #held = true;

  override async write(chunk: Uint8Array): Promise<number> {
    if (this.#held) {
      this.#held = false;
      await this.#first.promise;
    }
    return await super.write(chunk);
  }

  end(): void {
    this.#first.resolve();
  }

  fail(): void {
    this.#first.reject(new Error("full"));
  }
}

for (const [outcome, kept] of [["end", ["one"]], ["fail", []]] as const) {
  const name = outcome === "end" ? "ends" : "fails";

  Deno.test(`BufferedWriter.flush: writes what comes while the write before it ${name}, at any moment`, async () => {
    for (let moment = 0; moment < MOMENTS; moment++) {
      const output = new FirstHeld();
      const writer = new BufferedWriter(output);
      writer.gathered.text("one");
      writer.flush().catch(() => {});
      output[outcome]();
      await microtasks(moment);
      writer.gathered.text("two");
      writer.flush().catch(() => {});
      await settled();
      assertEquals(output.writes, [...kept, "two"], `${moment} microtasks later`);
    }
  });

  Deno.test(`Log.flush: writes a note that comes while the write before it ${name}, at any moment`, async () => {
    for (let moment = 0; moment < MOMENTS; moment++) {
      const output = new FirstHeld();
      const log = new Log(output, { format: "text", quiet: false, clock: () => new Date(0) });
      log.note("info", "one");
      log.flush();
      output[outcome]();
      await microtasks(moment);
      log.note("info", "two");
      log.flush();
      await settled();
      const notes = [...kept, "two"].map((text) => `poolgate: ${text}\n`);
      assertEquals(output.text, notes.join(""), `${moment} microtasks later`);
    }
  });
}

Deno.test("BufferedWriter.flush: behind a write that fails, the next is made, and all who waited for both hear of it", async () => {
  const output = new FirstHeld();
  const writer = new BufferedWriter(output);
  const flushes = ["lost", "one ", "two"].map((text) => {
    writer.gathered.text(text);
    return writer.flush();
  });
  output.fail();
  const heard = await Promise.allSettled(flushes);
  assertEquals(heard.map(({ status }) => status), ["rejected", "rejected", "rejected"]);
  assertEquals(output.writes, ["one two"]);
});

Deno.test("BufferedWriter.flush: with nothing of its own, still tells of the failure that it waited for", async () => {
  const output = new FirstHeld();
  const writer = new BufferedWriter(output);
  writer.gathered.text("lost");
  writer.flush().catch(() => {});
  const empty = writer.flush();
  output.fail();
  await assertRejects(() => empty, Error, "full");
});
