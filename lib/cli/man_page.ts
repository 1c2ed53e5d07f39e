/**
 * The manual page, in the language of man(7), made of the flags that there are.
 *
 * @module
 */

import { type FlagName, REPEATABLE_FLAGS, type ValueFlag } from "./flag_names.ts";
import { FLAG_TEXTS } from "./flag_texts.ts";
import {
  DESCRIPTION,
  ENVIRONMENT,
  ENVIRONMENT_COMMAND,
  EXAMPLES,
  EXIT_STATUS,
  FLAG_GROUPS,
  PURPOSE,
  REPETITION,
} from "./help_texts.ts";
import { VERSION } from "./version.ts";

/** The page as its file holds it. */
export const MAN_PAGE = [
  `.TH POOLGATE 1 "" "poolgate ${VERSION}" "User Commands"`,
  ".SH NAME",
  `poolgate \\- ${line(PURPOSE)}`,
  ".SH SYNOPSIS",
  ".B poolgate",
  "[\\fIFLAG\\fR]...",
  ".SH DESCRIPTION",
  ...DESCRIPTION.flatMap((text, at) => at === 0 ? [line(text)] : [".PP", line(text)]),
  ...FLAG_GROUPS.flatMap(({ title, names }) => [
    `.SH ${title.toUpperCase()}`,
    ...names.flatMap(flag),
  ]),
  ".PP",
  line(REPETITION),
  ".SH ENVIRONMENT",
  line(ENVIRONMENT),
  ...block(ENVIRONMENT_COMMAND),
  ".SH EXIT STATUS",
  line(EXIT_STATUS),
  ".SH EXAMPLES",
  ...EXAMPLES.flatMap(({ about, command, output }, at) => [
    ...at === 0 ? [] : [".PP"],
    line(about),
    ...block(output === undefined ? `$ ${command}` : `$ ${command}\n${output}`),
  ]),
].join("\n");

/** A flag, and below it what it is for. */
function flag(name: FlagName): string[] {
  const { letter, value, summary, details } = FLAG_TEXTS[name];
  const short = letter === undefined ? "" : `, \\fB${escaped(`-${letter}`)}\\fR`;
  const shownValue = value === undefined ? "" : ` \\fI${value}\\fR`;
  const begun = `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}`;
  const link = /^[a-z]/.test(details) ? ": " : ". ";
  const more = REPEATABLE_FLAGS.includes(name as ValueFlag) ? " It may be repeated." : "";
  return [
    ".TP",
    `\\fB${escaped(`--${name}`)}\\fR${short}${shownValue}`,
    line(`${begun}${link}${details}${more}`),
  ];
}

/** Lines as they are, a little further in. */
function block(text: string): string[] {
  return [".PP", ".RS 4", ".nf", ...text.split("\n").map(escaped), ".fi", ".RE"];
}

/** A text as one line of the page, which breaks it anew. */
function line(text: string): string {
  return escaped(text.trim().replace(/\s+/g, " "));
}

/** Text without meaning to the formatter: a dash is a dash to copy, and no line is a request. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq")
    .replace(/^\./, "\\&.");
}
