/**
 * poolgate: puts the parts together. The only place that touches `Deno.args`, `Deno.env` and
 * `Deno.exit`.
 *
 * @module
 */

import type { OpenAdmin } from "./lib/admin/open_admin.ts";
import type { AdminOptions } from "./lib/cli/admin_options.ts";
import {
  ADMIN_FLAGS,
  CLUSTER_FLAGS,
  type Flags,
  GATE_FLAGS,
  NO_FLAGS,
} from "./lib/cli/flag_names.ts";
import { DEFAULT_LIMITS, type Options, readOptions } from "./lib/cli/options.ts";
import { type Reading, Settings } from "./lib/cli/settings.ts";
import type { ClusterOptions } from "./lib/cluster/cluster_options.ts";
import type { SharedPool } from "./lib/cluster/shared_pool.ts";
import type { GateOptions } from "./lib/gate/gate_options.ts";
import type { Gate } from "./lib/gate/gate.ts";
import type { OpenGate } from "./lib/gate/open_gate.ts";
import { BufferedWriter } from "./lib/io/buffered_writer.ts";
import { Log, type Note } from "./lib/io/log.ts";
import {
  ASYNC_STREAMS,
  BLOCKING_STREAMS,
  PeerGone,
  StreamError,
} from "./lib/io/standard_streams.ts";
import { MemoryPool } from "./lib/pool/memory_pool.ts";
import { type Limits, limitsChange } from "./lib/pool/limits.ts";
import type { Pool } from "./lib/pool/pool.ts";
import type { WaitEstimator } from "./lib/pool/wait_estimator.ts";
import { Node } from "./lib/protocol/node.ts";
import { serve, type Stdio } from "./lib/stdio.ts";

const OK = 0;
const FAILED = 1;
const USAGE = 2;

/** How long the last answers may take to be read, and then the last notes, in milliseconds. */
const LAST_WORDS_MS = 1000;

/**
 * Whether this is process 1, as in a container: a signal ends that only where it is listened for.
 */
const PROCESS_1 = Deno.pid === 1;

const TEXT_LOG = { format: "text", quiet: false, clock: () => new Date() } as const;

async function main(): Promise<number> {
  const flags = await readFlags();
  if (flags.help || flags.version) {
    return await print(flags.help ? await help() : await versionText());
  }
  if (flags.completions !== undefined) return await printCompletions(flags.completions);
  if (flags.print !== undefined) return await printFile(flags.print);
  const settings = new Settings(flags, readEnv);
  const readGate = settings.anyOf(GATE_FLAGS)
    ? (await import("./lib/cli/gate_options.ts")).readGateOptions
    : undefined;
  const readAdmin = settings.anyOf(ADMIN_FLAGS)
    ? (await import("./lib/cli/admin_options.ts")).readAdminOptions
    : undefined;
  const readCluster = settings.anyOf(CLUSTER_FLAGS)
    ? (await import("./lib/cli/cluster_options.ts")).readClusterOptions
    : undefined;
  const reading = readOptions(settings, readGate, readAdmin, readCluster);
  if ("complaint" in reading) return await refuse(reading.complaint);
  const { options } = reading;
  const { gate, admin, cluster } = options;
  const network = gate !== undefined || admin !== undefined || cluster !== undefined;
  if (network) {
    const obstacle = await missingPermission(options);
    if (obstacle !== undefined) return await refuse(obstacle);
  }
  const warnings = network || Deno.args.length > 0 ? await misspeltVariables() : [];
  return await (flags.check !== undefined ? check(options, warnings) : run(options, warnings));
}

async function readFlags(): Promise<Flags> {
  if (Deno.args.length === 0) return NO_FLAGS;
  const { parseFlags } = await import("./lib/cli/flags.ts");
  const flags = parseFlags(Deno.args);
  if (flags.stray === undefined) return flags;
  const { suggestFlag } = await import("./lib/cli/suggestions.ts");
  return { ...flags, suggestion: suggestFlag(flags.stray) };
}

