/**
 * The pool as transcripts: one operation a line, with what it must come to behind the arrow.
 *
 *   config 2 1       -> promoted: -; 0+0      the clients let in, then active+queued
 *   connect a        -> connected 1+0
 *   disconnect a     -> promoted: b; 1+0      who got the place
 *   pause            -> paused
 *   resume           -> promoted: a b; 2+0
 *   reject           -> rejected 2+0
 *   full             -> no                    whether a new client would be turned away
 *   stats            -> 2/1 1+0 c1 q0 p0 r0 d0     limits, counts, the five totals
 */

import { assertEquals } from "@std/assert";
import { type Counts, MemoryPool } from "../../lib/pool/memory_pool.ts";

function counts({ active, queued }: Counts): string {
  return `${active}+${queued}`;
}

function perform(pool: MemoryPool, operation: string): string {
  const [verb, first = "", second = ""] = operation.split(/ +/);
  switch (verb) {
    case "config": {
      const done = pool.configure({ maxConnections: Number(first), backlogSize: Number(second) });
      return `promoted: ${done.promoted.join(" ") || "-"}; ${counts(done)}`;
    }
    case "connect": {
      const stands = pool.connect(first);
      return `${stands.status} ${counts(stands)}`;
    }
    case "disconnect": {
      const done = pool.disconnect(first);
      if (done === undefined) return "not in the pool";
      return `promoted: ${done.promoted ?? "-"}; ${counts(done)}`;
    }
    case "pause":
      pool.pause();
      return "paused";
    case "resume": {
      const done = pool.resume();
      return `promoted: ${done.promoted.join(" ") || "-"}; ${counts(done)}`;
    }
    case "reject": {
      const stands = pool.reject();
      return `${stands.status} ${counts(stands)}`;
    }
    case "full":
      return pool.full ? "yes" : "no";
    case "stats": {
      const s = pool.stats();
      return `${s.maxConnections}/${s.backlogSize} ${counts(s)} c${s.connectedTotal} ` +
        `q${s.queuedTotal} p${s.promotedTotal} r${s.rejectedTotal} d${s.disconnectedTotal}`;
    }
  }
  throw new Error(`no such operation: ${operation}`);
}

function transcript(name: string, script: string): void {
  Deno.test(name, () => {
    const pool = new MemoryPool({ maxConnections: 2, backlogSize: 2 });
    const steps = script.trim().split("\n").map((line) => line.trim().split(/ +-> /)[0] ?? "");
    const performed = steps.map((step) => `${step} -> ${perform(pool, step)}`);
    const expected = script.trim().split("\n").map((line) => line.trim().replace(/ +-> /, " -> "));
    assertEquals(performed, expected);
  });
}

transcript(
  "MemoryPool.connect: lets two in, queues two, rejects the rest",
  `
  connect a  -> connected 1+0
  connect b  -> connected 2+0
  connect c  -> queued 2+1
  connect d  -> queued 2+2
  connect e  -> rejected 2+2
  stats      -> 2/2 2+2 c2 q2 p0 r1 d0
  `,
);

transcript(
  "MemoryPool.connect: asking again changes nothing, also not the place in the queue",
  `
  connect a     -> connected 1+0
  connect a     -> connected 1+0
  connect b     -> connected 2+0
  connect c     -> queued 2+1
  connect d     -> queued 2+2
  connect c     -> queued 2+2
  stats         -> 2/2 2+2 c2 q2 p0 r0 d0
  disconnect a  -> promoted: c; 2+1
  connect c     -> connected 2+1
  `,
);

transcript(
  "MemoryPool.connect: a rejected client is not in the pool",
  `
  config 0 0    -> promoted: -; 0+0
  connect a     -> rejected 0+0
  connect a     -> rejected 0+0
  disconnect a  -> not in the pool
  stats         -> 0/0 0+0 c0 q0 p0 r2 d0
  `,
);

transcript(
  "MemoryPool.disconnect: promotes in order of arrival, then empties",
  `
  connect a     -> connected 1+0
  connect b     -> connected 2+0
  connect c     -> queued 2+1
  connect d     -> queued 2+2
  disconnect b  -> promoted: c; 2+1
  disconnect a  -> promoted: d; 2+0
  disconnect d  -> promoted: -; 1+0
  disconnect c  -> promoted: -; 0+0
  disconnect c  -> not in the pool
  stats         -> 2/2 0+0 c2 q2 p2 r0 d4
  `,
);

