/**
 * What `--help` prints, within 80 columns.
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

const COLUMNS = 80;

/** Where the text of a flag begins. */
const INDENT = 23;

const APART: readonly FlagName[] = [...GATE_FLAGS, ...ADMIN_FLAGS, ...CLUSTER_FLAGS];
const GENERAL = [...VALUE_FLAGS, ...COMMAND_FLAGS].filter((name) => !APART.includes(name));

export const HELP = `poolgate: lets N clients in at once, keeps the next B waiting in order of
arrival, and turns the rest away.

Usage: poolgate [FLAG]...

Reads requests from stdin, one JSON message a line, and answers them on stdout
in the same order, until stdin ends. Notes for the operator go to stderr.
With --listen, every connection is a client of the pool as well, and the end of
stdin ends nothing: SIGTERM, SIGINT and SIGHUP do, and a second one at once.

Flags:
${flags(GENERAL)}

Flags for connections:
${flags(GATE_FLAGS)}

Flags for operators:
${flags(ADMIN_FLAGS)}

Flags for a pool that several gates share:
${flags(CLUSTER_FLAGS)}

No flag may be given twice${REPEATABLE_FLAGS.length === 0 ? "" : ", unless its text says so"}.

All but ${inWords(COMMAND_FLAGS.map((name) => `--${name}`), "and")} are environment
variables too: POOLGATE_MAX_CONNECTIONS for --max-connections, and so on;
those of flags without a value are true, false, 1 or 0. An empty variable counts
as none, and a flag wins over its variable. From source, they are read with:
deno run --allow-env='POOLGATE_*' main.ts

Examples. One place and nobody may wait:
  $ printf '%s\\n' \\
      '{"src":"c","dest":"n","body":{"type":"pool_connect","client_id":"a"}}' \\
      '{"src":"c","dest":"n","body":{"type":"pool_connect","client_id":"b"}}' |
    poolgate --max-connections 1 --backlog-size 0 | grep -o '"status": "[a-z]*"'
  "status": "connected"
  "status": "rejected"

PostgreSQL with 20 connections at most, 100 more waiting for up to 30 seconds:
  $ poolgate --listen :6432 --upstream 127.0.0.1:5432 --max-connections 20 \\
      --backlog-size 100 --queue-timeout 30s --service postgres

Exit status: 0 at the end of input, when the peer at stdin or stdout went away,
or after a signal; 1 when stdin or stdout failed; 2 when the command line is
wrong, a permission or a package is missing, or there is no listening at ADDR.`;

function flags(names: readonly FlagName[]): string {
  return names.map(flag).join("\n");
}

/** A flag with its text beside it, or below where it is too long for that. */
function flag(name: FlagName): string {
  const { letter, value, summary, details } = FLAG_TEXTS[name];
  const spelling = `  --${name}${letter === undefined ? "" : `, -${letter}`}${
    value === undefined ? "" : ` ${value}`
  }`;
  const more = REPEATABLE_FLAGS.includes(name as ValueFlag) ? " It may be repeated." : "";
  const link = /^[a-z]/.test(details) ? ": " : ". ";
  const text = `${summary}${link}${details}${more}`.trimEnd();
  const [first = "", ...others] = wrapped(text, COLUMNS - INDENT);
  const beside = spelling.length < INDENT - 1;
  const head = beside ? spelling.padEnd(INDENT) + first : spelling;
  const below = beside ? others : [first, ...others];
  return [head, ...below.map((line) => " ".repeat(INDENT) + line)].join("\n");
}

/** Lines of whole words, no longer than so many columns. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line.length + word.length < columns) {
      line += line === "" ? word : ` ${word}`;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}
