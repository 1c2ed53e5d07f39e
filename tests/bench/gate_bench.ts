/**
 * Measures poolgate with an upstream beside HAProxy (mode tcp, one thread), in one run: `deno task bench:gate
 * [--rounds N] [SECTION]...`
 *
 * The sections are churn, keepalive, bulk, waiting, queue, metrics and refusals; without any, all are run. In each round both
 * programs take their turn at the same work in front of the same nginx. A ratio is that of the first row to another,
 * within a round, so that a machine whose speed drifts does not decide; the median of the rounds is what counts. The
 * CPU time of a program is steadier still where others use the machine: it does not count what they take.
 *
 * The last two sections have poolgate alone: with and without --admin, and with what it may be told to say to those
 * that it turns away.
 *
 * POOLGATE_BENCH_BINARY measures a compiled poolgate instead of the source.
 *
 * @module
 */

import { column, compare, has, median, readArguments, report, reportExcess } from "./figures.ts";
import {
  delay,
  HOST,
  type Program,
  type Proxy,
  type Server,
  Stage,
  usage,
} from "./gate_programs.ts";
import { cpuBetween, EACH_ANEW, type Load, load, settled, type Work, wrk } from "./load.ts";

const MIB = 1024 * 1024;
const FILE_BYTES = 1024 * MIB;
const PLACES = 32;
const LOAD_SECONDS = 3;

/** How long poolgate is under load before it counts, in seconds: by then the compiler is done with it. */
const WARM_UP = { lasting: 5, fresh: 2 };
const HAPROXY_WARM_UP = 1;

/** A transfer is over within a second, so it takes more of them for the median to be steady. */
const TRANSFERS_PER_ROUND = 2;

/** When memory is looked at while a reader does not read, in seconds. */
const STALLED = [1, 3, 5];

const CROWD = 5000;
/** What each of the crowd has sent: nothing, or about as much as a small request. */
const CROWD_BYTES = [0, 100];
const CROWD_LIMIT_MS = 30_000;
/** Each time takes a fresh program, and it is steady enough for fewer rounds than the rest. */
const CROWDS_PER_ROUND = 0.5;
/** How often it is asked whether all wait. */
const POLL_MS = 5;

const QUEUE = 3000;
/** In a run with a queue: when it stands, for how long then is counted, and how long it is in all, in seconds. */
const QUEUE_RUN = { standing: 1.1, counted: 1.7, all: 3 };

/** How long gates are under load at once, in seconds: before it counts, and when it does. */
const AT_ONCE = { warmUp: 10, counted: 12 };
/** How many scrapes in a row are measured to tell what one takes. */
const SCRAPES = 500;

interface Settings {
  rounds: number;
  stage: Stage;
}

/** Starts a program in front of a server. */
type Opener = (server: Server, places: number) => Promise<Proxy>;

async function hasAll(...programs: string[]): Promise<boolean> {
  const found = await Promise.all(programs.map(has));
  return found.every((yes) => yes);
}

/** poolgate, and HAProxy where the machine has it. */
async function openers(stage: Stage): Promise<Map<string, Opener>> {
  const found = new Map<string, Opener>();
  found.set("poolgate", (server, places) => stage.poolgate(server, places));
  if (await has("haproxy")) {
    found.set("HAProxy", (server, places) => stage.haproxy(server, places));
  }
  return found;
}

async function warmUp(
  stage: Stage,
  name: string,
  proxy: Program,
  server: Server,
  kind: keyof typeof WARM_UP,
  headers: string[],
): Promise<void> {
  const seconds = name === "poolgate" ? WARM_UP[kind] : HAPROXY_WARM_UP;
  await wrk(stage, proxy, 2 * PLACES, seconds, headers);
  await settled(server);
}

/** Both programs, warmed up. They stay for all rounds of a section. */
async function warmProxies(
  stage: Stage,
  server: Server,
  headers: string[],
): Promise<Map<string, Proxy>> {
  const proxies = new Map<string, Proxy>();
  for (const [name, open] of await openers(stage)) {
    const proxy = await open(server, PLACES);
    await warmUp(stage, name, proxy, server, "lasting", headers);
    proxies.set(name, proxy);
  }
  return proxies;
}

async function endAll(programs: Iterable<Program>): Promise<void> {
  for (const program of programs) await program.end();
}

