import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ByteReader, ByteWriter } from "../lib/io/byte_stream.ts";
import { systemClock } from "../lib/io/clock.ts";
import { endedBy } from "../lib/io/ended_by.ts";
import { Log } from "../lib/io/log.ts";
import { MemoryPool } from "../lib/pool/memory_pool.ts";
import type { Pool } from "../lib/pool/pool.ts";
import { Node } from "../lib/protocol/node.ts";
import { MAX_UNSENT_BYTES, serve } from "../lib/stdio.ts";
import { settled } from "./support/fake_clock.ts";
import { bytes, input, Output, watched } from "./support/memory_streams.ts";
import { POOLS, quiet } from "./support/pools.ts";
import { raise } from "./support/raise.ts";

const SAMPLES = new URL("samples/", import.meta.url);

interface Parts {
  reader: ByteReader;
  output: ByteWriter;
  notes?: ByteWriter;
  pool?: Pool;
}

function serveParts({ reader, output, notes, pool }: Parts): Promise<void> {
  const ownPool = new MemoryPool({ maxConnections: 100, backlogSize: 100 }, raise);
  const node = new Node(pool ?? ownPool, () => 0);
  const clock = () => new Date(0);
  const log = new Log(notes ?? new Output(), { format: "text", quiet: false, clock });
  return serve({ input: reader, output, node, log });
}

function stats(id: number): string {
  return `{"src":"c1","dest":"n1","body":{"type":"pool_stats","msg_id":${id}}}\n`;
}

for (const name of ["beyond_ascii", "notify", "hostile_lines"]) {
  Deno.test(`serve: answers ${name} the same, fed byte by byte`, async () => {
    const whole = await Deno.readFile(new URL(`${name}.in.ndjson`, SAMPLES));
    const output = new Output();
    await serveParts({ reader: input([...whole].map((byte) => Uint8Array.of(byte))), output });
    assertEquals(output.text, await Deno.readTextFile(new URL(`${name}.out.ndjson`, SAMPLES)));
  });
}

Deno.test("serve: has written every reply before it reads on, requests that came together as one", async () => {
  const output = new Output();
  const source = input([bytes(stats(1) + stats(2)), bytes(stats(3)), bytes(stats(4).slice(0, 9))]);
  const writesBefore: number[] = [];
  const reader = watched(source, () => writesBefore.push(output.writes.length));
  await serveParts({ reader, output });
  assertEquals(writesBefore, [0, 1, 2, 2]);
  assertEquals(output.writes.map((text) => text.split("\n").length - 1), [2, 1]);
});

Deno.test("serve: a promotion that a request causes leaves together with the replies, too", async () => {
  const body = (type: string, client: string) =>
    `{"src":"c1","dest":"n1","body":{"type":"${type}","client_id":"${client}","notify":true}}\n`;
  const requests = [
    body("pool_connect", "a"),
    body("pool_connect", "b"),
    body("pool_disconnect", "a"),
    stats(1),
    stats(2),
  ];
  const output = new Output();
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 1 }, raise);
  await serveParts({ reader: input([bytes(requests.join(""))]), output, pool });
  assertEquals(output.writes.map((text) => text.split("\n").length - 1), [6]);
});

Deno.test("serve: gathers no more replies than the limit and one more, however many requests come", async () => {
  const count = 2000;
  const output = new Output();
  const chunk = bytes(`{"src":"","dest":"","body":{}}\n`.repeat(count));
  await serveParts({ reader: input([chunk]), output });
  assertEquals(output.text.split("\n").length - 1, count);
  const longest = Math.max(...output.writes.map((text) => text.length));
  assert(output.text.length > 2 * MAX_UNSENT_BYTES, "the replies are too few to tell");
  assert(longest < MAX_UNSENT_BYTES + 200, `${longest} bytes were written as one`);
});

Deno.test("serve: waits for a slow writer instead of reading on", async () => {
  const gate = Promise.withResolvers<void>();
  let reads = 0;
  const source = input([bytes(stats(1)), bytes(stats(2)), bytes(stats(3))]);
  const reader = watched(source, () => reads++);
  const output = new Output();
  const slow = {
    write: async (chunk: Uint8Array) => {
      await gate.promise;
      return await output.write(chunk);
    },
  };
  const done = serveParts({ reader, output: slow });
  await settled();
  assertEquals([reads, output.writes.length], [1, 0]);
  gate.resolve();
  await done;
  assertEquals([reads, output.writes.length], [4, 3]);
});

Deno.test("serve: rejects with the error of a failing input, the replies before it written", async () => {
  const output = new Output();
  const reader = input([bytes(stats(1))], new Error("input gone"));
  await assertRejects(() => serveParts({ reader, output }), Error, "input gone");
  assertEquals(output.writes.length, 1);
});

Deno.test("serve: rejects with the error of a failing output, and reads no further", async () => {
  let reads = 0;
  const reader: ByteReader = {
    read: (buffer) => {
      reads++;
      buffer.set(bytes(stats(1)));
      return stats(1).length;
    },
  };
  const output = { write: () => Promise.reject(new Error("output gone")) };
  await assertRejects(() => serveParts({ reader, output }), Error, "output gone");
  assertEquals(reads, 1);
});