/**
 * Reads a variable where that is permitted already: poolgate needs no permission, so it asks for
 * none.
 */
function readEnv(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  if (state !== "granted") return undefined;
  try {
    return Deno.env.get(variable);
  } catch (error) {
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    return "\ufffd"; // what Deno makes of an argument that is no UTF-8
  }
}

/**
 * Warns of variables that were probably meant to be some of poolgate's. Where all variables may be
 * read, these are all that are set; where only poolgate's may, Deno does not list them, but can be
 * asked for the likeliest.
 */
async function misspeltVariables(): Promise<string[]> {
  const permitted = (descriptor: Deno.EnvPermissionDescriptor) =>
    Deno.permissions.querySync(descriptor).state === "granted";
  if (!permitted({ name: "env", variable: "POOLGATE_" })) return [];
  const { isStrange, likelySlips } = await import("./lib/cli/strange_variables.ts");
  const strange = permitted({ name: "env" })
    ? Object.keys(Deno.env.toObject()).filter(isStrange)
    : likelySlips().filter((name) => Deno.env.has(name));
  if (strange.length === 0) return [];
  return (await import("./lib/cli/suggestions.ts")).variableWarnings(strange);
}

/** Finds what Deno does not permit, and asks for nothing: that would be a question at a start. */
async function missingPermission({ gate, admin, cluster }: Options): Promise<string | undefined> {
  const { missingPermission } = await import("./lib/io/permissions.ts");
  return missingPermission("--listen", gate?.listen) ??
    gate?.upstreams.map((upstream) => missingPermission("--upstream", upstream))
      .find((missing) => missing !== undefined) ??
    missingPermission("--admin", admin?.listen) ??
    missingPermission("--cluster", cluster?.server.address);
}

async function help(): Promise<string> {
  return (await import("./lib/cli/help.ts")).HELP;
}

async function version(): Promise<string> {
  return (await import("./lib/cli/version.ts")).VERSION;
}

async function versionText(): Promise<string> {
  const { versionText } = await import("./lib/cli/version.ts");
  return versionText({ ...Deno.version, target: Deno.build.target });
}

async function printCompletions(shell: string): Promise<number> {
  const { readCompletions } = await import("./lib/cli/completions.ts");
  return await printNamed("--completions", shell, readCompletions(shell));
}

async function printFile(name: string): Promise<number> {
  const { readFileName } = await import("./lib/cli/files.ts");
  return await printNamed("--print", name, readFileName(name));
}

/** Prints the text that a flag names, or says what it may name. */
async function printNamed(flag: string, name: string, text: Reading<string>): Promise<number> {
  if ("value" in text) return await print(text.value);
  return await refuse(`${flag} is ${JSON.stringify(name)}, it must be ${text.allowed}`);
}

async function print(text: string): Promise<number> {
  const writer = new BufferedWriter(BLOCKING_STREAMS.stdout);
  writer.gathered.text(`${text}\n`);
  return await untilStreamsFail(new Log(BLOCKING_STREAMS.stderr, TEXT_LOG), () => writer.flush());
}

/** Ends a start that cannot be. */
async function refuse(complaint: string): Promise<number> {
  return await fail(new Log(BLOCKING_STREAMS.stderr, TEXT_LOG), complaint, USAGE);
}

/** What a start would have said of its settings. */
async function check({ logFormat, quiet }: Options, warnings: string[]): Promise<number> {
  const log = new Log(BLOCKING_STREAMS.stderr, { ...TEXT_LOG, format: logFormat, quiet });
  for (const warning of warnings) log.note("warn", warning);
  log.note("info", "flags and variables are in order");
  await log.flush();
  return OK;
}

async function fail(log: Log, text: string, exit: number): Promise<number> {
  log.note("error", text);
  await log.flush();
  return exit;
}

