/**
 * The manual page, in the language of man(7), made of the flags that there are.
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
import { VERSION } from "./version.ts";
import { wrapped } from "./wrapped.ts";

/** How wide the lines of its source are, which the reader never sees. */
const COLUMNS = 80;

/** The page as its file holds it. */
export const MAN_PAGE = [
  `.TH POOLGATE 1 "" "poolgate ${VERSION}" "User Commands"`,
  ".SH NAME",
  ...text(`poolgate - ${PURPOSE}`),
  ".SH SYNOPSIS",
  ".B poolgate",
  "[\\fIFLAG\\fR]...",
  ".SH DESCRIPTION",
  ...DESCRIPTION.flatMap((paragraph, at) => [...at === 0 ? [] : [".PP"], ...text(paragraph)]),
  ...FLAG_GROUPS.flatMap(({ title, names }) => [
    `.SH ${title.toUpperCase()}`,
    ...names.flatMap(flag),
  ]),
  ".PP",
  ...text(REPETITION),
  ".SH ENVIRONMENT",
  ...text(ENVIRONMENT),
  ...block(ENVIRONMENT_COMMAND),
  ".SH EXIT STATUS",
  ...text(EXIT_STATUS),
  ".SH EXAMPLES",
  ...EXAMPLES.flatMap(({ about, command, output }, at) => [
    ...at === 0 ? [] : [".PP"],
    ...text(about),
    ...block(output === undefined ? `$ ${command}` : `$ ${command}\n${output}`),
  ]),
].join("\n");

/** A flag, and below it what it is for. */
function flag(name: FlagName): string[] {
  const { letter, value } = FLAG_TEXTS[name];
  const short = letter === undefined ? "" : `, \\fB${escaped(`-${letter}`)}\\fR`;
  const shownValue = value === undefined ? "" : ` \\fI${value}\\fR`;
  const told = flagText(name);
  return [
    ".TP",
    `\\fB${escaped(`--${name}`)}\\fR${short}${shownValue}`,
    ...text(`${told.slice(0, 1).toUpperCase()}${told.slice(1)}`),
  ];
}

/** Lines as they are, a little further in. */
function block(lines: string): string[] {
  return [".PP", ".RS 4", ".nf", ...lines.split("\n").map(escaped).map(line), ".fi", ".RE"];
}

/** A text, which the page breaks anew. */
function text(words: string): string[] {
  return wrapped(escaped(words.trim()), COLUMNS).map(line);
}

/** Text without meaning to the formatter: a dash is a dash to copy. */
function escaped(words: string): string {
  return words.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq");
}

/** A line that is no request, whatever it begins with. */
function line(words: string): string {
  return words.startsWith(".") ? `\\&${words}` : words;
}
