/**
 * poolgate: puts the parts together. The only place that touches `Deno.args`, `Deno.env`, `Deno.exit` and the
 * standard streams.
 *
 * @module
 */

import type { Flags } from "./lib/flags.ts";
import { Log } from "./lib/log.ts";
import { Node } from "./lib/node.ts";
import { NO_FLAGS, type Options, readCommand } from "./lib/options.ts";
import { Outlet } from "./lib/outlet.ts";
import { ConnectionPool } from "./lib/pool.ts";
import { serve } from "./lib/stdio.ts";

const OK = 0;
const FAILED = 1;
const USAGE = 2;

const TEXT_LOG = { format: "text", quiet: false, clock: () => new Date() } as const;

async function main(): Promise<number> {
  const command = readCommand(await readFlags(), readEnv);
  switch (command.type) {
    case "print":
      return await untilStreamsFail(new Log(stderr, TEXT_LOG), () => print(command.text));
    case "refuse":
      return await fail(new Log(stderr, TEXT_LOG), command.complaint, USAGE);
    case "run":
      return await run(command.options);
  }
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

async function print(text: string): Promise<void> {
  const outlet = new Outlet(stdout);
  outlet.gathered.text(`${text}\n`);
  await outlet.flush();
}

async function fail(log: Log, text: string, exit: number): Promise<number> {
  log.note("error", text);
  await log.flush();
  return exit;
}

async function run({ limits, nodeId, logFormat, quiet }: Options): Promise<number> {
  const log = new Log(stderr, { ...TEXT_LOG, format: logFormat, quiet });
  if (Deno.stdin.isTerminal()) {
    log.note("info", "reading requests from the terminal, one JSON message a line; see --help");
  }
  const node = new Node(new ConnectionPool(limits), nodeId);
  return await untilStreamsFail(log, () => serve({ input: stdin, output: stdout, node, log }));
}

async function untilStreamsFail(log: Log, action: () => Promise<void>): Promise<number> {
  try {
    await action();
    return OK;
  } catch (error) {
    if (error instanceof ReaderGone) return OK;
    if (!(error instanceof StreamError)) throw error;
    return await fail(log, error.message, FAILED);
  }
}

class StreamError extends Error {}
class ReaderGone extends Error {}

// The standard streams, waited for in the call itself: Deno's promises for them go by way of another thread,
// and a lone request would take three times as long. It holds up all else, so it is right only as long as
// nothing else runs beside it.

const stdin = {
  read(buffer: Uint8Array): number | null {
    try {
      return Deno.stdin.readSync(buffer);
    } catch (error) {
      throw new StreamError(`reading stdin failed: ${(error as Error).message}`);
    }
  },
};

const stdout = {
  write(bytes: Uint8Array): number {
    try {
      return Deno.stdout.writeSync(bytes);
    } catch (error) {
      const { BrokenPipe, ConnectionReset } = Deno.errors;
      if (error instanceof BrokenPipe || error instanceof ConnectionReset) throw new ReaderGone();
      throw new StreamError(`writing stdout failed: ${(error as Error).message}`);
    }
  },
};

const stderr = { write: (bytes: Uint8Array) => Deno.stderr.writeSync(bytes) };

Deno.exit(await main());