/** What all ways in share. */
interface Shared {
  pool: Pool;
  /**
   * The time that the pool is told, in milliseconds; it stands still where there are no
   * connections and nobody is shown times.
   */
  now: () => number;
  /** What says how long a client is to wait; `undefined` where nobody is shown times. */
  waits: WaitEstimator | undefined;
  node: Node;
  note: Note;
}

async function run(options: Options, warnings: string[]): Promise<number> {
  const { limits, nodeId, logFormat, quiet, gate, admin, cluster } = options;
  const alone = gate === undefined && admin === undefined;
  const undisturbed = alone && !PROCESS_1 && cluster === undefined;
  const { stdin, stdout, stderr } = undisturbed ? BLOCKING_STREAMS : ASYNC_STREAMS;
  const log = new Log(stderr, { ...TEXT_LOG, format: logFormat, quiet });
  const note: Note = (level, text, fields) => {
    log.note(level, text, fields);
    log.flush();
  };
  for (const warning of warnings) note("warn", warning);
  const failed = (error: unknown) =>
    note("error", `telling of a client met a fault of poolgate: ${error}`, { event: "fault" });
  const shared = cluster && await openSharedPool(cluster, options, note, failed);
  if (shared !== undefined && "refusal" in shared) {
    return await fail(log, `--cluster cannot be had: ${shared.refusal}`, USAGE);
  }
  const pool = shared ?? new MemoryPool(limits, failed);
  const now = alone ? () => 0 : () => performance.now();
  const node = new Node(pool, now, nodeId);
  const patience = cluster && (() => after(cluster.leaseMs));
  const stdio: Stdio = {
    ...{ input: stdin, output: stdout, node, log },
    ...patience === undefined ? {} : { patience },
  };
  // Without a pool of others, a signal ends a process at once that only reads stdin.
  const signals = PROCESS_1 || shared !== undefined;
  try {
    if (alone) return await serveAlone(stdio, signals);
    pool.observe({
      configured: (before, after) => noteLimits(before, after, note),
      paused: (paused) => notePause(paused, note),
    });
    const waits = admin && await estimateWaits(pool);
    return await serveNetwork(options, { pool, now, waits, node, note }, stdio, signals);
  } finally {
    // Others wait for the places that this process may still have.
    await shared?.close();
  }
}

/** Opens the pool that several gates share, which needs packages of others. */
async function openSharedPool(
  options: ClusterOptions,
  { limits, limitsGiven }: Options,
  note: Note,
  failed: (error: unknown) => void,
): Promise<SharedPool | { refusal: string }> {
  const [room, { systemClock: clock }] = await Promise.all([
    import("./lib/cluster/open_shared_pool.ts").catch((error: Error) => error),
    import("./lib/io/clock.ts"),
  ]);
  if (room instanceof Error) return { refusal: room.message.split("\n")[0] ?? "" };
  return await room.openSharedPool({
    ...{ options, clock, note, failed, name: processName() },
    limits: limitsGiven ? limits : undefined,
    defaults: DEFAULT_LIMITS,
  });
}

/** Begins to learn how long places are held. */
async function estimateWaits(pool: Pool): Promise<WaitEstimator> {
  const { WaitEstimator } = await import("./lib/pool/wait_estimator.ts");
  const waits = new WaitEstimator(pool, Math.random);
  pool.observe(waits);
  return waits;
}

/** What tells this process from others, as far as it may be known. */
function processName(): string {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "hostname" });
  return state === "granted" ? `${Deno.hostname()}:${Deno.pid}` : `pid-${Deno.pid}`;
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function noteLimits(before: Limits, after: Limits, note: Note): void {
  const change = limitsChange(before, after);
  if (change === undefined) return;
  const { maxConnections: max_connections, backlogSize: backlog_size } = after;
  note("info", `limits changed: ${change}`, { event: "limits", max_connections, backlog_size });
}

function notePause(paused: boolean, note: Note): void {
  if (paused) note("info", "paused by an operator: nobody is let in", { event: "paused" });
  else note("info", "resumed by an operator", { event: "resumed" });
}

/**
 * Waits until what is left to say has been taken, but not for long: there may be nobody who reads
 * it.
 */
