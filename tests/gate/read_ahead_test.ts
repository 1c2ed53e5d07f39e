import { assertEquals, assertRejects } from "@std/assert";
import { MAX_HELD_BYTES, ReadAhead } from "../../lib/gate/read_ahead.ts";
import { settled } from "../support/fake_clock.ts";
import { bytes } from "../support/memory_streams.ts";

/** A source that gives a chunk when it is told to, to whoever reads then. */
class Source {
  #waiting: { buffer: Uint8Array; settle: PromiseWithResolvers<number | null> } | undefined;
  /** How many bytes the pending read asks for. */
  get asked(): number {
    return this.#waiting?.buffer.length ?? 0;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#waiting !== undefined) throw new Error("two reads at a time");
    const settle = Promise.withResolvers<number | null>();
    this.#waiting = { buffer, settle };
    return settle.promise;
  }

  async give(chunk: Uint8Array | null | Error): Promise<void> {
    const waiting = this.#waiting;
    if (waiting === undefined) throw new Error("nobody reads");
    this.#waiting = undefined;
    if (chunk instanceof Error) waiting.settle.reject(chunk);
    else if (chunk === null) waiting.settle.resolve(null);
    else {
      waiting.buffer.set(chunk);
      waiting.settle.resolve(chunk.length);
    }
    await settled();
  }
}

function newReadAhead() {
  const source = new Source();
  let hangUps = 0;
  let heldFull = 0;
  const kept: string[] = [];
  const listener = {
    hungUp: () => hangUps++,
    kept: () => kept.push(new TextDecoder().decode(readAhead.held)),
    heldFull: () => heldFull++,
  };
  const readAhead = new ReadAhead(source, listener);
  return {
    source,
    readAhead,
    kept,
    watch: () => readAhead.watch(),
    hangUps: () => hangUps,
    heldFull: () => heldFull,
  };
}

async function text(readAhead: ReadAhead, most: number): Promise<string | null> {
  const buffer = new Uint8Array(most);
  const length = await readAhead.read(buffer);
  return length === null ? null : new TextDecoder().decode(buffer.subarray(0, length));
}

Deno.test("ReadAhead.read: without a watch, reads as from the source", async () => {
  const { source, readAhead } = newReadAhead();
  const first = text(readAhead, 10);
  await source.give(bytes("abc"));
  assertEquals(await first, "abc");
  const end = text(readAhead, 10);
  await source.give(null);
  assertEquals(await end, null);
});

Deno.test("ReadAhead.watch: what came meanwhile is read first, then what the pending read brings, then the rest", async () => {
  const { source, readAhead, watch, hangUps } = newReadAhead();
  watch();
  await source.give(bytes("abc"));
  await source.give(bytes("def"));
  assertEquals(await text(readAhead, 4), "abcd");
  assertEquals(await text(readAhead, 4), "ef");
  const pending = text(readAhead, 4);
  await source.give(bytes("ghijkl"));
  assertEquals(await pending, "ghij");
  assertEquals(await text(readAhead, 4), "kl");
  const direct = text(readAhead, 4);
  await settled();
  assertEquals(source.asked, 4);
  await source.give(bytes("mn"));
  assertEquals(await direct, "mn");
  assertEquals(hangUps(), 0);
});

Deno.test("ReadAhead.watch: bytes that come between two reads are not lost", async () => {
  const { source, readAhead, watch } = newReadAhead();
  watch();
  await source.give(bytes("abc"));
  assertEquals(await text(readAhead, 10), "abc");
  await source.give(bytes("def"));
  assertEquals(await text(readAhead, 10), "def");
});

Deno.test("ReadAhead.watch: tells of the end of the client's bytes, and read gives them and then the end", async () => {
  const { source, readAhead, watch, hangUps } = newReadAhead();
  watch();
  await source.give(bytes("abc"));
  assertEquals(hangUps(), 0);
  await source.give(null);
  assertEquals(hangUps(), 1);
  assertEquals(await text(readAhead, 10), "abc");
  assertEquals(await text(readAhead, 10), null);
  assertEquals(await text(readAhead, 10), null);
});

Deno.test("ReadAhead.watch: tells of more that is kept, until it is read", async () => {
  const { source, readAhead, watch, kept } = newReadAhead();
  watch();
  await source.give(bytes("abc"));
  await source.give(bytes("def"));
  assertEquals(kept, ["abc", "abcdef"]);
  await text(readAhead, 3);
  await source.give(bytes("ghi"));
  assertEquals(kept, ["abc", "abcdef"]);
});

Deno.test("ReadAhead.watch: tells of a failed connection, and read fails with its error", async () => {
  const { source, readAhead, watch, hangUps } = newReadAhead();
  watch();
  await source.give(new Error("reset"));
  assertEquals(hangUps(), 1);
  await assertRejects(() => text(readAhead, 10), Error, "reset");
});

Deno.test("ReadAhead.watch: asked again, goes on as it was, and tells again where it is over", async () => {
  const { source, watch, hangUps } = newReadAhead();
  watch();
  watch();
  await source.give(null);
  assertEquals(hangUps(), 1);
  watch();
  assertEquals(hangUps(), 2);
});

Deno.test("ReadAhead.watch: an end after the first read is the reader's to see", async () => {
  const { source, readAhead, watch, hangUps } = newReadAhead();
  watch();
  const end = text(readAhead, 10);
  await source.give(null);
  assertEquals([await end, hangUps()], [null, 0]);
});

Deno.test("ReadAhead.watch: begins small, grows with what comes, and reads no more than the limit", async () => {
  const { source, readAhead, watch } = newReadAhead();
  watch();
  const small = source.asked;
  let given = 0;
  while (given < MAX_HELD_BYTES) {
    const chunk = new Uint8Array(source.asked).fill(given % 251);
    given += chunk.length;
    await source.give(chunk);
  }
  assertEquals(given, MAX_HELD_BYTES);
  assertEquals([small, source.asked], [256, 0]);
  let taken = 0;
  while (taken < MAX_HELD_BYTES) taken += (await text(readAhead, 1000))?.length ?? 0;
  const next = text(readAhead, 10);
  await settled();
  await source.give(bytes("next"));
  assertEquals([taken, await next], [MAX_HELD_BYTES, "next"]);
});

Deno.test("ReadAhead.watch: tells once that it keeps as much as it may, unless somebody reads", async () => {
  const { source, readAhead, watch, heldFull } = newReadAhead();
  watch();
  while (source.asked > 0) {
    assertEquals(heldFull(), 0);
    await source.give(new Uint8Array(source.asked));
  }
  watch();
  assertEquals(heldFull(), 1);
  await text(readAhead, 10);
  assertEquals(heldFull(), 1);
});

Deno.test("ReadAhead.endedBehindBytes: is an end behind a request, not one without, nor a failure", async () => {
  const endings: [(Uint8Array | null | Error)[], boolean][] = [
    [[bytes("abc"), null], true],
    [[bytes("abc")], false],
    [[null], false],
    [[bytes("abc"), new Error("reset")], false],
  ];
  for (const [given, expected] of endings) {
    const { source, readAhead, watch } = newReadAhead();
    watch();
    for (const chunk of given) await source.give(chunk);
    assertEquals(readAhead.endedBehindBytes, expected, `${given}`);
  }
});
