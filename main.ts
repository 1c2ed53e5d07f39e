/**
 * poolgate: wires the parts together. The only place that touches `Deno.args`, `Deno.env`, `Deno.exit` and
 * the standard streams.
 *
 * @module
 */

import type { Flags } from "./lib/flags.ts";
import { Log } from "./lib/log.ts";
import { Node } from "./lib/node.ts";
import { type Options, readCommand } from "./lib/options.ts";
import { ConnectionPool } from "./lib/pool.ts";
import { serve } from "./lib/stdio.ts";

const OK = 0;
const FAILED = 1;
const USAGE = 2;

async function main(): Promise<number> {
  const command = readCommand(await readFlags(), readEnv);
  switch (command.type) {
    case "print":
      console.log(command.text);
      return OK;
    case "refuse":
      console.error(`poolgate: ${command.complaint}`);
      return USAGE;
    case "run":
      return await run(command.options);
  }
}

async function readFlags(): Promise<Flags> {
  if (Deno.args.length === 0) return { help: false, version: false, values: {}, stray: undefined };
  const { parseFlags } = await import("./lib/flags.ts");
  return parseFlags(Deno.args);
}

/** Reads a variable where that is permitted already: poolgate needs no permission, so it asks for none. */
function readEnv(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

async function run({ limits, nodeId, logFormat, quiet }: Options): Promise<number> {
  const log = new Log(stderr, { format: logFormat, quiet, clock: () => new Date() });
  if (Deno.stdin.isTerminal()) {
    log.note("info", "reading requests from the terminal, one JSON message a line; see --help");
  }
  const node = new Node(new ConnectionPool(limits), nodeId);
  try {
    await serve({ input: stdin, output: stdout, node, log });
    return OK;
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    if (error.cause instanceof Deno.errors.BrokenPipe) return OK;
    log.note("error", error.message);
    await log.flush();
    return FAILED;
  }
}

// The standard streams, waited for in the call itself. While it only answers stdin, poolgate has nothing
// else to do, and Deno's promises for these streams go by way of another thread: a lone request would take
// three times as long.
const stdin = {
  read: (buffer: Uint8Array) => attempt("reading stdin", () => Deno.stdin.readSync(buffer)),
};
const stdout = {
  write: (bytes: Uint8Array) => attempt("writing stdout", () => Deno.stdout.writeSync(bytes)),
};
const stderr = {
  write: (bytes: Uint8Array) => attempt("writing stderr", () => Deno.stderr.writeSync(bytes)),
};

class StreamError extends Error {}

function attempt<T>(action: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw new StreamError(`${action} failed: ${(error as Error).message}`, { cause: error });
  }
}

Deno.exit(await main());
