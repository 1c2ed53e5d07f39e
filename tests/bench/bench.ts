/**
 * Measures poolgate beside its peers, in one run: `deno task bench [--rounds N] [--messages N] [SECTION]...`
 *
 * The sections are throughput, errors, order, lone, start and growth; without any, all are run. In
 * each round every program takes its turn on the same input. A ratio is that of the first row to
 * another, within a round, so that a machine whose speed drifts does not decide; the median of the
 * rounds is what counts. A third of the messages of `errors` disconnect clients that nobody knows.
 * `start` compares with an echo that reads through TextLineStream and does nothing else.
 *
 * Peers that are always there are in peers/, in Python and Node; they know no errors.
 * POOLGATE_BENCH_PEERS adds others that read the same messages:
 * `rust=/path/to/program,go=/path/to/other`. POOLGATE_BENCH_BINARY measures a compiled poolgate
 * instead of the source, POOLGATE_BENCH_ECHO a compiled peers/line_echo.ts. Measure copies of both,
 * made by `cp`: a file as `deno compile` wrote it started up to 2 ms later than a copy of it.
 *
 * @module
 */

import { MemoryPool } from "../../lib/pool/memory_pool.ts";
import { compare, has, readArguments, report } from "./figures.ts";
import { writeMixed, writeReversed, writeStanding, writeUnknown } from "./workloads.ts";
import { raise } from "../support/raise.ts";

const HERE = new URL(".", import.meta.url).pathname;
const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const WAITING = [1_000, 1_000_000] as const;
const TURNS = 500_000;
const LONE_REQUESTS = 20_000;

type Command = [string, ...string[]];

interface Settings {
  rounds: number;
  messages: number;
  /** A folder for the workloads. */
  folder: string;
}

const binary = Deno.env.get("POOLGATE_BENCH_BINARY");
const poolgate: Command = binary === undefined ? [Deno.execPath(), "run", MAIN] : [binary];
const echo = Deno.env.get("POOLGATE_BENCH_ECHO");
const lineEcho: Command = echo === undefined
  ? [Deno.execPath(), "run", `${HERE}peers/line_echo.ts`]
  : [echo];
const bareDeno: Command = [Deno.execPath(), "run", `${HERE}peers/bare_echo.ts`];

/** The peers that the environment names. */
function namedPeers(): Map<string, Command> {
  const found = new Map<string, Command>();
  for (const pair of (Deno.env.get("POOLGATE_BENCH_PEERS") ?? "").split(",").filter(Boolean)) {
    const [name = "", program = ""] = pair.split("=");
    found.set(name, [program]);
  }
  return found;
}

async function peers(): Promise<Map<string, Command>> {
  const found = namedPeers();
  if (await has("node")) found.set("Node, a write a line", ["node", `${HERE}peers/node_line.mjs`]);
  if (await has("python3")) {
    found.set("Python, a flush a line", ["python3", `${HERE}peers/python_line.py`]);
  }
  return found;
}

/** Runs a command on an input file, its output to nowhere, and returns the seconds it took. */
async function seconds([program, ...args]: Command, input: string): Promise<number> {
  const script = `exec "$@" < '${input}' > /dev/null`;
  const start = performance.now();
  const command = new Deno.Command("sh", { args: ["-c", script, "sh", program, ...args] });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
  return (performance.now() - start) / 1000;
}

async function throughput({ rounds, messages, folder }: Settings): Promise<void> {
  console.log(`throughput: ${messages} mixed messages, output to /dev/null`);
  const input = `${folder}/mixed.ndjson`;
  await writeMixed(input, messages);
  const programs = new Map([["poolgate", poolgate], ...await peers()]);
  report("s", await compare(rounds, programs, (command) => seconds(command, input)));
}

async function errors({ rounds, messages, folder }: Settings): Promise<void> {
  console.log(`errors: ${messages} messages, a third of them of unknown clients`);
  const input = `${folder}/unknown.ndjson`;
  const mixed = `${folder}/mixed.ndjson`;
  await writeUnknown(input, messages);
  await writeMixed(mixed, messages);
  const named = namedPeers().entries().map(([name, command]) => [name, [command, input]] as const);
  const runs = new Map<string, readonly [Command, string]>([
    ["poolgate", [poolgate, input]],
    ["poolgate, no errors", [poolgate, mixed]],
    ...named,
  ]);
  report("s", await compare(rounds, runs, ([command, input]) => seconds(command, input)));
}