transcript(
  "MemoryPool.disconnect: a client leaves the head, the middle and the end of the queue",
  `
  config 1 4    -> promoted: -; 0+0
  connect a     -> connected 1+0
  connect b     -> queued 1+1
  connect c     -> queued 1+2
  connect d     -> queued 1+3
  connect e     -> queued 1+4
  disconnect c  -> promoted: -; 1+3
  disconnect e  -> promoted: -; 1+2
  disconnect b  -> promoted: -; 1+1
  connect c     -> queued 1+2
  disconnect a  -> promoted: d; 1+1
  disconnect d  -> promoted: c; 1+0
  stats         -> 1/4 1+0 c1 q5 p2 r0 d5
  `,
);

transcript(
  "MemoryPool.configure: raising the limit promotes from the head at once",
  `
  config 1 3  -> promoted: -; 0+0
  connect a   -> connected 1+0
  connect b   -> queued 1+1
  connect c   -> queued 1+2
  connect d   -> queued 1+3
  config 3 3  -> promoted: b c; 3+1
  config 9 0  -> promoted: d; 4+0
  connect e   -> connected 5+0
  `,
);

transcript(
  "MemoryPool.configure: lowering the limits drops nobody, and nobody enters until there is room",
  `
  connect a     -> connected 1+0
  connect b     -> connected 2+0
  connect c     -> queued 2+1
  connect d     -> queued 2+2
  config 1 0    -> promoted: -; 2+2
  connect e     -> rejected 2+2
  disconnect a  -> promoted: -; 1+2
  disconnect b  -> promoted: c; 1+1
  disconnect c  -> promoted: d; 1+0
  connect e     -> rejected 1+0
  `,
);

transcript(
  "MemoryPool.configure: zero pauses admission, and more resumes it",
  `
  connect a     -> connected 1+0
  config 0 2    -> promoted: -; 1+0
  connect b     -> queued 1+1
  disconnect a  -> promoted: -; 0+1
  connect c     -> queued 0+2
  connect d     -> rejected 0+2
  config 2 2    -> promoted: b c; 2+0
  `,
);

transcript(
  "MemoryPool.pause: nobody is let in, whatever room there is or is made, until resume",
  `
  config 1 4    -> promoted: -; 0+0
  connect a     -> connected 1+0
  pause         -> paused
  disconnect a  -> promoted: -; 0+0
  connect b     -> queued 0+1
  connect c     -> queued 0+2
  config 9 2    -> promoted: -; 0+2
  connect d     -> rejected 0+2
  resume        -> promoted: b c; 2+0
  resume        -> promoted: -; 2+0
  connect d     -> connected 3+0
  `,
);

transcript(
  "MemoryPool.reject: counts one turned away, and changes nothing else",
  `
  reject        -> rejected 0+0
  connect a     -> connected 1+0
  reject        -> rejected 1+0
  stats         -> 2/2 1+0 c1 q0 p0 r2 d0
  `,
);

Deno.test("MemoryPool.configure: keeps no more of its argument than the two limits", () => {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 1 });
  pool.configure(Object.assign({ maxConnections: 3, backlogSize: 4 }, { type: "pool_config" }));
  assertEquals(Object.hasOwn(pool.stats(), "type"), false);
});

Deno.test("MemoryPool: ids that are names of Object's members are clients like any other", () => {
  const pool = new MemoryPool({ maxConnections: 1, backlogSize: 9 });
  const ids = ["__proto__", "constructor", "toString", "", "hasOwnProperty"];
  assertEquals(
    ids.map((id) => pool.connect(id).status),
    ["connected", "queued", "queued", "queued", "queued"],
  );
  const promoted = ids.map((id) => pool.disconnect(id)?.promoted);
  assertEquals(promoted, [...ids.slice(1), null]);
});

transcript(
  "MemoryPool.full: is whether a new client would be turned away",
  `
  config 1 1      -> promoted: -; 0+0
  full            -> no
  connect a       -> connected 1+0
  full            -> no
  connect b       -> queued 1+1
  full            -> yes
  disconnect b    -> promoted: -; 1+0
  full            -> no
  config 1 0      -> promoted: -; 1+0
  full            -> yes
  disconnect a    -> promoted: -; 0+0
  full            -> no
  pause           -> paused
  full            -> yes
  config 1 1      -> promoted: -; 0+0
  full            -> no
  resume          -> promoted: -; 0+0
  full            -> no
`,
);