async function compareLoads(
  { rounds, stage }: Settings,
  connections: number,
  headers: string[],
  what: string,
): Promise<void> {
  if (!await hasAll("nginx", "wrk")) return;
  const server = await stage.nginx(FILE_BYTES);
  const proxies = await warmProxies(stage, server, headers);
  const work = { stage, server, connections, headers };
  const figures = await compare(rounds, proxies, async (proxy) => {
    await settled(server);
    return await load(work, proxy, LOAD_SECONDS);
  });
  report(`${what}s each second`, column(figures, ({ rate }) => rate));
  report("ms, 99th percentile", column(figures, ({ slowest }) => slowest));
  report(`us of CPU each ${what}`, column(figures, ({ cpu }) => cpu));
  await endAll([...proxies.values(), server]);
}

async function churn(settings: Settings): Promise<void> {
  console.log(`churn: ${2 * PLACES} clients for ${PLACES} places, a connection for each request`);
  await compareLoads(settings, 2 * PLACES, EACH_ANEW, "connection");
}

async function keepalive(settings: Settings): Promise<void> {
  console.log(`keepalive: ${PLACES} connections with small requests, one after another`);
  await compareLoads(settings, PLACES, [], "request");
}

async function bulk({ rounds, stage }: Settings): Promise<void> {
  console.log(`bulk: ${FILE_BYTES / MIB} MiB over one connection to a client that discards them`);
  if (!await hasAll("nginx", "curl")) return;
  const server = await stage.nginx(FILE_BYTES);
  const proxies = new Map<string, Proxy>();
  for (const [name, open] of await openers(stage)) proxies.set(name, await open(server, PLACES));
  if (proxies.has("HAProxy")) {
    proxies.set("HAProxy, splicing", await stage.haproxy(server, PLACES, { splicing: true }));
  }
  for (const proxy of proxies.values()) {
    for (let transfers = 0; transfers < 3; transfers++) await transfer(stage, proxy);
  }
  const measure = (proxy: Proxy) => transfer(stage, proxy);
  const figures = await compare(TRANSFERS_PER_ROUND * rounds, proxies, measure);
  report("MB/s", column(figures, ({ speed }) => speed));
  report("ms of CPU for it", column(figures, ({ cpu }) => cpu));
  await settled(server);
  console.log("  back-pressure: memory while a client has asked for the same and does not read on");
  await Promise.all([...proxies].map(([name, proxy]) => stall(name, proxy)));
  await endAll([...proxies.values(), server]);
}

/** Transfers the file, and returns the speed in MB/s and the proxy's CPU time in milliseconds. */
async function transfer(stage: Stage, proxy: Proxy): Promise<{ speed: number; cpu: number }> {
  const before = await usage(proxy);
  const format = "%{speed_download} %{size_download}";
  const url = `http://${HOST}:${proxy.port}/file`;
  const text = await stage.run("curl", "-s", "-f", "-o", "/dev/null", "-w", format, url);
  const [speed = NaN, size] = text.split(" ").map(Number);
  if (size !== FILE_BYTES) throw new Error(`${size} bytes of ${FILE_BYTES} were transferred`);
  return { speed: speed / 1e6, cpu: cpuBetween(before, await usage(proxy)) * 1e3 };
}

async function stall(name: string, proxy: Proxy): Promise<void> {
  const before = (await usage(proxy)).residentBytes;
  const client = await Deno.connect({ hostname: HOST, port: proxy.port });
  await client.write(new TextEncoder().encode("GET /file HTTP/1.0\r\n\r\n"));
  await client.read(new Uint8Array(1024));
  const sizes: number[] = [];
  let passed = 0;
  for (const second of STALLED) {
    await delay((second - passed) * 1000);
    sizes.push((await usage(proxy)).residentBytes);
    passed = second;
  }
  client.close();
  const shown = sizes.map((size) => (size / MIB).toFixed(1)).join(", ");
  const growth = ((Math.max(...sizes) - before) / MIB).toFixed(1);
  console.log(
    `  ${name.padEnd(24)} ${(before / MIB).toFixed(1).padStart(9)} MiB before, ${shown} after ` +
      `${STALLED.join(", ")} s: growth ${growth}`,
  );
}

/** How a crowd was taken in. */
interface Taken {
  /** From the first connection's begin until all wait. */
  seconds: number;
  /** How much of that the client needs to open and to write to them. */
  opening: number;
  /** Memory for each, in KiB. */
  each: number;
}

