/**
 * Semaphores of `redis-semaphore`, acquired and released. Run by Node in a folder where the package is installed:
 * `node pairs.mjs PORT KEY PLACES CLIENTS SECONDS`. See `../../cluster_driver.ts` for what is read and written.
 */

import { createRequire } from "node:module";

// Not imported: these are no packages of the project, whose checks would look for them.
const require = createRequire(import.meta.url);
const Redis = require("ioredis");
const { Semaphore } = require("redis-semaphore");

const [port, key, places, clients, seconds] = process.argv.slice(2);
const redis = new Redis(Number(port), "127.0.0.1");
await redis.ping();
let pairs = 0;
let over = false;

async function client() {
  const semaphore = new Semaphore(redis, key, Number(places));
  while (!over) {
    await semaphore.acquire();
    await semaphore.release();
    pairs++;
  }
}

console.log("ready");
await new Promise((resolve) => process.stdin.once("data", resolve));
const all = Array.from({ length: Number(clients) }, client);
await new Promise((resolve) => setTimeout(resolve, 500));
const [from, before] = [performance.now(), pairs];
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
console.log((pairs - before) / ((performance.now() - from) / 1000));
over = true;
await Promise.all(all);
process.exit(0);
