/**
 * The settings as they were given, by flag or by variable, and the first complaint about them.
 * Knows no setting in particular, and no `Deno`: who calls says what the environment holds.
 *
 * @module
 */

import { quote } from "../io/json_text.ts";
import type { Flags, ValueFlag } from "./flag_names.ts";

/** A setting as it was given, and where. */
export interface Given {
  /** The flag or the variable. */
  from: string;
  text: string;
  /** The text as it may be shown. */
  shown: string;
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
    if (stray !== undefined) {
      const hint = flags.suggestion === undefined ? "" : ` (did you mean ${flags.suggestion}?)`;
      this.complain(`${quote(withoutUser(stray))} is no flag of poolgate${hint}`);
    }
    if (flags.check) this.complain(`--check is ${quote(flags.check)}, it takes no value`);
    if (flags.repeated !== undefined) {
      const { flag, texts } = flags.repeated;
      const values = texts.map((text) => shownOf(flag, text)).join(" and ");
      this.complain(`--${flag} is ${values}, it may be given only once`);
    }
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
    const flag = this.#flags.values[name];
    if (flag !== undefined) return { from: `--${name}`, text: flag, shown: shownOf(name, flag) };
    const variable = variableOf(name);
    const text = this.#variable(variable);
    if (text === undefined) return undefined;
    return { from: variable, text, shown: shownOf(name, text) };
  }

  /**
   * The value of a setting; `otherwise` when it was not given, and, with a complaint, when it is
   * bad.
   */
  read<T>(name: ValueFlag, reader: (text: string) => Reading<T>, otherwise: T): T {
    const given = this.given(name);
    if (given === undefined) return otherwise;
    const reading = reader(given.text);
    if ("value" in reading) return reading.value;
    this.complain(`${named(given)}, it must be ${reading.allowed}`);
    return otherwise;
  }

  /** Complains of those settings of `by` that were given, where `needed` was not. */
  demand(needed: ValueFlag, by: readonly ValueFlag[]): void {
    if (this.given(needed) !== undefined) return;
    for (const name of by) this.refuse(name, `it needs --${needed}`);
  }

  /** Complains of a setting, where it was given. */
  refuse(name: ValueFlag, why: string): void {
    const given = this.given(name);
    if (given !== undefined) this.complain(`${named(given)}, ${why}`);
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

/** @returns The variable of a setting. */
export function variableOf(name: ValueFlag): string {
  return `POOLGATE_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** What stands in the place of a secret: that is not to stand in a log. */
const SECRET = "***";

/** @returns The setting and its value, as a complaint names them. */
function named({ from, shown }: Given): string {
  return `${from} is ${shown}`;
}

/** @returns A value as a complaint shows it. */
function shownOf(name: ValueFlag, text: string): string {
  if (name === "admin-token") return SECRET;
  return quote(name === "cluster" ? withoutUser(text) : text);
}

/**
 * @returns A URL without its user and password, and without what may hold them in one that is
 *   misspelt: all before the last `@`, and the query.
 */
function withoutUser(text: string): string {
  const [, scheme = ""] = /^([\w+.-]*:\/\/)/.exec(text) ?? [];
  return text
    .replace(/^.*@/s, `${scheme}${SECRET}@`)
    .replace(/\?(?!db=\d+$).*$/s, `?${SECRET}`);
}

/** @returns A reader of one of some words. */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => Reading<T> {
  const allowed = inWords(words, "or");
  return (text) => {
    const value = words.find((word) => word === text);
    return value === undefined ? { allowed } : { value };
  };
}

/** @returns Two words or more as in a sentence. */
export function inWords(words: readonly string[], last: "or" | "and"): string {
  return `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
}

/** Reads a flag that needs no value. */
export function readSwitch(text: string): Reading<boolean> {
  if (text === "" || text === "true" || text === "1") return { value: true };
  if (text === "false" || text === "0") return { value: false };
  return { allowed: "true, false, 1 or 0" };
}
