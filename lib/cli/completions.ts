/**
 * The completions of the command line for shells, made of the flags that there are.
 *
 * @module
 */

import { FLAG_NAMES, type FlagName, REPEATABLE_FLAGS, type ValueFlag } from "./flag_names.ts";
import { FLAG_TEXTS, type FlagText } from "./flag_texts.ts";
import { SHELLS } from "./shells.ts";
import { oneOf, type Reading } from "./settings.ts";

/**
 * Reads the name of a shell.
 *
 * @returns The script that has this shell complete the command line of poolgate.
 */
export function readCompletions(shell: string): Reading<string> {
  const reading = oneOf(SHELLS)(shell);
  return "value" in reading ? { value: SCRIPTS[reading.value]() } : reading;
}

const SCRIPTS = { bash, zsh, fish } as const;

type Entry = FlagText & { name: FlagName };

const ENTRIES: readonly Entry[] = FLAG_NAMES.map((name) => ({ name, ...FLAG_TEXTS[name] }));

const PROGRAM = "poolgate";

/** Bash takes `--flag=value` for three words. */
function bash(): string {
  const spellings = (of: readonly Entry[], separator: string) =>
    of.flatMap(({ name, letter }) => [`--${name}`, ...letter === undefined ? [] : [`-${letter}`]])
      .join(separator);
  const valued = ENTRIES.filter(({ value }) => value !== undefined);
  const cases = valued.filter(({ words }) => words !== undefined)
    .map(({ name, words = [] }) => `    --${name}) words="${words.join(" ")}" ;;`);
  const others = valued.filter(({ words }) => words === undefined);
  return `# bash: source <(${PROGRAM} --completions bash)
_${PROGRAM}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words
  if [[ $current == "=" ]]; then current=""
  elif [[ $previous == "=" ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case $previous in
${cases.join("\n")}
    ${spellings(others, "|")}) words="" ;;
    *) words="${spellings(ENTRIES, " ")}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _${PROGRAM} ${PROGRAM}`;
}

function zsh(): string {
  const specs = ENTRIES.flatMap((entry) => {
    const { name, letter, value, words, summary } = entry;
    const about = `[${summary.replace(/[[\]\\]/g, "\\$&")}]`;
    const repeated = isRepeatable(name) ? "*" : "";
    if (letter !== undefined) {
      const both = `(-${letter} --${name})`;
      return [`${both}-${letter}${about}`, `${both}--${name}${about}`];
    }
    if (value === undefined) return [`--${name}${about}`];
    const choice = words === undefined ? " " : `(${words.join(" ")})`;
    return [`${repeated}--${name}=${about}:${value}:${choice}`];
  });
  return `#compdef ${PROGRAM}
# zsh: in a file called _${PROGRAM} in a folder of $fpath, or, behind compinit:
# source <(${PROGRAM} --completions zsh)
_${PROGRAM}() {
  _arguments \\
    ${specs.map(quoted).join(" \\\n    ")}
}
if [ "$funcstack[1]" = "_${PROGRAM}" ]; then _${PROGRAM} "$@"; else compdef _${PROGRAM} ${PROGRAM}; fi`;
}

function fish(): string {
  const lines = ENTRIES.map(({ name, letter, value, words, summary }) =>
    [
      `complete -c ${PROGRAM} -l ${name}`,
      ...letter === undefined ? [] : [`-s ${letter}`],
      ...value === undefined ? [] : ["-x"],
      ...words === undefined ? [] : [`-a ${quoted(words.join(" "))}`],
      `-d ${quoted(summary)}`,
    ].join(" ")
  );
  return [
    `# fish: ${PROGRAM} --completions fish > ~/.config/fish/completions/${PROGRAM}.fish`,
    `complete -c ${PROGRAM} -f`,
    ...lines,
  ].join("\n");
}

function isRepeatable(name: FlagName): boolean {
  return REPEATABLE_FLAGS.includes(name as ValueFlag);
}

/** A text as one word of zsh or fish. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
