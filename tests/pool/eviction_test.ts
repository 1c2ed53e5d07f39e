import { assertEquals } from "@std/assert";
import type { Client } from "../../lib/pool/client.ts";
import { whenKnown } from "../../lib/pool/later.ts";
import type { Disconnected } from "../../lib/pool/pool.ts";
import { type PoolKind, POOLS, quiet } from "../support/pools.ts";

/** One that leaves later has a place, another client waits; what is told of both. */
async function newLab(kind: PoolKind) {
  const pool = kind.make({ maxConnections: 1, backlogSize: 1 });
  const log: string[] = [];
  const changed = ({ id, state, reason }: Client) =>
    log.push(`${id} ${state}${reason === undefined ? "" : ` ${reason}`}`);
  const holder = pool.connect("holder", { changed, leavesLater: true }, 0);
  pool.connect("waiter", { changed }, 0);
  await quiet(pool);
  log.length = 0;
  const disconnect = async () => {
    let answer: Disconnected | undefined;
    const done = pool.disconnect("holder", 0);
    if (done !== undefined) whenKnown(done, (done: Disconnected) => answer = done);
    await quiet(pool);
    return answer;
  };
  return { pool, log, holder, disconnect };
}

for (const kind of POOLS) {
  Deno.test(`Pool.disconnect: of one that leaves later, is answered before it has left${kind.name}`, async () => {
    const { pool, log, holder, disconnect } = await newLab(kind);
    assertEquals(await disconnect(), { promoted: null, active: 1, queued: 1 });
    assertEquals(log, ["holder connected evicted"]);
    assertEquals([pool.find("holder"), pool.own], [holder, { active: 1, queued: 1 }]);
    pool.leave(holder, 0);
    await quiet(pool);
    assertEquals(log.slice(1), ["waiter connected"]);
    assertEquals([holder.state, holder.reason], ["left", "evicted"]);
    assertEquals([pool.find("holder"), pool.own], [undefined, { active: 1, queued: 0 }]);
    assertEquals(pool.stats().disconnectedTotal, 1);
  });

  Deno.test(`Pool.disconnect: asked again before it has left, answers the same, and tells nothing${kind.name}`, async () => {
    const { pool, log, holder, disconnect } = await newLab(kind);
    const first = await disconnect();
    assertEquals(await disconnect(), first);
    assertEquals(log, ["holder connected evicted"]);
    pool.leave(holder, 0);
    await quiet(pool);
    assertEquals(await disconnect(), undefined);
    assertEquals(log, ["holder connected evicted", "waiter connected"]);
  });
}