async function lastWords(said: Promise<unknown>): Promise<void> {
  await Promise.race([said, after(LAST_WORDS_MS)]);
}

/** @param signals Whether a signal is the end of the input, too. */
async function serveAlone(stdio: Stdio, signals: boolean): Promise<number> {
  const status = await serveStdin(stdio, signals);
  const said = stdio.log.flush();
  // Blocking streams cannot be waited for with a limit, and a timer takes 5 ms to load.
  await (signals ? lastWords(said) : said);
  return status;
}

/**
 * Serves stdin until it ends.
 *
 * @param signals Whether a signal is the end of it, too.
 */
async function serveStdin(stdio: Stdio, signals: boolean): Promise<number> {
  if (Deno.stdin.isTerminal()) {
    const text = "reading requests from the terminal, one JSON message a line; see --help";
    stdio.log.note("info", text);
  }
  if (!signals) return await untilStreamsFail(stdio.log, () => serve(stdio));
  const { promise: signalled, resolve: signal } = Promise.withResolvers<void>();
  endOnSignals(signal);
  const input = await inputUntil(signalled, stdio);
  const served = untilStreamsFail(stdio.log, () => serve({ ...stdio, input }));
  return await Promise.race([served, signalled.then(() => lastWords(served)).then(() => OK)]);
}

/** The input, ended by something else, too. */
async function inputUntil(end: Promise<void>, { input }: Stdio): Promise<Stdio["input"]> {
  const [{ endedBy }, { systemClock }] = await Promise.all([
    import("./lib/io/ended_by.ts"),
    import("./lib/io/clock.ts"),
  ]);
  return endedBy(end, input, systemClock);
}

/** Serves connections, operators or both, and stdin beside them. */
async function serveNetwork(
  options: Options,
  shared: Shared,
  stdio: Stdio,
  signals: boolean,
): Promise<number> {
  const { AddressError } = await import("./lib/io/network.ts");
  noteOtherSignals(shared.note);
  try {
    const open = options.gate && await listenForClients(options.gate, shared);
    const admin = options.admin &&
      await listenForOperators(options.admin, open, shared);
    let closing: Promise<void> | undefined;
    const closeAdmin = () => closing ??= admin?.close();
    const begin = () => {
      open?.gate.drain();
      // From here on, operators are to meet the process that takes over.
      if (options.admin?.reusePort) closeAdmin();
    };
    const status = await (open === undefined
      ? serveStdin(stdio, signals)
      : serveGate(open.gate, stdio, shared.note, begin));
    await lastWords(Promise.all([closeAdmin(), stdio.log.flush()]));
    return status;
  } catch (error) {
    if (error instanceof AddressError) return await fail(stdio.log, error.message, USAGE);
    throw error;
  }
}

/** Listens for connections. */
async function listenForClients(options: GateOptions, shared: Shared): Promise<OpenGate> {
  const [
    { openGate },
    { loadProtocols },
    { asker, dialer, listen, prober },
    { systemClock: clock },
  ] = await Promise.all([
    import("./lib/gate/open_gate.ts"),
    import("./lib/gate/load_protocols.ts"),
    import("./lib/io/network.ts"),
    import("./lib/io/clock.ts"),
  ]);
  const reaches = options.upstreams.map((address) => ({
    address,
    dial: dialer(address),
    ask: asker(address),
    probe: prober(address),
  }));
  const protocols = await loadProtocols(options);
  const listener = await listen(options.listen, "--listen", options.reusePort);
  const { waits, now } = shared;
  const expectedWaitMs = waits && (() => waits.lately(now())?.p50);
  const figures = waits && new (await import("./lib/gate/upstream_figures.ts")).UpstreamFigures();
  const given = { ...shared, expectedWaitMs, figures, protocols, options };
  return openGate({ ...given, listener, reaches, clock });
}

