/**
 * Has clients come and go, each as soon as the one before has been answered:
 * `cluster_driver.ts poolgate|counter PORT KEY PLACES CLIENTS SECONDS`. Writes `ready`, waits for a line, and writes
 * how many have come and gone each second. `counter` is a Lua script that counts up where there is room, and one that
 * counts down: no queue, and a crash loses places for good.
 *
 * @module
 */

import { createClient } from "@redis/client";
import { Batcher } from "./batcher.ts";

/** Not counted: until the compiler is done, in milliseconds. */
const WARM_UP_MS = 500;

const COUNT_UP = `local count = redis.call('INCR', KEYS[1])
if count <= tonumber(ARGV[1]) then return 1 end
redis.call('DECR', KEYS[1])
return 0`;
const COUNT_DOWN = `return redis.call('DECR', KEYS[1])`;

const [kind = "", port = "", key = "", places = "", clients = "", seconds = ""] = Deno.args;

let pairs = 0;
const begin = kind === "poolgate" ? await poolgate() : await counter();
console.log("ready");
await Deno.stdin.read(new Uint8Array(1));
for (let count = 0; count < Number(clients); count++) begin();
await delay(WARM_UP_MS);
const [from, before] = [performance.now(), pairs];
await delay(Number(seconds) * 1000);
console.log((pairs - before) / ((performance.now() - from) / 1000));
Deno.exit(0);

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @returns What begins a client. */
async function poolgate(): Promise<() => void> {
  const gate = await Batcher.open(
    {
      address: { transport: "tcp", hostname: "127.0.0.1", port: Number(port) },
      ...{ tls: false, username: undefined, password: undefined, database: 0 },
    },
    key,
    { maxConnections: Number(places), backlogSize: 0 },
  );
  let n = 0;
  function client(): void {
    const own = ++n;
    gate.join(own, ({ kind }) => {
      if (kind !== "placed") throw new Error(`a client was ${kind}`);
      gate.leave(own, () => {
        pairs++;
        client();
      });
    });
  }
  return client;
}

/** @returns What begins a client. */
async function counter(): Promise<() => void> {
  const redis = createClient({
    socket: { host: "127.0.0.1", port: Number(port) },
    commandOptions: { timeout: 0 },
    maintNotifications: "disabled",
  });
  await redis.connect();
  const [up, down] = [await redis.scriptLoad(COUNT_UP), await redis.scriptLoad(COUNT_DOWN)];
  return async function client(): Promise<void> {
    for (;;) {
      const answer = await redis.sendCommand(["EVALSHA", up, "1", key, places]);
      if (Number(answer) !== 1) throw new Error("there is no room");
      await redis.sendCommand(["EVALSHA", down, "1", key]);
      pairs++;
    }
  };
}