async function waiting({ rounds, stage }: Settings): Promise<void> {
  console.log(`waiting: ${CROWD} connections at once for one place that stays taken`);
  if (!await hasAll("nginx", "wrk", "python3")) return;
  const server = await stage.nginx(FILE_BYTES);
  const programs = await openers(stage);
  for (const bytes of CROWD_BYTES) {
    const subjects = new Map([...programs].map(([name, open]) => [name, { name, open }]));
    const crowds = Math.ceil(CROWDS_PER_ROUND * rounds);
    const figures = await compare(crowds, subjects, async ({ name, open }) => {
      // A fresh one each time: the memory that one crowd took would do for the next.
      const proxy = await open(server, 1);
      await warmUp(stage, name, proxy, server, "fresh", EACH_ANEW);
      const taken = await takeIn(stage, proxy, bytes);
      await proxy.end();
      return taken;
    });
    console.log(`  each has sent ${bytes} bytes`);
    report("s until all wait", column(figures, ({ seconds }) => seconds));
    report("KiB each", column(figures, ({ each }) => each));
    const opening = [...figures.values()].flat().map((taken) => taken.opening);
    console.log(`  (the client takes ${median(opening).toFixed(2)} s to open them)`);
  }
  await server.end();
}

async function takeIn(stage: Stage, proxy: Proxy, bytes: number): Promise<Taken> {
  const before = await usage(proxy);
  const crowd = stage.crowd(proxy, CROWD, bytes);
  const limit = performance.now() + CROWD_LIMIT_MS;
  for (;;) {
    const queued = await proxy.queued();
    if (queued === CROWD - 1) break;
    if (performance.now() > limit) throw new Error(`${queued} wait instead of ${CROWD - 1}`);
    await delay(POLL_MS);
  }
  const end = Date.now();
  const [first, last] = await crowd.opened;
  await delay(1000);
  const after = await usage(proxy);
  await crowd.end();
  return {
    seconds: (end - first) / 1000,
    opening: (last - first) / 1000,
    each: (after.residentBytes - before.residentBytes) / 1024 / CROWD,
  };
}

/** How churn goes with a queue of some length. */
interface Turnover {
  rate: number;
  cpu: number;
  queued: number;
}

/**
 * Whoever waits gets a place in turn, so a long queue that stands is one whose members come back: all of it is wrk's.
 * That a run begins with the arrival of a queue and ends with its departure is no part of its pace, and would count
 * against the longer one; so the requests are counted by nginx, in the middle of the run. wrk has more to do for
 * more connections too: HAProxy's ratio shows what that is worth.
 */
async function queue({ rounds, stage }: Settings): Promise<void> {
  console.log(`queue: churn with ${QUEUE} more that wait, and without`);
  if (!await hasAll("nginx", "wrk")) return;
  const server = await stage.nginx(FILE_BYTES);
  const proxies = await warmProxies(stage, server, EACH_ANEW);
  const subjects = new Map<string, { proxy: Proxy; connections: number }>();
  for (const [name, proxy] of proxies) {
    subjects.set(`${name}, long`, { proxy, connections: QUEUE + 2 * PLACES });
    subjects.set(`${name}, short`, { proxy, connections: 2 * PLACES });
  }
  const measure = async ({ proxy, connections }: { proxy: Proxy; connections: number }) =>
    await turnover(stage, server, proxy, connections);
  const figures = await compare(rounds, subjects, measure);
  for (const name of proxies.keys()) {
    const own = new Map([...figures].filter(([subject]) => subject.startsWith(`${name},`)));
    report("connections each second", column(own, ({ rate }) => rate));
    report("us of CPU each connection", column(own, ({ cpu }) => cpu));
    const [long, short] = [...column(own, ({ queued }) => queued).values()].map(median);
    console.log(`  (${long} waited when it was long, ${short} when it was short)`);
  }
  await endAll([...proxies.values(), server]);
}

async function turnover(
  stage: Stage,
  server: Server,
  proxy: Proxy,
  connections: number,
): Promise<Turnover> {
  await settled(server);
  const run = wrk(stage, proxy, connections, QUEUE_RUN.all, EACH_ANEW);
  await delay(QUEUE_RUN.standing * 1000);
  const before = await sample(server, proxy);
  await delay(QUEUE_RUN.counted * 1000);
  const after = await sample(server, proxy);
  const queued = await proxy.queued();
  await run;
  const requests = after.requests - before.requests;
  return {
    rate: requests / (after.at - before.at) * 1000,
    cpu: cpuBetween(before, after) * 1e6 / requests,
    queued,
  };
}

