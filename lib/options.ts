/**
 * The settings: flags and environment in, options or one line of complaint out. What a flag means, its
 * default and its range stand here. Reads no `Deno`: who calls says what the environment holds.
 *
 * @module
 */

import type { Flags, ValueFlag } from "./flags.ts";
import { quote } from "./json_text.ts";
import { isLimit, LIMIT_RANGE, type Limits, MAX_LIMIT } from "./pool.ts";

/** The version of the program, as in `deno.json`. */
export const VERSION = "0.1.0";

/** What the program runs with. */
export interface Options {
  /** The limits until the first `pool_config`. */
  limits: Limits;
  /** The node's name until an `init`; `undefined` answers under the name addressed. */
  nodeId: string | undefined;
  logFormat: LogFormat;
  /** Whether stderr is kept for errors only. */
  quiet: boolean;
}

export type LogFormat = "text" | "json";

/** The flags of an empty command line. */
export const NO_FLAGS: Flags = { help: false, version: false, values: {}, stray: undefined };

/** What the command line asks for. */
export type Command =
  | { type: "run"; options: Options }
  | { type: "print"; text: string }
  | { type: "refuse"; complaint: string };

const DEFAULT_LIMITS: Limits = { maxConnections: 100, backlogSize: 100 };

export const HELP = `poolgate: lets N clients in at once, keeps the next B waiting in order of
arrival, and turns the rest away, saying so.

Usage: poolgate [FLAG]...

Reads requests from stdin, one JSON message a line, and answers them on stdout
in the same order, until stdin ends. Notes for the operator go to stderr.

Flags:
  --max-connections N  how many clients are let in at once, from 0 (nobody) to
                       ${MAX_LIMIT}, until a pool_config. Default ${DEFAULT_LIMITS.maxConnections}.
  --backlog-size B     how many more may wait for a place, in the same range,
                       until a pool_config. Default ${DEFAULT_LIMITS.backlogSize}.
  --node-id NAME       the name that replies come from until an init.
                       Default: the name that each request is addressed to.
  --log-format FORMAT  how notes are written: text or json. Default text.
  --quiet              write no notes, only errors. Default false.
  --help, -h           print this text.
  --version            print the version.

The first five are environment variables too: POOLGATE_MAX_CONNECTIONS for
--max-connections, and so on; POOLGATE_QUIET is true, false, 1 or 0. An empty
variable counts as none, and a flag wins over its variable. From source, they
are read with: deno run --allow-env='POOLGATE_*' main.ts

Example, one place and nobody may wait:
  $ printf '%s\\n' \\
      '{"src":"c1","dest":"n1","body":{"type":"pool_connect","msg_id":1,"client_id":"ann"}}' \\
      '{"src":"c1","dest":"n1","body":{"type":"pool_connect","msg_id":2,"client_id":"bob"}}' |
    poolgate --max-connections 1 --backlog-size 0
  {"src": "n1", "dest": "c1", "body": {"type": "pool_connect_ok", "in_reply_to": 1, "status": "connected", "active": 1, "queued": 0, "msg_id": 0}}
  {"src": "n1", "dest": "c1", "body": {"type": "pool_connect_ok", "in_reply_to": 2, "status": "rejected", "active": 1, "queued": 0, "msg_id": 1}}

Exit status: 0 at the end of input, or when the reader of stdout went away;
1 when stdin or stdout failed; 2 when the command line is wrong.`;

/** A setting as it was given, and where. */
interface Given {
  /** The flag or the variable. */
  from: string;
  text: string;
}

/** A value, or what should have been given instead. */
type Reading<T> = { value: T } | { allowed: string };

/**
 * Reads the settings.
 *
 * @param flags What the arguments say.
 * @param env Gives the value of an environment variable, `undefined` when it is unset or not to be read.
 * @returns What to do.
 */
export function readCommand(flags: Flags, env: (name: string) => string | undefined): Command {
  if (flags.help) return { type: "print", text: HELP };
  if (flags.version) return { type: "print", text: VERSION };
  if (flags.stray !== undefined) return refuse(`${quote(flags.stray)} is no flag of poolgate`);
  return readOptions((name) => {
    const flag = flags.values[name];
    if (flag !== undefined) return { from: `--${name}`, text: flag };
    const variable = `POOLGATE_${name.toUpperCase().replaceAll("-", "_")}`;
    const text = env(variable);
    return text === undefined || text === "" ? undefined : { from: variable, text };
  });
}

function readOptions(given: (name: ValueFlag) => Given | undefined): Command {
  let complaint: string | undefined;
  const read = <T>(name: ValueFlag, reader: (text: string) => Reading<T>, otherwise: T): T => {
    const setting = given(name);
    if (setting === undefined) return otherwise;
    const reading = reader(setting.text);
    if ("value" in reading) return reading.value;
    complaint ??= `${setting.from} is ${quote(setting.text)}, it must be ${reading.allowed}`;
    return otherwise;
  };
  const options: Options = {
    limits: {
      maxConnections: read("max-connections", readLimit, DEFAULT_LIMITS.maxConnections),
      backlogSize: read("backlog-size", readLimit, DEFAULT_LIMITS.backlogSize),
    },
    nodeId: read<string | undefined>("node-id", readName, undefined),
    logFormat: read<LogFormat>("log-format", readLogFormat, "text"),
    quiet: read("quiet", readSwitch, false),
  };
  return complaint === undefined ? { type: "run", options } : refuse(complaint);
}

function refuse(what: string): Command {
  return { type: "refuse", complaint: `${what}; poolgate --help lists the flags` };
}

function readLimit(text: string): Reading<number> {
  const value = Number(text);
  return /^\d+$/.test(text) && isLimit(value) ? { value } : { allowed: LIMIT_RANGE };
}

function readName(text: string): Reading<string> {
  return text === "" ? { allowed: "a name that is not empty" } : { value: text };
}

function readLogFormat(text: string): Reading<LogFormat> {
  return text === "text" || text === "json" ? { value: text } : { allowed: "text or json" };
}

function readSwitch(text: string): Reading<boolean> {
  if (text === "" || text === "true" || text === "1") return { value: true };
  if (text === "false" || text === "0") return { value: false };
  return { allowed: "true, false, 1 or 0" };
}
