/**
 * Variables that begin as those of poolgate do, and are none of them. What they were meant to be is
 * for the suggestions to say.
 *
 * @module
 */

import { VALUE_FLAGS } from "./flag_names.ts";
import { variableOf } from "./settings.ts";

/** What all variables of poolgate begin with. */
export const PREFIX = "POOLGATE_";

const VARIABLES: ReadonlySet<string> = new Set(VALUE_FLAGS.map(variableOf));

/** @returns Whether a variable begins as those of poolgate do, and is none. */
export function isStrange(variable: string): boolean {
  return variable.startsWith(PREFIX) && !VARIABLES.has(variable);
}

/**
 * Names that are easily written for those of variables: with a letter too few, one twice, two
 * swapped, or an S too many. For an environment that may be asked for a name, but not for all
 * names.
 */
export function likelySlips(): string[] {
  const all = [...VARIABLES].flatMap((variable) => {
    const slips = [`${variable}S`];
    for (let at = PREFIX.length; at < variable.length; at++) {
      const [before, letter, after] = [variable.slice(0, at), variable[at], variable.slice(at + 1)];
      slips.push(before + after, before + letter + letter + after);
      slips.push(before + after.slice(0, 1) + letter + after.slice(1));
    }
    return slips;
  });
  return [...new Set(all).difference(VARIABLES)];
}
