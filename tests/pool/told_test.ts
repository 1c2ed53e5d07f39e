/** Who is told when one of those that are told throws: all others. */

import { assertEquals } from "@std/assert";
import type { Client } from "../../lib/pool/client.ts";
import type { Pool } from "../../lib/pool/pool.ts";
import { type PoolKind, POOLS, quiet } from "../support/pools.ts";

function broken(): never {
  throw "on purpose";
}

/** A pool of one place, what others have heard, and what has failed. */
function newLab(kind: PoolKind) {
  const failures: unknown[] = [];
  const heard: string[] = [];
  const pool = kind.make({ maxConnections: 1, backlogSize: 9 }, (error) => failures.push(error));
  const changed = ({ id, state }: Client) => heard.push(`${id} ${state}`);
  /** What somebody has heard of that, in whatever order, and how often it has failed. */
  const outcome = async () => {
    await quiet(pool);
    return [heard.splice(0).toSorted(), failures.splice(0)];
  };
  return { pool, heard, changed, outcome };
}

const ONCE = ["on purpose"];

for (const kind of POOLS) {
  Deno.test(`Pool.observe: where an observer throws, the next one is told, and the holder${kind.name}`, async () => {
    const { pool, heard, changed, outcome } = newLab(kind);
    pool.observe({ changed: broken, configured: broken, paused: broken });
    pool.observe({
      changed: ({ id, state }) => heard.push(`see ${id} ${state}`),
      configured: () => heard.push("see limits"),
      paused: (paused) => heard.push(paused ? "see paused" : "see resumed"),
    });
    pool.connect("a", { changed: () => {} }, 0);
    assertEquals(await outcome(), [["see a connected"], ONCE]);
    pool.connect("b", { changed: () => {} }, 0);
    assertEquals(await outcome(), [["see b queued"], ONCE]);
    pool.reject("c", "draining", 0);
    assertEquals(await outcome(), [["see c rejected"], ONCE]);
    pool.configure({ maxConnections: 1, backlogSize: 8 }, 0);
    assertEquals(await outcome(), [["see limits"], ONCE]);
    pool.pause("paused");
    assertEquals(await outcome(), [["see paused"], ONCE]);
    pool.resume("paused", 0);
    assertEquals(await outcome(), [["see resumed"], ONCE]);
    pool.disconnect("b", 0);
    assertEquals(await outcome(), [["see b left"], ONCE]);
    pool.connect("d", { changed }, 0);
    await outcome();
    pool.disconnect("d", 0);
    assertEquals(await outcome(), [["d left", "see d left"], ONCE]);
  });

  /** What is done to a pool with a client that has the place, and two that wait. */
  const operations: [string, (pool: Pool, first: Client) => void, string[]][] = [
    ["disconnect", (pool) => void pool.disconnect("first", 0), ["second connected"]],
    ["leave", (pool, first) => pool.leave(first, 0), ["second connected"]],
    [
      "configure",
      (pool) => void pool.configure({ maxConnections: 3, backlogSize: 9 }, 0),
      ["second connected", "third connected"],
    ],
    ["resume", (pool, first) => {
      pool.pause("upstream_down");
      pool.leave(first, 0);
      pool.resume("upstream_down", 0);
    }, ["second connected"]],
  ];

  for (const [name, act, told] of operations) {
    for (const who of ["first", "second", "third"]) {
      Deno.test(`Pool.${name}: where the holder of the ${who} throws, the others are told${kind.name}`, async () => {
        const { pool, changed, outcome } = newLab(kind);
        const holder = (id: string) => ({ changed: id === who ? broken : changed });
        const [first] = ["first", "second", "third"].map((id) => pool.connect(id, holder(id), 0));
        await outcome();
        act(pool, first!);
        const [heard, failures] = await outcome();
        const all = name === "disconnect" ? ["first left", ...told] : told;
        const throws = all.some((line) => line.startsWith(who));
        assertEquals(heard, all.filter((line) => !line.startsWith(who)));
        assertEquals(failures, throws ? ONCE : []);
        const connected = [...pool.clients("connected")].map(({ id }) => `${id} connected`);
        assertEquals(told.every((line) => connected.includes(line)), true);
      });
    }
  }

  Deno.test(`Pool.disconnect: where the holder of one that leaves later throws, it is answered all the same${kind.name}`, async () => {
    const { pool, outcome } = newLab(kind);
    const first = pool.connect("first", { changed: broken, leavesLater: true }, 0);
    await outcome();
    pool.disconnect("first", 0);
    assertEquals(await outcome(), [[], ONCE]);
    pool.disconnect("first", 0);
    assertEquals(await outcome(), [[], []]);
    pool.leave(first, 0);
    assertEquals(pool.own, { active: 0, queued: 0 });
  });
}
