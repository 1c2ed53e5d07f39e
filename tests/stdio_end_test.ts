/** What the default way in says when its input has ended. */

import { assertEquals, assertRejects } from "@std/assert";
import type { ByteReader, ByteWriter } from "../lib/io/byte_stream.ts";
import { Log } from "../lib/io/log.ts";
import { Later } from "../lib/pool/later.ts";
import { MemoryPool } from "../lib/pool/memory_pool.ts";
import type { Configured, Pool } from "../lib/pool/pool.ts";
import { Node } from "../lib/protocol/node.ts";
import { MAX_UNANSWERED, serve } from "../lib/stdio.ts";
import { settled } from "./support/fake_clock.ts";
import { bytes, input, Output } from "./support/memory_streams.ts";
import { until } from "./support/sockets.ts";
import { raise } from "./support/raise.ts";

const LIMITS = { maxConnections: 1, backlogSize: 1 };

function connect(id: string): string {
  return `{"src":"c1","dest":"n1","body":{"type":"pool_connect","client_id":"${id}","notify":true}}\n`;
}

const CONFIGURE = `{"src":"c1","dest":"n1","body":{"type":"pool_config","max_connections":1,` +
  `"backlog_size":1}}\n`;

/** Serves one that has a place, and one that waits for it. */
function serveTwo(pool: Pool, output: ByteWriter, lasting: Promise<void>): Promise<void> {
  return serveRequests(input([bytes(connect("a") + connect("b"))]), pool, output, lasting);
}

function serveRequests(
  requests: ByteReader,
  pool: Pool,
  output: ByteWriter,
  lasting = Promise.resolve(),
): Promise<void> {
  const log = new Log(new Output(), { format: "text", quiet: false, clock: () => new Date(0) });
  const node = new Node(pool, () => 0);
  return serve({ input: requests, output, node, log, lasting });
}

/** An output that takes so many writes, and fails from then on. */
class Failing extends Output {
  #left: number;

  constructor(left: number) {
    super();
    this.#left = left;
  }

  override write(chunk: Uint8Array): Promise<number> {
    return this.#left-- > 0 ? super.write(chunk) : Promise.reject(new Error("output gone"));
  }
}

Deno.test("serve: behind the end of the input, ends when nobody can be promoted any more, and that is written", async () => {
  const { promise: lasting, resolve: last } = Promise.withResolvers<void>();
  const { promise: taken, resolve: take } = Promise.withResolvers<void>();
  const pool = new MemoryPool(LIMITS, raise);
  const output = new Output();
  const slow = {
    async write(chunk: Uint8Array): Promise<number> {
      if (output.writes.length > 0) await taken;
      return await output.write(chunk);
    },
  };
  let ended = false;
  const served = serveTwo(pool, slow, lasting);
  served.then(() => ended = true);
  await until("both are answered", () => output.writes.length === 1);
  await settled();
  assertEquals(ended, false);
  pool.disconnect("a", 0);
  last();
  await settled();
  assertEquals([ended, output.writes.length], [false, 1]);
  take();
  await served;
  assertEquals(JSON.parse(output.writes[1] ?? "{}").body.type, "pool_promoted");
});

Deno.test("serve: behind the end of the input, rejects when a promotion cannot be written", async () => {
  const pool = new MemoryPool(LIMITS, raise);
  const output = new Failing(1);
  const served = serveTwo(pool, output, new Promise(() => {}));
  const rejected = assertRejects(() => served, Error, "output gone");
  await until("both are answered", () => output.writes.length === 1);
  pool.disconnect("a", 0);
  await rejected;
});

Deno.test("serve: behind the end of the input, rejects when the last promotion cannot be written", async () => {
  const { promise: lasting, resolve: last } = Promise.withResolvers<void>();
  const pool = new MemoryPool(LIMITS, raise);
  const output = new Failing(1);
  const served = serveTwo(pool, output, lasting);
  const rejected = assertRejects(() => served, Error, "output gone");
  await until("both are answered", () => output.writes.length === 1);
  pool.disconnect("a", 0);
  last();
  await rejected;
});

for (const when of ["before the end of the input", "behind it"]) {
  Deno.test(`serve: rejects at the end when a late reply cannot be written, ${when}`, async () => {
    const answer = new Later<Configured>();
    const pool: Pool = new MemoryPool(LIMITS, raise);
    pool.configure = () => answer;
    const output = new Failing(1);
    const { promise: ended, resolve: end } = Promise.withResolvers<null>();
    const requests = input([bytes(connect("a") + CONFIGURE)]);
    const reader: ByteReader = { read: async (buffer) => await requests.read(buffer) ?? ended };
    const served = serveRequests(reader, pool, output);
    const rejected = assertRejects(() => served, Error, "output gone");
    await until("the first is answered", () => output.writes.length === 1);
    if (when === "behind it") end(null);
    await settled();
    answer.settle({ promoted: 0, active: 1, queued: 0 });
    await settled();
    end(null);
    await rejected;
  });
}

Deno.test("serve: behind the end of the input, waits as long as it is told for the answers of the pool", async () => {
  const pool: Pool = new MemoryPool(LIMITS, raise);
  pool.configure = () => new Later<Configured>();
  const output = new Output();
  const { promise: waited, resolve: stop } = Promise.withResolvers<void>();
  const requests = input([bytes(CONFIGURE)]);
  const log = new Log(new Output(), { format: "text", quiet: false, clock: () => new Date(0) });
  const node = new Node(pool, () => 0);
  const served = serve({ input: requests, output, node, log, patience: () => waited });
  await settled();
  assertEquals(output.text, "");
  stop();
  await served;
  const { type, code, text } = JSON.parse(output.text).body;
  assertEquals([type, code], ["error", 0]);
  assertEquals(
    text,
    "the pool did not answer in time: it is not known whether this was carried out",
  );
});

Deno.test(`serve: reads no further when more than ${MAX_UNANSWERED} answers of the pool are missing`, async () => {
  const answers: Later<Configured>[] = [];
  const pool: Pool = new MemoryPool(LIMITS, raise);
  pool.configure = () => {
    const answer = new Later<Configured>();
    answers.push(answer);
    return answer;
  };
  const output = new Output();
  const chunks = Array.from({ length: 3 }, () => bytes(CONFIGURE.repeat(MAX_UNANSWERED)));
  const served = serveRequests(input(chunks), pool, output);
  await until("enough are under way", () => answers.length > MAX_UNANSWERED);
  await settled();
  const most = answers.length;
  assertEquals(most < 2 * MAX_UNANSWERED, true, `${most} are under way`);
  for (let given = 0; given < 3 * MAX_UNANSWERED;) {
    await until("more are under way", () => given < answers.length);
    while (given < answers.length) {
      answers[given++]!.settle({ promoted: 0, active: 0, queued: 0 });
    }
  }
  await served;
  assertEquals(output.text.match(/pool_config_ok/g)?.length, 3 * MAX_UNANSWERED);
});
