/**
 * What was probably meant by a flag or a variable that is none of poolgate's. Loaded only where
 * there is such a one.
 *
 * @module
 */

import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { FLAG_NAMES, type FlagName, VALUE_FLAGS } from "./flag_names.ts";
import { variableOf } from "./settings.ts";
import { isStrange, PREFIX } from "./strange_variables.ts";

/** What other programs call the same, without their dashes. */
const OTHER_NAMES = new Map<string, FlagName>([
  ["h", "help"],
  ["v", "version"],
  ["bind", "listen"],
  ["port", "listen"],
  ["forward", "upstream"],
  ["target", "upstream"],
  ["backend", "upstream"],
  ["server", "upstream"],
  ["queue", "backlog-size"],
  ["maxqueue", "backlog-size"],
  ["maxclients", "max-connections"],
  ["connections", "max-connections"],
  ["metrics", "admin"],
  ["token", "admin-token"],
  ["silent", "quiet"],
]);

/** What Kubernetes calls the variables that it sets for a service called poolgate. */
const OF_CLUSTER = /^POOLGATE_(SERVICE_(HOST|PORT)|PORT)(_|$)/;

/** Shorter ones are like too many others. */
const MIN_LETTERS = 3;

/** One letter in so many may be wrong. */
const LETTERS_A_SLIP = 3;

/**
 * Finds the flag that an argument was probably meant to be.
 *
 * @param argument As it was given: dashes, a value behind a `=` and all.
 * @returns The flag with its dashes; `undefined` where none is like it.
 */
export function suggestFlag(argument: string): string | undefined {
  const key = keyOf(argument.replace(/=.*$/s, ""));
  const name = OTHER_NAMES.get(key) ?? nameLike(key, FLAG_NAMES);
  return name === undefined ? undefined : `--${name}`;
}

/**
 * Finds the variable that another one was probably meant to be. Those that Kubernetes sets are left
 * alone.
 *
 * @param variable Its name.
 * @returns The name of the other; `undefined` where none is like it, or it is one of poolgate's.
 */
export function suggestVariable(variable: string): string | undefined {
  const name = isStrange(variable) && !OF_CLUSTER.test(variable)
    ? closest(keyOf(variable.slice(PREFIX.length)), VALUE_FLAGS)
    : undefined;
  return name === undefined ? undefined : variableOf(name);
}

/** @returns A warning for each variable that was probably meant to be one of poolgate's. */
export function variableWarnings(variables: readonly string[]): string[] {
  return variables.flatMap((variable) => {
    const meant = suggestVariable(variable);
    return meant === undefined
      ? []
      : [`${variable} is no variable of poolgate: did you mean ${meant}?`];
  });
}

/** The letters and digits of a name: how they are separated is no matter. */
function keyOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z\d]/g, "");
}

/** The name that begins so, where that is one alone, or the one that is the most like it. */
function nameLike<T extends string>(key: string, names: readonly T[]): T | undefined {
  if (key.length < MIN_LETTERS) return undefined;
  const beginning = names.filter((name) => keyOf(name).startsWith(key));
  return beginning.length === 1 ? beginning[0] : closest(key, names);
}

function closest<T extends string>(key: string, names: readonly T[]): T | undefined {
  if (key.length < MIN_LETTERS) return undefined;
  const keys = names.map(keyOf);
  const found = closestString(key, keys);
  const slips = Math.ceil(key.length / LETTERS_A_SLIP);
  return levenshteinDistance(key, found) > slips ? undefined : names[keys.indexOf(found)];
}
