/**
 * The arguments: which flags there are, and what was given for them. What their values mean is the affair
 * of the options. Apart from those because the parser is loaded only when there are arguments to parse.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";

const VALUE_FLAGS = ["max-connections", "backlog-size", "node-id", "log-format", "quiet"] as const;

/** A flag with a value. `quiet` may be given without one. */
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
  const { _: rest, help, version, ...values } = parseArgs(argv, {
    string: [...VALUE_FLAGS],
    boolean: ["help", "version"],
    alias: { help: "h" },
    unknown: (argument) => {
      stray ??= argument;
      return false;
    },
  });
  if (rest[0] !== undefined) stray ??= String(rest[0]);
  return { help: help !== false, version: version !== false, values, stray };
}