async function order({ rounds, messages, folder }: Settings): Promise<void> {
  console.log(
    `order: ${messages} mixed messages, their members the other way round, and as in the samples`,
  );
  const reversed = `${folder}/reversed.ndjson`;
  const sampled = `${folder}/mixed.ndjson`;
  await writeReversed(reversed, messages);
  await writeMixed(sampled, messages);
  const inputs = new Map([["reversed", reversed], ["as in the samples", sampled]]);
  report("s", await compare(rounds, inputs, (input) => seconds(poolgate, input)));
}

/** One run of ping_pong.py: milliseconds to the first reply, microseconds of a median round trip. */
async function pingPong(count: number, command: Command): Promise<[number, number]> {
  const run = ["python3", `${HERE}ping_pong.py`, String(count), ...command];
  const [program = "", ...args] = await pinned() ? ["taskset", "-c", "0", ...run] : run;
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const [first = NaN, trip = NaN] = new TextDecoder().decode(stdout).split(" ").map(Number);
  return [first, trip];
}

let onOneCore: Promise<boolean> | undefined;

/** Whether both sides can be held to one core, where a round trip does not depend on who sleeps where. */
function pinned(): Promise<boolean> {
  return onOneCore ??= has("taskset");
}

async function lone({ rounds }: Settings): Promise<void> {
  console.log(
    `lone: ${LONE_REQUESTS} requests, each after the reply to the one before, on one core`,
  );
  if (!await has("python3")) return;
  const programs = new Map([["poolgate", poolgate], ...await peers()]);
  const trip = async (command: Command) => (await pingPong(LONE_REQUESTS, command))[1];
  report("us", await compare(rounds, programs, trip));
}

async function start({ rounds }: Settings): Promise<void> {
  console.log("start: from the start of the process to the first reply, on one core");
  if (!await has("python3")) return;
  const programs = new Map([
    ["poolgate", poolgate],
    ["TextLineStream, echo", lineEcho],
    ["bare Deno, echo", bareDeno],
  ]);
  const first = async (command: Command) => (await pingPong(1, command))[0];
  report("ms", await compare(3 * rounds, programs, first));
}

/** The time of a message at a standing queue: a run with turns less a run that only fills the queue. */
async function growth({ rounds, folder }: Settings): Promise<void> {
  console.log(
    `growth: ${2 * TURNS} messages at a standing queue of ${WAITING.join(" and ")} waiting`,
  );
  for (const waiting of WAITING) {
    await writeStanding(`${folder}/fill-${waiting}.ndjson`, waiting, 0);
    await writeStanding(`${folder}/turn-${waiting}.ndjson`, waiting, TURNS);
  }
  const queues = new Map(WAITING.toReversed().map((waiting) => [`${waiting} waiting`, waiting]));
  const figures = await compare(rounds, queues, async (waiting) => {
    const fill = await seconds(poolgate, `${folder}/fill-${waiting}.ndjson`);
    const turn = await seconds(poolgate, `${folder}/turn-${waiting}.ndjson`);
    return (turn - fill) * 1e6 / (2 * TURNS);
  });
  report("us", figures);
  memory();
}

/** The heap that a waiting client takes beyond its id, as far as the collector can tell. */
function memory(): void {
  const waiting = WAITING[1];
  const ids = Array.from({ length: waiting }, (_, n) => `client-${n}`);
  const before = Deno.memoryUsage().heapUsed;
  const pool = new MemoryPool({ maxConnections: 0, backlogSize: waiting }, raise);
  for (const id of ids) pool.connect(id, undefined, 0);
  const bytes = (Deno.memoryUsage().heapUsed - before) / waiting;
  console.log(`  memory: at most ${bytes.toFixed(0)} bytes a waiting client, its id not counted`);
}

const SECTIONS = { throughput, errors, order, lone, start, growth };

async function main(): Promise<void> {
  const { sections, counts } = readArguments(Object.keys(SECTIONS), {
    rounds: 5,
    messages: 1_000_000,
  });
  const folder = await Deno.makeTempDir({ prefix: "poolgate-bench-" });
  try {
    for (const [name, section] of Object.entries(SECTIONS)) {
      if (sections.includes(name)) await section({ ...counts, folder });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

await main();
