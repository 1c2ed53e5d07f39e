/**
 * What the help and the manual page say in common, besides what each flag is for.
 *
 * @module
 */

import {
  ADMIN_FLAGS,
  CLUSTER_FLAGS,
  COMMAND_FLAGS,
  type FlagName,
  GATE_FLAGS,
  REPEATABLE_FLAGS,
  VALUE_FLAGS,
  type ValueFlag,
} from "./flag_names.ts";
import { FLAG_TEXTS } from "./flag_texts.ts";
import { inWords } from "./settings.ts";

/** What the program does, behind its name. */
export const PURPOSE = "lets N clients in at once, keeps the next B waiting in order of arrival, " +
  "and turns the rest away";

/** How it is used, in paragraphs. */
export const DESCRIPTION: readonly string[] = [
  "Reads requests from stdin, one JSON message a line, and answers them on stdout in the same " +
  "order, until stdin ends. Notes for the operator go to stderr. With --listen, every connection " +
  "is a client of the pool as well, and the end of stdin ends nothing: SIGTERM, SIGINT and SIGHUP " +
  "do, and a second one at once.",
];

const APART: readonly FlagName[] = [...GATE_FLAGS, ...ADMIN_FLAGS, ...CLUSTER_FLAGS];

/** Every flag, by what it is for. */
export const FLAG_GROUPS: readonly { title: string; names: readonly FlagName[] }[] = [
  {
    title: "Flags",
    names: [...VALUE_FLAGS, ...COMMAND_FLAGS].filter((name) => !APART.includes(name)),
  },
  { title: "Flags for connections", names: GATE_FLAGS },
  { title: "Flags for operators", names: ADMIN_FLAGS },
  { title: "Flags for a pool that several gates share", names: CLUSTER_FLAGS },
];

/** How often a flag may be given. */
export const REPETITION = "No flag may be given twice" +
  (REPEATABLE_FLAGS.length === 0 ? "." : ", unless its text says so.");

/** What the environment sets. */
export const ENVIRONMENT = `All but ${inWords(COMMAND_FLAGS.map((name) => `--${name}`), "and")} ` +
  "are environment variables too: POOLGATE_MAX_CONNECTIONS for --max-connections, and so on; " +
  "those of flags without a value are true, false, 1 or 0. An empty variable counts as none, and " +
  "a flag wins over its variable. From source, they are read with:";

/** How they are read from source. */
export const ENVIRONMENT_COMMAND = "deno run --allow-env='POOLGATE_*' main.ts";

/** Command lines, what they do, and what they print where that is short. */
export const EXAMPLES: readonly { about: string; command: string; output?: string }[] = [
  {
    about: "One place and nobody may wait:",
    command: `printf '%s\\n' \\
    '{"src":"c","dest":"n","body":{"type":"pool_connect","client_id":"a"}}' \\
    '{"src":"c","dest":"n","body":{"type":"pool_connect","client_id":"b"}}' |
  poolgate --max-connections 1 --backlog-size 0 | grep -o '"status": "[a-z]*"'`,
    output: `"status": "connected"
"status": "rejected"`,
  },
  {
    about: "PostgreSQL with 20 connections at most, 100 more waiting for up to 30 seconds:",
    command: `poolgate --listen :6432 --upstream 127.0.0.1:5432 --max-connections 20 \\
    --backlog-size 100 --queue-timeout 30s --service postgres`,
  },
];

/** What the exit status says. */
export const EXIT_STATUS =
  "0 at the end of input, when the peer at stdin or stdout went away, or after a signal; 1 when " +
  "stdin or stdout failed; 2 when the command line is wrong, a permission or a package is " +
  "missing, or there is no listening at ADDR.";

/** @returns What a flag is for, in sentences; the first begins as the flag's texts do. */
export function flagText(name: FlagName): string {
  const { summary, details } = FLAG_TEXTS[name];
  const link = /^[a-z]/.test(details) ? ": " : ". ";
  const more = REPEATABLE_FLAGS.includes(name as ValueFlag) ? " It may be repeated." : "";
  return `${summary}${link}${details}${more}`.trimEnd();
}
