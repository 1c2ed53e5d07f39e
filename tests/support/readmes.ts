/**
 * The README.md files of the project as text, and the commands and tables in them. Imports nothing from lib/.
 *
 * @module
 */

import { filesOf, readText } from "./modules.ts";
import { BINARY } from "./program.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

/** A block of commands for the shell. */
export interface Block {
  /** The file that it stands in, from the top of the project. */
  path: string;
  script: string;
  /** The block right below, where there is one: what the commands print. */
  output: string | undefined;
}

const BLOCK = /```sh\n([^]*?)```\n(?:\n```(?:json)?\n([^]*?)```)?/g;

/** Where each README stands, that of the whole project first. */
export const READMES: readonly string[] = [
  "README.md",
  ...["lib/", "tests/", "findings/"].flatMap(filesOf).filter((path) => path.endsWith("/README.md")),
];

/** Every block of commands, in order. */
export const BLOCKS: readonly Block[] = READMES.flatMap((path) =>
  [...readText(path).matchAll(BLOCK)].map(([, script = "", output]) => ({ path, script, output }))
);

/** @returns The only block that begins so. */
export function blockWith(beginning: string): Block {
  const [block, ...others] = BLOCKS.filter(({ script }) => script.startsWith(beginning));
  if (block === undefined || others.length > 0) throw new Error(`${beginning} is to be one block`);
  return block;
}

/** @returns The cells of a table's rows, without its head, which begins with the cell `head`. */
export function tableOf(path: string, head: string): string[][] {
  const text = readText(path);
  const start = text.indexOf(`| ${head} `);
  if (start === -1) throw new Error(`${path} has no table of ${head}`);
  const lines = text.slice(start).split("\n");
  const end = lines.findIndex((line) => !line.startsWith("|"));
  return lines.slice(2, end).map((line) =>
    line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim())
  );
}

/** @returns The files of YAML in a README, by the name in the first line of each. */
export function yamlOf(path: string): Map<string, string> {
  const blocks = readText(path).matchAll(/```yaml\n# (\S+)\n([^]*?)```/g);
  return new Map([...blocks].map(([, name = "", text = ""]) => [name, text]));
}

/** The README's way of naming Deno on a machine that has only Node; the tests run the Deno they run on. */
export const DENO = "npx --yes deno@2.9.6";

/** A script for this machine: with the Deno of the tests, or with the executable under test. */
export function runnable(script: string): string {
  const program = new RegExp(`${DENO} run (?:--env-file=(\\S+) )?[^<\n]*?main\\.ts`);
  const ours = BINARY === undefined ? script : script.replace(
    program,
    (_, file) => file === undefined ? `'${BINARY}'` : `env $(cat ${file}) '${BINARY}'`,
  );
  return ours.replaceAll(DENO, `'${Deno.execPath()}'`).replaceAll(" main.ts", ` '${ROOT}main.ts'`);
}