/** Loads what serves operators, which needs packages of others: these may be out of reach. */
async function loadAdmin() {
  try {
    return await import("./lib/admin/open_admin.ts");
  } catch (error) {
    const { AddressError } = await import("./lib/io/network.ts");
    const [reason] = (error as Error).message.split("\n");
    throw new AddressError(`--admin cannot be served: ${reason}`);
  }
}

/** Listens for operators. */
async function listenForOperators(
  { listen: address, reusePort, token, hosts }: AdminOptions,
  open: OpenGate | undefined,
  { pool, now, waits, note }: Shared,
): Promise<OpenAdmin> {
  const [
    { openAdmin },
    { httpServer },
    { listen },
    { systemClock: clock },
    { cpuUsage },
  ] = await Promise.all([
    loadAdmin(),
    import("./lib/io/http_server.ts"),
    import("./lib/io/network.ts"),
    import("./lib/io/clock.ts"),
    import("node:process"),
  ]);
  const listener = await listen(address, "--admin", reusePort);
  const server = await openAdmin({
    serveHttp: httpServer({ listener, clock, note }),
    ...{ pool, clock, token, hosts, note },
    timeOfDay: () => Date.now(),
    version: await version(),
    listen: open?.gate.address,
    upstreams: open?.upstreams ?? [],
    draining: () => open?.gate.draining ?? false,
    drainLeftMs: () => open?.gate.drainLeftMs,
    cutShort: () => open?.gate.cutShort ?? 0,
    traffic: () => open?.gate.traffic ?? { received: 0, sent: 0 },
    upstreamTotals: () => open?.figures,
    usage: {
      startedAt: performance.timeOrigin,
      residentBytes: () => Deno.memoryUsage().rss,
      cpuSeconds: () => (({ user, system }) => (user + system) / 1e6)(cpuUsage()),
    },
    expectedWait: () => waits?.at(now()),
  });
  const shown = server.address;
  const url = address.transport === "unix" ? shown : `http://${shown}/`;
  note("info", `admin at ${url}`, { event: "admin", address: shown });
  return server;
}

/**
 * Serves connections until a signal has ended that; stdin and stdout meanwhile, for as long as they
 * last.
 */
async function serveGate(
  gate: Gate,
  stdio: Stdio,
  note: Note,
  begin: () => void,
): Promise<number> {
  // Before anyone is told that it listens: whoever is may end it at once.
  endOnSignals(begin);
  const done = gate.run();
  const served = serveBeside(done, stdio, note);
  await done;
  await lastWords(served);
  return OK;
}

/** Serves stdin and stdout until something else ends. */
async function serveBeside(end: Promise<void>, stdio: Stdio, note: Note): Promise<void> {
  // In the background of a terminal, reading from that would stop the whole program.
  if (Deno.stdin.isTerminal()) return;
  try {
    await serve({ ...stdio, input: await inputUntil(end, stdio), lasting: end });
  } catch (error) {
    if (!(error instanceof PeerGone)) note("error", (error as Error).message);
  }
}

/** The first signal to end begins to, the second one ends. */
function endOnSignals(begin: () => void): void {
  let ending = false;
  for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15], ["SIGHUP", 1]] as const) {
    if (signal !== "SIGINT" && Deno.build.os === "windows") continue; // there are none
    Deno.addSignalListener(signal, () => {
      if (ending) Deno.exit(128 + number);
      ending = true;
      begin();
    });
  }
}

/** Without a listener, these would end the program. */
function noteOtherSignals(note: Note): void {
  if (Deno.build.os === "windows") return; // there are none
  for (const signal of ["SIGUSR1", "SIGUSR2"] as const) {
    Deno.addSignalListener(signal, () => note("info", `${signal} does nothing here`));
  }
}

async function untilStreamsFail(log: Log, action: () => Promise<void>): Promise<number> {
  try {
    await action();
    return OK;
  } catch (error) {
    if (error instanceof PeerGone) return OK;
    if (!(error instanceof StreamError)) throw error;
    return await fail(log, error.message, FAILED);
  }
}

Deno.exit(await main());
