/**
 * The arguments: which flags there are, and what was given for them. What the values mean is for the
 * options to say. Apart from those because the parser is loaded only when there are arguments to parse.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { ADMIN_FLAGS, GATE_FLAGS } from "./options.ts";

const VALUE_FLAGS = [
  "max-connections",
  "backlog-size",
  ...GATE_FLAGS,
  ...ADMIN_FLAGS,
  "node-id",
  "log-format",
  "quiet",
] as const;

/** A flag with a value. `quiet` and `log-connections` may be given without one. */
export type ValueFlag = typeof VALUE_FLAGS[number];

/** What the arguments say. */
export interface Flags {
  help: boolean;
  version: boolean;
  /** The values as they were given, `""` for a flag without one; of a flag given twice, the last. */
  values: { readonly [flag in ValueFlag]?: string };
  /** The first argument that is no flag of poolgate. */
  stray: string | undefined;
}

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

/** Joins a flag to its value where that is empty or begins with a dash: the parser would not take it for one. */
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
