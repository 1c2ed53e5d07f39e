/**
 * The settings: flags and environment in, options or one line of complaint out. What a flag means, its
 * default and its range stand here, and for those of the gate in `gate_options.ts`, which is loaded only where one
 * of them is set. Reads no `Deno`: who calls says what the environment holds.
 *
 * @module
 */

import type { AdminOptions } from "./admin_options.ts";
import type { Flags, ValueFlag } from "./flags.ts";
import type { GateOptions } from "./gate_options.ts";
import { quote } from "./json_text.ts";
import { isLimit, LIMIT_RANGE, type Limits } from "./pool.ts";

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
  /** What to listen for connections with; `undefined` where stdin is the only way in. */
  gate: GateOptions | undefined;
  /** What to serve operators with; `undefined` where that is not wanted. */
  admin: AdminOptions | undefined;
}

export type LogFormat = "text" | "json";

/** The flags of an empty command line. */
export const NO_FLAGS: Flags = { help: false, version: false, values: {}, stray: undefined };

/** The limits where none are given. */
export const DEFAULT_LIMITS: Limits = { maxConnections: 100, backlogSize: 100 };

/** The flags whose settings are those of the gate. */
export const GATE_FLAGS = [
  "listen",
  "upstream",
  "queue-timeout",
  "connect-timeout",
  "idle-timeout",
  "drain-timeout",
  "reject-as",
  "max-per-source",
  "proxy-protocol",
  "log-connections",
] as const;

/** The flags whose settings are for operators. */
export const ADMIN_FLAGS = [
  "admin",
  "admin-token",
] as const;

/** A setting as it was given, and where. */
export interface Given {
  /** The flag or the variable. */
  from: string;
  text: string;
  secret: boolean;
}

/** A value, or what should have been given instead. */
export type Reading<T> = { value: T } | { allowed: string };

type Env = (name: string) => string | undefined;

/** The settings as they were given, and the first complaint about them. */
export class Settings {
  #flags: Flags;
  #env: Env;
  #complaint: string | undefined;

  constructor(flags: Flags, env: Env) {
    this.#flags = flags;
    this.#env = env;
    // What stands behind the `=` of a flag misspelt may be a secret.
    const stray = flags.stray?.replace(/^(-[^=]*)=.*$/s, "$1");
    if (stray !== undefined) this.complain(`${quote(stray)} is no flag of poolgate`);
  }

  /** What was found wrong first. */
  get complaint(): string | undefined {
    return this.#complaint;
  }

  /** Whether any of some settings was given. */
  anyOf(names: readonly ValueFlag[]): boolean {
    return names.some((name) => this.given(name) !== undefined);
  }

  /** A setting as it was given: the flag wins over its variable, and an empty variable is none. */
  given(name: ValueFlag): Given | undefined {
    const secret = name === "admin-token";
    const flag = this.#flags.values[name];
    if (flag !== undefined) return { from: `--${name}`, text: flag, secret };
    const variable = `POOLGATE_${name.toUpperCase().replaceAll("-", "_")}`;
    const text = this.#variable(variable);
    return text === undefined ? undefined : { from: variable, text, secret };
  }

  /** The value of a setting; `otherwise` when it was not given, and, with a complaint, when it is bad. */
  read<T>(name: ValueFlag, reader: (text: string) => Reading<T>, otherwise: T): T {
    const given = this.given(name);
    if (given === undefined) return otherwise;
    const reading = reader(given.text);
    if ("value" in reading) return reading.value;
    this.complain(`${shown(given)}, it must be ${reading.allowed}`);
    return otherwise;
  }

  /** Complains of those settings of `by` that were given, where `needed` was not. */
  demand(needed: ValueFlag, by: readonly ValueFlag[]): void {
    if (this.given(needed) !== undefined) return;
    for (const name of by) {
      const given = this.given(name);
      if (given !== undefined) this.complain(`${shown(given)}, it needs --${needed}`);
    }
  }

  /** Complains of a variable that is not poolgate's own, where it is set. */
  forbid(variable: string, why: string): void {
    const text = this.#variable(variable);
    if (text !== undefined) this.complain(`${variable} is ${quote(text)}, ${why}`);
  }

  /** A variable as it is set; an empty one is none. */
  #variable(name: string): string | undefined {
    return this.#env(name) || undefined;
  }

  /** Takes a complaint. Only the first counts. */
  complain(text: string): void {
    this.#complaint ??= text;
  }
}

/** @returns The setting and its value, as a complaint names them: what is secret is not to stand in a log. */
function shown({ from, text, secret }: Given): string {
  return `${from} is ${secret ? "***" : quote(text)}`;
}

/**
 * Reads the settings.
 *
 * @param settings What was given.
 * @param readGate Reads those of the gate. Needed only where any of {@linkcode GATE_FLAGS} was given.
 * @param readAdmin Reads those for operators. Needed only where any of {@linkcode ADMIN_FLAGS} was given.
 * @returns What to do.
 */
export function readOptions(
  settings: Settings,
  readGate: (settings: Settings) => GateOptions | undefined = () => undefined,
  readAdmin: (settings: Settings) => AdminOptions | undefined = () => undefined,
): { options: Options } | { complaint: string } {
  const options: Options = {
    limits: {
      maxConnections: settings.read("max-connections", readLimit, DEFAULT_LIMITS.maxConnections),
      backlogSize: settings.read("backlog-size", readLimit, DEFAULT_LIMITS.backlogSize),
    },
    nodeId: settings.read<string | undefined>("node-id", readName, undefined),
    logFormat: settings.read<LogFormat>("log-format", oneOf(["text", "json"]), "text"),
    quiet: settings.read("quiet", readSwitch, false),
    gate: readGate(settings),
    admin: readAdmin(settings),
  };
  const { complaint } = settings;
  if (complaint === undefined) return { options };
  return { complaint: `${complaint}; poolgate --help lists the flags` };
}

function readLimit(text: string): Reading<number> {
  const value = Number(text);
  return /^\d+$/.test(text) && isLimit(value) ? { value } : { allowed: LIMIT_RANGE };
}

function readName(text: string): Reading<string> {
  return text === "" ? { allowed: "a name that is not empty" } : { value: text };
}

/** @returns A reader of one of some words. */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => Reading<T> {
  const allowed = `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return (text) => {
    const value = words.find((word) => word === text);
    return value === undefined ? { allowed } : { value };
  };
}

/** Reads a flag that needs no value. */
export function readSwitch(text: string): Reading<boolean> {
  if (text === "" || text === "true" || text === "1") return { value: true };
  if (text === "false" || text === "0") return { value: false };
  return { allowed: "true, false, 1 or 0" };
}
