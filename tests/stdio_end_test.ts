/** What the default way in says when its input has ended. */

import { assertEquals } from "@std/assert";
import { Log } from "../lib/io/log.ts";
import { MemoryPool } from "../lib/pool/memory_pool.ts";
import { Node } from "../lib/protocol/node.ts";
import { serve } from "../lib/stdio.ts";
import { settled } from "./support/fake_clock.ts";
import { bytes, input, Output } from "./support/memory_streams.ts";
import { until } from "./support/sockets.ts";

Deno.test("serve: behind the end of the input, ends when nobody can be promoted any more, and that is written", async () => {
  const { promise: lasting, resolve: last } = Promise.withResolvers<void>();
  const { promise: taken, resolve: take } = Promise.withResolvers<void>();
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 1 });
  const output = new Output();
  const slow = {
    async write(chunk: Uint8Array): Promise<number> {
      if (output.writes.length > 0) await taken;
      return await output.write(chunk);
    },
  };
  const connect = (id: string) =>
    `{"src":"c1","dest":"n1","body":{"type":"pool_connect","client_id":"${id}","notify":true}}\n`;
  const log = new Log(new Output(), { format: "text", quiet: false, clock: () => new Date(0) });
  const node = new Node(pool, () => 0);
  let ended = false;
  const served = serve({
    input: input([bytes(connect("a") + connect("b"))]),
    output: slow,
    node,
    log,
    lasting,
  });
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