async function sample(server: Server, proxy: Proxy) {
  const { requests } = await server.status();
  const at = performance.now();
  return { requests, at, ...await usage(proxy) };
}

/** Whoever asks a gate for what operators see, for as long as the gate is measured. */
interface Asker {
  /** Ends it. Throws where there was no answer, or not the one it should be. */
  end(): void;
}

/** How a gate may serve operators. The second row shows what two processes of the same program differ by. */
const ADMINS: Record<string, { admin: boolean; ask?: (origin: string) => Asker }> = {
  "without --admin": { admin: false },
  "without, another": { admin: false },
  "--admin, nobody asks": { admin: true },
  "--admin, a scraper": { admin: true, ask: scraper },
  "--admin, a viewer": { admin: true, ask: viewer },
};

/** As many gates as there are rows share two cores with their clients, so each has about such a part of one. */
const SHARE = 1 / Object.keys(ADMINS).length;
/** A second of a gate that has a core of its own. */
const SCRAPE_PERIOD_MS = 1000 / SHARE;

/**
 * What serving operators takes is less than what a machine that others use differs by from one second to the next. So
 * all gates are under load at the same time: whatever else goes on, it meets all of them. They are fresh in each
 * round, since no two processes of the same program are equally fast. Their throughput shows little: they share what
 * the machine has. What is done once a second would weigh too much, so the scraper asks less often; the samples, and
 * the events for a viewer, do weigh too much.
 */
async function metrics(settings: Settings): Promise<void> {
  console.log("metrics: gates with and without --admin, all under load at once");
  if (!await hasAll("nginx", "wrk")) return;
  const { stage } = settings;
  const server = await stage.nginx(FILE_BYTES);
  const anew = { stage, server, connections: 2 * PLACES, headers: EACH_ANEW };
  await compareAdmins(settings.rounds, anew, "connection");
  await compareAdmins(settings.rounds, { ...anew, connections: PLACES, headers: [] }, "request");
  await reportScrape(stage, server);
  await server.end();
}

async function compareAdmins(rounds: number, work: Work, what: string): Promise<void> {
  const names = Object.keys(ADMINS);
  const figures = new Map(names.map((name) => [name, [] as Load[]]));
  for (let round = 0; round < rounds; round++) {
    // To be started first may matter, and each of them is in turn.
    const first = round % names.length;
    const loads = await loadAtOnce(work, [...names.slice(first), ...names.slice(0, first)]);
    for (const [name, load] of loads) figures.get(name)?.push(load);
  }
  reportExcess(`${what}s each second`, column(figures, ({ rate }) => rate));
  reportExcess(`us of CPU each ${what}`, column(figures, ({ cpu }) => cpu));
}

async function loadAtOnce(work: Work, names: string[]): Promise<[string, Load][]> {
  const { stage, server } = work;
  const askers: Asker[] = [];
  const gates = await Promise.all(names.map(async (name) => {
    const { admin = false, ask } = ADMINS[name] ?? {};
    const gate = await stage.poolgate(server, PLACES, { admin });
    if (ask !== undefined) askers.push(ask(`http://${HOST}:${gate.adminPort}`));
    return { name, gate };
  }));
  const loadAll = async (seconds: number) => {
    await settled(server);
    return await Promise.all(gates.map(async ({ name, gate }): Promise<[string, Load]> => {
      return [name, await load(work, gate, seconds)];
    }));
  };
  await loadAll(AT_ONCE.warmUp);
  const loads = await loadAll(AT_ONCE.counted);
  for (const asker of askers) asker.end();
  await endAll(gates.map(({ gate }) => gate));
  return loads;
}

function scraper(origin: string): Asker {
  let answers = 0;
  let failure: unknown;
  const timer = setInterval(
    () => scrape(origin).then(() => answers++, (error) => failure ??= error),
    SCRAPE_PERIOD_MS,
  );
  return {
    end() {
      clearInterval(timer);
      if (failure !== undefined || answers === 0) throw failure ?? new Error("no scrape was made");
    },
  };
}

