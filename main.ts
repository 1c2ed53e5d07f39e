/**
 * poolgate: puts the parts together. The only place that touches `Deno.args`, `Deno.env`, `Deno.exit` and the
 * standard streams.
 *
 * @module
 */

import type { OpenAdmin } from "./lib/admin/open_admin.ts";
import type { AdminOptions } from "./lib/admin_options.ts";
import type { Flags } from "./lib/flags.ts";
import type { Gate } from "./lib/gate.ts";
import type { GateOptions } from "./lib/gate_options.ts";
import { Log, type Note } from "./lib/log.ts";
import { Node } from "./lib/node.ts";
import {
  ADMIN_FLAGS,
  GATE_FLAGS,
  NO_FLAGS,
  type Options,
  readOptions,
  Settings,
  VERSION,
} from "./lib/options.ts";
import { Outlet } from "./lib/outlet.ts";
import { ConnectionPool } from "./lib/pool.ts";
import { Roster } from "./lib/roster.ts";
import { endedBy, serve, type Stdio } from "./lib/stdio.ts";

const OK = 0;
const FAILED = 1;
const USAGE = 2;

/** How long the last notes and answers may take to be read, in milliseconds. */
const LAST_WORDS_MS = 1000;

/** Whether this is process 1, as in a container: a signal ends that only where it is listened for. */
const PROCESS_1 = Deno.pid === 1;

const TEXT_LOG = { format: "text", quiet: false, clock: () => new Date() } as const;

async function main(): Promise<number> {
  const flags = await readFlags();
  if (flags.help || flags.version) return await print(flags.help ? await help() : VERSION);
  const settings = new Settings(flags, readEnv);
  const readGate = settings.anyOf(GATE_FLAGS)
    ? (await import("./lib/gate_options.ts")).readGateOptions
    : undefined;
  const readAdmin = settings.anyOf(ADMIN_FLAGS)
    ? (await import("./lib/admin_options.ts")).readAdminOptions
    : undefined;
  const reading = readOptions(settings, readGate, readAdmin);
  if ("complaint" in reading) {
    return await fail(new Log(stderr, TEXT_LOG), reading.complaint, USAGE);
  }
  return await run(reading.options);
}

async function readFlags(): Promise<Flags> {
  if (Deno.args.length === 0) return NO_FLAGS;
  const { parseFlags } = await import("./lib/flags.ts");
  return parseFlags(Deno.args);
}

/** Reads a variable where that is permitted already: poolgate needs no permission, so it asks for none. */
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

async function help(): Promise<string> {
  return (await import("./lib/help.ts")).HELP;
}

async function print(text: string): Promise<number> {
  const outlet = new Outlet(stdout);
  outlet.gathered.text(`${text}\n`);
  return await untilStreamsFail(new Log(stderr, TEXT_LOG), () => outlet.flush());
}

async function fail(log: Log, text: string, exit: number): Promise<number> {
  log.note("error", text);
  await log.flush();
  return exit;
}

async function run(options: Options): Promise<number> {
  const { limits, nodeId, logFormat, quiet, gate, admin } = options;
  const alone = gate === undefined && admin === undefined;
  const streams = alone && !PROCESS_1 ? BLOCKING : PATIENT;
  const log = new Log(streams.stderr, { ...TEXT_LOG, format: logFormat, quiet });
  const roster = new Roster(new ConnectionPool(limits));
  const node = new Node(roster, nodeId);
  const stdio = { input: streams.stdin, output: streams.stdout, node, log };
  if (!alone) return await serveNetwork(options, roster, stdio);
  const status = await serveStdin(stdio);
  await lastWords(log.flush());
  return status;
}

/** Waits until what is left to say has been taken, but not for long: there may be nobody who reads it. */
async function lastWords(said: Promise<unknown>): Promise<void> {
  await Promise.race([said, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))]);
}

/** Serves stdin until it ends; as process 1, a signal is the end of it, too. */
async function serveStdin(stdio: Stdio): Promise<number> {
  if (Deno.stdin.isTerminal()) {
    const text = "reading requests from the terminal, one JSON message a line; see --help";
    stdio.log.note("info", text);
  }
  if (!PROCESS_1) return await untilStreamsFail(stdio.log, () => serve(stdio));
  const { promise: signalled, resolve: signal } = Promise.withResolvers<void>();
  endOnSignals(signal);
  const input = endedBy(signalled, stdio.input);
  const served = untilStreamsFail(stdio.log, () => serve({ ...stdio, input }));
  return await Promise.race([served, signalled.then(() => lastWords(served)).then(() => OK)]);
}

/** Serves connections, operators or both, and stdin beside them. */
async function serveNetwork(
  options: Options,
  roster: Roster,
  stdio: Stdio,
): Promise<number> {
  const { node, log } = stdio;
  const note: Note = (level, text) => {
    log.note(level, text);
    log.flush();
  };
  const { AddressError } = await import("./lib/network.ts");
  try {
    const gate = options.gate && await listenForClients(options.gate, roster, node, note);
    const admin = options.admin &&
      await listenForOperators(options.admin, options.gate, gate, roster, note);
    const status = await (gate === undefined ? serveStdin(stdio) : serveGate(gate, stdio, note));
    await lastWords(Promise.all([admin?.close(), log.flush()]));
    return status;
  } catch (error) {
    if (error instanceof AddressError) return await fail(log, error.message, USAGE);
    throw error;
  }
}