for (const kind of POOLS) {
  Deno.test(`serve: answers the same wherever the input is cut in two${kind.name}`, async () => {
    const pool = () => ({ pool: kind.make({ maxConnections: 1, backlogSize: 1 }) });
    const text = [
      `{"src":"c1","dest":"n1","body":{"type":"pool_connect","msg_id":1,"client_id":"é😀"}}\r\n`,
      `not json 日本\n\n`,
      `{"src":"c1","dest":"n1","body":{"type":"pool_disconnect","msg_id":2,"client_id":"é😀"}}`,
    ].join("");
    const whole = bytes(text);
    const expected = new Output();
    const expectedNotes = new Output();
    await serveParts({ reader: input([whole]), output: expected, notes: expectedNotes, ...pool() });
    assertEquals(expected.text.split("\n").length, 3);
    assertEquals(expectedNotes.text.split("\n").length, 2);
    for (let cut = 1; cut < whole.length; cut++) {
      const output = new Output();
      const notes = new Output();
      const reader = input([whole.subarray(0, cut), whole.subarray(cut)]);
      await serveParts({ reader, output, notes, ...pool() });
      assertEquals(output.text, expected.text, `cut at ${cut}`);
      assertEquals(notes.text, expectedNotes.text, `cut at ${cut}`);
    }
  });

  Deno.test(`serve: tells on the log of a fault of poolgate, by line, and goes on${kind.name}`, async () => {
    const pool = kind.make({ maxConnections: 1, backlogSize: 1 });
    pool.stats = () => {
      throw new Error("BUG: on purpose");
    };
    const output = new Output();
    const notes = new Output();
    const connect = `{"src":"c1","dest":"n1","body":{"type":"pool_connect","client_id":"a"}}\n`;
    const text = `${connect}\n${stats(5)}${connect}`;
    await serveParts({ reader: input([bytes(text)]), output, notes, pool });
    const types = output.text.trim().split("\n").map((line) => JSON.parse(line).body.type);
    assertEquals(types, ["pool_connect_ok", "error", "pool_connect_ok"]);
    assertEquals(notes.text, "poolgate: line 3 met a fault of poolgate: Error: BUG: on purpose\n");
  });

  Deno.test(`serve: writes an announcement at once that no request caused, also when the input has ended${kind.name}`, async () => {
    const pool = kind.make({ maxConnections: 1, backlogSize: 2 });
    const output = new Output();
    const connect = (client: string) =>
      `{"src":"c1","dest":"n1","body":{"type":"pool_connect","client_id":"${client}","notify":true}}\n`;
    const silence = Promise.withResolvers<null>();
    const source = input([bytes(["a", "b", "c"].map(connect).join(""))]);
    const reader: ByteReader = {
      read: async (buffer) => await source.read(buffer) ?? await silence.promise,
    };
    const done = serveParts({ reader, output, pool });
    await quiet(pool);
    const replies = output.text.length;
    pool.disconnect("a", 0);
    await quiet(pool);
    assertEquals(JSON.parse(output.text.slice(replies)).body.client_id, "b");
    silence.resolve(null);
    await done;
    pool.disconnect("b", 0);
    await quiet(pool);
    const announced = output.text.slice(replies).trim().split("\n");
    assertEquals(announced.map((line) => JSON.parse(line).body.client_id), ["b", "c"]);
  });

  Deno.test(`serve: at the end of the input, each request has its reply, in their order${kind.name}`, async () => {
    const pool = kind.make({ maxConnections: 2, backlogSize: 2 });
    const output = new Output();
    const requests = ["connect", "connect", "stats", "connect", "disconnect", "connect", "config"];
    const lines = requests.map((type, id) =>
      `{"src":"c1","dest":"n1","body":{"type":"pool_${type}","msg_id":${id},"client_id":"c${
        id % 4
      }","max_connections":1,"backlog_size":1}}\n`
    );
    await serveParts({ reader: input([bytes(lines.join(""))]), output, pool });
    const answered = output.text.trim().split("\n").map((line) => JSON.parse(line).body);
    assertEquals(answered.map(({ in_reply_to }) => in_reply_to), requests.map((_, id) => id));
    assertEquals(answered.map(({ type }) => type.replace(/^pool_|_ok$/g, "")), requests);
    await quiet(pool);
  });
}

Deno.test("serve: of an input that is ended in the middle of a read, answers what came before", async () => {
  const { promise: end, resolve } = Promise.withResolvers<void>();
  const output = new Output();
  const source = input([bytes(stats(1) + stats(2))]);
  const silence = new Promise<null>(() => {});
  const reader: ByteReader = { read: async (buffer) => await source.read(buffer) ?? await silence };
  const done = serveParts({ reader: endedBy(end, reader, systemClock), output });
  await settled();
  resolve();
  await done;
  assertEquals(output.text.split("\n").length - 1, 2);
});