async function scrape(origin: string): Promise<void> {
  const response = await fetch(`${origin}/metrics`);
  const text = await response.text();
  if (!text.includes("\npoolgate_connections_total{")) throw new Error(`no metrics: ${text}`);
}

function viewer(origin: string): Asker {
  let answers = 0;
  const abort = new AbortController();
  const view = async () => {
    const { body } = await fetch(`${origin}/api/events`, { signal: abort.signal });
    for await (const _ of body ?? []) answers++;
  };
  let failure: unknown;
  view().catch((error) => failure = error);
  return {
    end() {
      if (failure !== undefined || answers === 0) throw failure ?? new Error("no event was sent");
      abort.abort();
    },
  };
}

/** Prints the CPU time that a scrape takes where a gate has nothing else to do. */
async function reportScrape(stage: Stage, server: Server): Promise<void> {
  const gate = await stage.poolgate(server, PLACES, { admin: true });
  const scrapes = async () => {
    const before = await usage(gate);
    for (let scrapes = 0; scrapes < SCRAPES; scrapes++) {
      await scrape(`http://${HOST}:${gate.adminPort}`);
    }
    return cpuBetween(before, await usage(gate)) * 1e3 / SCRAPES;
  };
  await scrapes();
  console.log(`  (a scrape takes ${(await scrapes()).toFixed(2)} ms of CPU, many in a row)`);
  await gate.end();
}

/** What clients of a service say first, and what they have to be told; the first row is what the others cost more. */
const REFUSED: Readonly<Record<string, { said: string; told: string }>> = {
  line: { said: "", told: "rejected" },
  smtp: { said: "", told: "421 4.3.2 " },
  mysql: { said: "", told: "Too many connections" },
  http: { said: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", told: "queue is full\n" },
  postgres: { said: "\0\0\0\x12\0\x03\0\0user\0ann\0\0", told: "53300" },
  redis: { said: "*1\r\n$4\r\nPING\r\n", told: "-ERR max number of clients reached" },
  memcached: { said: "get key\r\n", told: "SERVER_ERROR " },
  amqp: { said: "AMQP\0\0\x09\x01", told: "queue is full" },
};

/** Some thousands, as the gate has them told that are turned away at once. */
const REFUSED_CLIENTS = 2000;

async function refusals({ rounds, stage }: Settings): Promise<void> {
  console.log(`refusals: ${REFUSED_CLIENTS} clients that are turned away at once, by --reject-as`);
  if (!await hasAll("nginx", "python3")) return;
  const server = await stage.nginx(FILE_BYTES);
  const gates = new Map<string, { gate: Proxy; said: Uint8Array; told: string }>();
  for (const [rejectAs, { said, told }] of Object.entries(REFUSED)) {
    const gate = await stage.poolgate(server, 0, { backlog: 0, rejectAs });
    const subject = { gate, told, said: new TextEncoder().encode(said) };
    await stage.refused(gate, REFUSED_CLIENTS, subject);
    gates.set(rejectAs, subject);
  }
  const figures = await compare(rounds, gates, async ({ gate, ...talk }) => {
    const before = await usage(gate);
    const { told, ms } = await stage.refused(gate, REFUSED_CLIENTS, talk);
    const cpu = cpuBetween(before, await usage(gate)) / REFUSED_CLIENTS * 1e6;
    return { told, ms, cpu };
  });
  reportExcess("us of CPU each", column(figures, ({ cpu }) => cpu));
  for (const [name, all] of figures) {
    const least = Math.min(...all.map(({ told }) => told));
    const longest = Math.max(...all.map(({ ms }) => ms));
    console.log(`  ${name.padEnd(24)} ${least} told at least, in ${longest.toFixed(0)} ms at most`);
  }
  await endAll([...[...gates.values()].map(({ gate }) => gate), server]);
}

const SECTIONS = { churn, keepalive, bulk, waiting, queue, metrics, refusals };

async function main(): Promise<void> {
  const { sections, counts } = readArguments(Object.keys(SECTIONS), { rounds: 5 });
  // Debian has servers where not everybody's PATH leads.
  Deno.env.set("PATH", `${Deno.env.get("PATH") ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`);
  const stage = new Stage();
  try {
    for (const [name, section] of Object.entries(SECTIONS)) {
      if (sections.includes(name)) await section({ ...counts, stage });
    }
  } finally {
    await stage.close();
  }
}

await main();
