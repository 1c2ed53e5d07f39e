/**
 * The arguments: what was given for each flag. Apart from the names because the parser is loaded
 * only when there are arguments to parse.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Flags, REPEATABLE_FLAGS, VALUE_FLAGS, type ValueFlag } from "./flag_names.ts";

/**
 * Parses the arguments.
 *
 * @param argv The arguments, without the program.
 * @param repeatable The flags that may be given more than once.
 * @returns What was given. A suggestion for an argument that is no flag is for others to find.
 */
export function parseFlags(
  argv: string[],
  repeatable: readonly ValueFlag[] = REPEATABLE_FLAGS,
): Flags {
  let stray: string | undefined;
  const { _: rest, ...given } = parseArgs(joined(argv), {
    string: [...VALUE_FLAGS, "check", "completions", "print", "help", "h", "version", "V"],
    collect: [...VALUE_FLAGS],
    unknown: (argument) => {
      stray ??= argument;
      return false;
    },
  });
  if (rest[0] !== undefined) stray ??= String(rest[0]);
  const isGiven = (...names: string[]) => names.some((name) => given[name] !== undefined);
  return {
    help: isGiven("help", "h"),
    version: isGiven("version", "V"),
    check: given["check"] as string | undefined,
    completions: given["completions"] as string | undefined,
    print: given["print"] as string | undefined,
    ...valuesOf(given as Collected, repeatable),
    stray,
    suggestion: undefined,
  };
}

/** All values of each flag, none for one that was not given. */
type Collected = { readonly [flag in ValueFlag]: readonly string[] };

function valuesOf(
  collected: Collected,
  repeatable: readonly ValueFlag[],
): Pick<Flags, "values" | "repeated"> {
  const values: { [flag in ValueFlag]?: string } = {};
  let repeated: Flags["repeated"];
  for (const flag of VALUE_FLAGS) {
    const texts = collected[flag];
    if (texts.length > 1 && !repeatable.includes(flag)) repeated ??= { flag, texts };
    if (texts.length > 0) values[flag] = texts.join(",");
  }
  return { values, repeated };
}

/**
 * Joins a flag to its value where that is empty or begins with a dash: the parser would not take it
 * for one.
 */
function joined(argv: string[]): string[] {
  const flags: string[] = [...VALUE_FLAGS, "completions", "print"].map((flag) => `--${flag}`);
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
