/**
 * The arguments: what was given for each flag. Apart from the names because the parser is loaded
 * only when there are arguments to parse.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Flags, VALUE_FLAGS } from "./flag_names.ts";

/** @param argv The arguments, without the program. */
export function parseFlags(argv: string[]): Flags {
  let stray: string | undefined;
  const { _: rest, h, help = h, version, ...values } = parseArgs(joined(argv), {
    string: [...VALUE_FLAGS, "help", "h", "version"],
    unknown: (argument) => {
      stray ??= argument;
      return false;
    },
  });
  if (rest[0] !== undefined) stray ??= String(rest[0]);
  return { help: help !== undefined, version: version !== undefined, values, stray };
}

/**
 * Joins a flag to its value where that is empty or begins with a dash: the parser would not take it
 * for one.
 */
function joined(argv: string[]): string[] {
  const flags: string[] = VALUE_FLAGS.map((flag) => `--${flag}`);
  return argv.flatMap((argument, at) => {
    const previous = argv[at - 1] ?? "";
    const next = argv[at + 1];
    if (flags.includes(previous) && isOddValue(argument, previous)) return [];
    const odd = flags.includes(argument) && isOddValue(next, argument);
    return odd ? [`${argument}=${next}`] : [argument];
  });
}

/** A token may begin in any way, and is not to be printed as a flag that poolgate does not know. */
function isOddValue(argument: string | undefined, flag: string): boolean {
  if (argument === undefined) return false;
  return argument === "" || /^-[^-]/.test(argument) || flag === "--admin-token";
}
