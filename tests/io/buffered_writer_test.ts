import { assertEquals, assertRejects } from "@std/assert";
import { BufferedWriter, writeAll } from "../../lib/io/buffered_writer.ts";
import { settled } from "../support/fake_clock.ts";
import { Output } from "../support/memory_streams.ts";

Deno.test("BufferedWriter.flush: writes what was gathered as one, and nothing when there is nothing", async () => {
  const output = new Output();
  const outlet = new BufferedWriter(output);
  outlet.gathered.text("one ");
  outlet.gathered.text("two");
  await outlet.flush();
  await outlet.flush();
  outlet.gathered.text("three");
  await outlet.flush();
  assertEquals(output.writes, ["one two", "three"]);
});

Deno.test("BufferedWriter.flush: goes on where a writer took only a part", async () => {
  const output = new Output(3);
  const outlet = new BufferedWriter(output);
  outlet.gathered.text("abcdefgh");
  await outlet.flush();
  assertEquals(output.writes, ["abc", "def", "gh"]);
});

Deno.test("BufferedWriter.flush: rejects with the writer's error", async () => {
  const outlet = new BufferedWriter({ write: () => Promise.reject(new Error("full")) });
  outlet.gathered.text("x");
  await assertRejects(() => outlet.flush(), Error, "full");
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
  const outlet = new BufferedWriter(writer, 4);
  outlet.gathered.text("one");
  const first = outlet.flush();
  for (const text of ["two, which is longer", ", three"]) {
    outlet.gathered.text(text);
    outlet.flush();
  }
  const last = outlet.flush();
  await settled();
  assertEquals([writer.waiting, outlet.writing], [1, true]);
  await writer.take();
  await first;
  await writer.take();
  await last;
  assertEquals(writer.writes, ["one", "two, which is longer, three"]);
});

Deno.test("BufferedWriter.flush: what a failed write had is lost, what comes after it is not", async () => {
  const output = new Output();
  let broken = true;
  const outlet = new BufferedWriter({
    write: (chunk) => broken ? Promise.reject(new Error("full")) : output.write(chunk),
  });
  outlet.gathered.text("lost");
  await assertRejects(() => outlet.flush(), Error, "full");
  broken = false;
  outlet.gathered.text("kept");
  await outlet.flush();
  assertEquals(output.text, "kept");
});

Deno.test("writeAll: writes all, however little the writer takes at a time", async () => {
  const output = new Output(2);
  await writeAll(output, new TextEncoder().encode("abcde"));
  assertEquals(output.writes, ["ab", "cd", "e"]);
});