/** Listens for connections. */
async function listenForClients(
  options: GateOptions,
  roster: Roster,
  node: Node,
  note: Note,
): Promise<Gate> {
  const [{ openGate }, { dialer, listen }, { systemClock: clock }] = await Promise.all([
    import("./lib/open_gate.ts"),
    import("./lib/network.ts"),
    import("./lib/clock.ts"),
  ]);
  const dial = options.upstream && dialer(options.upstream);
  const listener = await listen(options.listen);
  return openGate({ listener, dial, clock, roster, node, note, options });
}

/** Listens for operators. */
async function listenForOperators(
  { listen, token }: AdminOptions,
  gateOptions: GateOptions | undefined,
  gate: Gate | undefined,
  roster: Roster,
  note: Note,
): Promise<OpenAdmin> {
  const [{ openAdmin }, { httpServer }, { systemClock: clock }, { showAddress }] = await Promise
    .all([
      import("./lib/admin/open_admin.ts"),
      import("./lib/http_server.ts"),
      import("./lib/clock.ts"),
      import("./lib/address.ts"),
    ]);
  const upstream = gateOptions?.upstream;
  const server = await openAdmin({
    serveHttp: httpServer(listen),
    ...{ roster, clock, token, note },
    timeOfDay: () => Date.now(),
    version: VERSION,
    listen: gate?.address,
    upstream: upstream && showAddress(upstream),
    draining: () => gate?.draining ?? false,
    traffic: () => gate?.traffic ?? { received: 0, sent: 0 },
  });
  const { address } = server;
  note("info", `admin at ${listen.transport === "unix" ? address : `http://${address}/`}`);
  return server;
}

/** Serves connections until a signal has ended that; stdin and stdout meanwhile, for as long as they last. */
async function serveGate(gate: Gate, stdio: Stdio, note: Note): Promise<number> {
  // Before anyone is told that it listens: whoever is may end it at once.
  endOnSignals(() => gate.drain());
  const done = gate.run();
  // In the background of a terminal, reading from that would stop the whole program.
  if (!Deno.stdin.isTerminal()) {
    serve(stdio).catch((error) => {
      if (!(error instanceof PeerGone)) note("error", (error as Error).message);
    });
  }
  await done;
  return OK;
}

/** The first signal to end begins to, the second one ends. */
function endOnSignals(begin: () => void): void {
  let ending = false;
  for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15]] as const) {
    if (signal === "SIGTERM" && Deno.build.os === "windows") continue; // there is none
    Deno.addSignalListener(signal, () => {
      if (ending) Deno.exit(128 + number);
      ending = true;
      begin();
    });
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

class StreamError extends Error {}
class PeerGone extends Error {}

/**
 * What a failing stream makes of the program. A pipe that nobody reads, or a socket that was reset, or that TCP has
 * given up, says only that the peer has gone: that is the end of a conversation, no fault.
 */
function streamError(action: string, error: unknown): StreamError | PeerGone {
  const { BrokenPipe, ConnectionReset, TimedOut } = Deno.errors;
  const gone = [BrokenPipe, ConnectionReset, TimedOut].some((kind) => error instanceof kind);
  return gone ? new PeerGone() : new StreamError(`${action} failed: ${(error as Error).message}`);
}

// The standard streams, waited for in the call itself: Deno's promises for them go by way of another thread,
// and a lone request would take three times as long. It holds up all else, so it is right only where nothing
// else runs beside it.

const stdin = {
  read(buffer: Uint8Array): number | null {
    try {
      return Deno.stdin.readSync(buffer);
    } catch (error) {
      throw streamError("reading stdin", error);
    }
  },
};

const stdout = {
  write(bytes: Uint8Array): number {
    try {
      return Deno.stdout.writeSync(bytes);
    } catch (error) {
      throw streamError("writing stdout", error);
    }
  },
};

const stderr = { write: (bytes: Uint8Array) => Deno.stderr.writeSync(bytes) };

// The same, for a program that serves connections meanwhile, or listens for signals.

const patientStdin = {
  async read(buffer: Uint8Array): Promise<number | null> {
    try {
      return await Deno.stdin.read(buffer);
    } catch (error) {
      throw streamError("reading stdin", error);
    }
  },
};

const patientStdout = {
  async write(bytes: Uint8Array): Promise<number> {
    try {
      return await Deno.stdout.write(bytes);
    } catch (error) {
      throw streamError("writing stdout", error);
    }
  },
};

const patientStderr = { write: (bytes: Uint8Array) => Deno.stderr.write(bytes) };

const BLOCKING = { stdin, stdout, stderr };
const PATIENT = { stdin: patientStdin, stdout: patientStdout, stderr: patientStderr };

Deno.exit(await main());
