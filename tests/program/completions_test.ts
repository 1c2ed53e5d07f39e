/** The completions of the command line, in the shells that they are for. Imports nothing from lib/. */

import { assert, assertEquals } from "@std/assert";
import { run as runProgram } from "../support/program.ts";
import { Directory, run, testWith } from "../support/servers.ts";

/** A line as it is typed so far, and what its last word may be completed to. */
const completed: [string, string[]][] = [
  ["poolgate --log-", ["--log-connections", "--log-format"]],
  ["poolgate --reject-as pos", ["postgres"]],
  ["poolgate --quiet --log-format ", ["json", "text", "timed"]],
  ["poolgate --node-id x --completions ", ["bash", "fish", "zsh"]],
  ["poolgate --print s", ["systemd", "systemd-template"]],
  ["poolgate --max-connections ", []],
];

/** Every flag that the help names. */
async function flags(): Promise<string[]> {
  const { stdout } = await runProgram("", { args: ["--help"] });
  const found = [...stdout.matchAll(/^ {2}(--[a-z\d-]+)/gm)].map(([, flag = ""]) => flag);
  assert(found.length > 20, stdout);
  return found.sort();
}

/** Has the program print its completions into a file. */
async function writeScript(shell: string, { path }: Directory): Promise<string> {
  const script = `${path}/_poolgate`;
  const { code, stdout, stderr } = await runProgram("", { args: ["--completions", shell] });
  assertEquals([code, stderr], [0, ""]);
  await Deno.writeTextFile(script, stdout);
  return script;
}

/** @param complete What a shell that has read a script makes of a line. */
function testShell(
  shell: string,
  complete: (scriptPath: string, line: string) => Promise<string[]>,
): void {
  const test = async () => {
    await using home = await Directory.make();
    const script = await writeScript(shell, home);
    for (const [line, words] of completed) {
      assertEquals(await complete(script, line), words, line);
    }
    const offered = await complete(script, "poolgate --");
    assertEquals((await flags()).filter((flag) => !offered.includes(flag)), []);
  };
  testWith([shell], `--completions ${shell}: completes flags and their words`, test);
}

async function linesOf(shell: string, args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await run(shell, args);
  assertEquals([code, stderr], [0, ""]);
  return stdout.split("\n").filter((line) => line !== "").sort();
}

/** As readline does: an equals sign is a word of its own. */
const BASH = `
source "$1"
COMP_LINE=$2 COMP_POINT=\${#2}
read -ra COMP_WORDS <<< "\${2//=/ = }"
[[ $2 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
_poolgate
printf '%s\\n' "\${COMPREPLY[@]}"`;

const inBash = (script: string, line: string) =>
  linesOf("bash", ["-c", BASH, "bash", script, line]);

testShell("bash", inBash);

testWith(["bash"], "--completions bash: completes words behind an equals sign", async () => {
  await using home = await Directory.make();
  const script = await writeScript("bash", home);
  assertEquals(await inBash(script, "poolgate --reject-as=my"), ["mysql"]);
  assertEquals(await inBash(script, "poolgate --proxy-protocol="), ["v1", "v2"]);
});

testShell("fish", async (script, line) => {
  const code = 'source $argv[1]; complete -C "$argv[2]"';
  const found = await linesOf("fish", ["--no-config", "-c", code, script, line]);
  return found.map((line) => line.split("\t")[0] ?? "");
});

/**
 * A zsh that somebody types into: what its completion would add is written down instead, by a
 * function that stands before the builtin `compadd`.
 */
const ZSH = `
zmodload zsh/zpty
zpty shell TERM=dumb zsh -f -i
zpty -w shell "autoload -Uz compinit; compinit -D -u; source \${(q)1}"
zpty -w shell 'compadd() {
  local -a found; builtin compadd -O found "$@"; print -rl -- "FOUND "\${^found}; return 1
}'
zpty -w shell 'bindkey "^I" complete-word; PS1="REA""DY> "'
zpty -r -m shell output '*READY> *' || exit 1
zpty -w -n shell "$2"$'\\t'
zpty -w -n shell $'\\C-u'
zpty -w shell ' print DON"E"'
zpty -r -m shell output '*DONE*' || exit 1
print -r -- "$output"`;

testShell("zsh", async (script, line) => {
  const output = await linesOf("zsh", ["-f", "-c", ZSH, "zsh", script, line]);
  assert(output.some((shown) => shown.includes(line.trimEnd())), output.join("\n"));
  const found = output.flatMap((line) => /FOUND (\S+)/.exec(line)?.[1] ?? []);
  return [...new Set(found)].sort();
});
