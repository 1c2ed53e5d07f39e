/**
 * What `--help` prints, within 80 columns.
 *
 * @module
 */

import type { FlagName } from "./flag_names.ts";
import { FLAG_TEXTS } from "./flag_texts.ts";
import {
  DESCRIPTION,
  ENVIRONMENT,
  ENVIRONMENT_COMMAND,
  EXAMPLES,
  EXIT_STATUS,
  FLAG_GROUPS,
  flagText,
  PURPOSE,
  REPETITION,
} from "./help_texts.ts";
import { wrapped } from "./wrapped.ts";

const COLUMNS = 80;

/** Where the text of a flag begins. */
const INDENT = 23;

export const HELP = [
  paragraph(`poolgate: ${PURPOSE}.`),
  "Usage: poolgate [FLAG]...",
  ...DESCRIPTION.map(paragraph),
  ...FLAG_GROUPS.map(({ title, names }) => `${title}:\n${names.map(flag).join("\n")}`),
  REPETITION,
  `${paragraph(ENVIRONMENT)}\n${ENVIRONMENT_COMMAND}`,
  ...EXAMPLES.map(({ about, command, output = "" }, at) =>
    [`${at === 0 ? "Examples. " : ""}${about}`, ...indented(`$ ${command}`), ...indented(output)]
      .join("\n")
  ),
  paragraph(`Exit status: ${EXIT_STATUS}`),
].join("\n\n");

function paragraph(text: string): string {
  return wrapped(text, COLUMNS).join("\n");
}

/** The lines of a text, none where that is empty. */
function indented(text: string): string[] {
  return text === "" ? [] : text.split("\n").map((line) => `  ${line}`);
}

/** A flag with its text beside it, or below where it is too long for that. */
function flag(name: FlagName): string {
  const { letter, value } = FLAG_TEXTS[name];
  const spelling = `  --${name}${letter === undefined ? "" : `, -${letter}`}${
    value === undefined ? "" : ` ${value}`
  }`;
  const [first = "", ...others] = wrapped(flagText(name), COLUMNS - INDENT);
  const beside = spelling.length < INDENT - 1;
  const head = beside ? spelling.padEnd(INDENT) + first : spelling;
  const below = beside ? others : [first, ...others];
  return [head, ...below.map((line) => " ".repeat(INDENT) + line)].join("\n");
}
