import { assertEquals, assertRejects } from "@std/assert";
import { BufferedWriter } from "../../lib/io/buffered_writer.ts";
import { settled } from "../support/fake_clock.ts";
import { Output } from "../support/memory_streams.ts";

Deno.test("BufferedWriter.flush: writes what was gathered as one, and nothing when there is nothing", async () => {
  const output = new Output();
  const buffered = new BufferedWriter(output);
  buffered.gathered.text("one ");
  buffered.gathered.text("two");
  await buffered.flush();
  await buffered.flush();
  buffered.gathered.text("three");
  await buffered.flush();
  assertEquals(output.writes, ["one two", "three"]);
});

Deno.test("BufferedWriter.flush: goes on where a writer took only a part", async () => {
  const output = new Output(3);
  const buffered = new BufferedWriter(output);
  buffered.gathered.text("abcdefgh");
  await buffered.flush();
  assertEquals(output.writes, ["abc", "def", "gh"]);
});

Deno.test("BufferedWriter.flush: rejects with the writer's error", async () => {
  const buffered = new BufferedWriter({ write: () => Promise.reject(new Error("full")) });
  buffered.gathered.text("x");
  await assertRejects(() => buffered.flush(), Error, "full");
});

/** A writer that takes each write when it is told to. */
class Gated {
  writes: string[] = [];
  #turns: PromiseWithResolvers<void>[] = [];

  async write(chunk: Uint8Array): Promise<number> {
    const turn = Promise.withResolvers<void>();
    this.#turns.push(turn);
    await turn.promise;
    this.writes.push(new TextDecoder().decode(chunk));
    return chunk.length;
  }

  /** How many writes wait. */
  get waiting(): number {
    return this.#turns.length;
  }

  async take(): Promise<void> {
    this.#turns.shift()?.resolve();
    await settled();
  }
}

Deno.test("BufferedWriter.flush: one write at a time, what was appended meanwhile goes with the next", async () => {
  const writer = new Gated();
  const buffered = new BufferedWriter(writer, 4);
  buffered.gathered.text("one");
  const first = buffered.flush();
  for (const text of ["two, which is longer", ", three"]) {
    buffered.gathered.text(text);
    buffered.flush();
  }
  const last = buffered.flush();
  await settled();
  assertEquals([writer.waiting, buffered.writing], [1, true]);
  await writer.take();
  await first;
  await writer.take();
  await last;
  assertEquals(writer.writes, ["one", "two, which is longer, three"]);
});

Deno.test("BufferedWriter.flush: what a failed write had is lost, what comes after it is not", async () => {
  const output = new Output();
  let broken = true;
  const buffered = new BufferedWriter({
    write: (chunk) => broken ? Promise.reject(new Error("full")) : output.write(chunk),
  });
  buffered.gathered.text("lost");
  await assertRejects(() => buffered.flush(), Error, "full");
  broken = false;
  buffered.gathered.text("kept");
  await buffered.flush();
  assertEquals(output.text, "kept");
});
