/** What is still to be said on stdout when a signal ends the program. Imports nothing from lib/. */

import { assert, assertEquals } from "@std/assert";
import { Conversation } from "../support/program.ts";
import { until, untilStill } from "../support/sockets.ts";

const COUNT = 200;

/** How long the program may take to end, in ms, where nobody reads: its own limit is a second. */
const PATIENCE_MS = 5_000;

/** Runs a program whose stdout is a pipe of one page, reads that slowly, passes SIGTERM on. */
const SLOW_READER = `
import fcntl, os, signal, subprocess, sys, time
F_SETPIPE_SZ = 1031
reader, writer = os.pipe()
fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
program = subprocess.Popen(sys.argv[1:], stdout=writer)
os.close(writer)
signal.signal(signal.SIGTERM, lambda *_: program.terminate())
while chunk := os.read(reader, 1024):
    os.write(1, chunk)
    time.sleep(0.004)
sys.exit(program.wait())
`;

/** A run that listens, and reads stdin; `reader` is a shell line with the run as `"$@"`. */
async function listening(reader: string): Promise<Conversation> {
  const args = ["--listen", "127.0.0.1:0"];
  const poolgate = Conversation.inShell(reader, { args, permissions: ["--allow-net"] });
  let notes = "";
  await until("it listens", async () => (notes += await poolgate.note()).includes("listening at"));
  return poolgate;
}

function stats(id: number): string {
  return `{"src":"c1","dest":"n1","body":{"type":"pool_stats","msg_id":${id}}}\n`;
}

/** The ids of the requests that these lines answer. */
function answered(text: string): unknown[] {
  return text.trim().split("\n").map((line) => JSON.parse(line).body.in_reply_to);
}

for (const [how, portion] of [["as one", COUNT], ["one by one", 1]] as const) {
  Deno.test(`--listen: after a signal, a slow reader hears the answers to all requests before it, sent ${how}`, async () => {
    const poolgate = await listening(`exec python3 -c '${SLOW_READER}' "$@"`);
    await poolgate.say(stats(0));
    let heard = await poolgate.hear();
    for (let id = 1; id <= COUNT; id += portion) {
      await poolgate.say(Array.from({ length: portion }, (_, more) => stats(id + more)).join(""));
    }
    poolgate.signal("SIGTERM");
    for (let more = await poolgate.hear(); more !== ""; more = await poolgate.hear()) heard += more;
    assertEquals(answered(heard), Array.from({ length: COUNT + 1 }, (_, id) => id));
    assertEquals(await poolgate.exit(), 0);
  });
}

Deno.test("--listen: a stdout that nobody reads does not hold up the end that a signal asks for", async () => {
  const poolgate = await listening(`exec "$@"`);
  let taken = 0;
  const ask = async () => {
    for (;; taken++) await poolgate.say(stats(taken).repeat(1000));
  };
  ask().catch(() => {});
  await until("it takes requests", () => taken > 0);
  await untilStill(() => taken);
  const asked = performance.now();
  poolgate.signal("SIGTERM");
  assertEquals(await poolgate.exit(), 0);
  const ms = performance.now() - asked;
  assert(ms < PATIENCE_MS, `it took ${ms} ms`);
});
