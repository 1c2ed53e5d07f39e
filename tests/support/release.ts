/**
 * Builds the executables of a release, one a system, and prints the SHA-256 of each, as `sha256sum` does. Where the
 * runtime for a system cannot be had, says so and why, builds the others, and fails in the end. Imports nothing from
 * lib/.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { build, ROOT } from "./build.ts";

/** The machines and systems, by Deno's names. */
const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];

const SUMS = "SHA256SUMS";

const OK = 0;
const FAILED = 1;
const USAGE = 2;

async function main(): Promise<number> {
  const { _: given, output = `${ROOT}release` } = parseArgs(Deno.args, {
    string: ["output"],
    unknown: (argument) => !argument.startsWith("-"),
  });
  const targets = given.length === 0 ? TARGETS : given.map(String);
  const strange = targets.find((target) => !TARGETS.includes(target));
  if (strange !== undefined) {
    console.error(`${strange} is no target of a release, it must be one of ${TARGETS.join(", ")}`);
    return USAGE;
  }
  const folder = String(output);
  await Deno.mkdir(folder, { recursive: true });
  const sums: string[] = [];
  for (const target of targets) {
    const sum = await release(target, folder);
    if (sum === undefined) continue;
    sums.push(`${sum}\n`);
    console.log(sum);
  }
  await Deno.writeTextFile(`${folder}/${SUMS}`, sums.join(""));
  if (sums.length === targets.length) return OK;
  console.error(`${targets.length - sums.length} of ${targets.length} executables were NOT BUILT`);
  return FAILED;
}

/** Builds one, and returns its line for `sha256sum --check`; says why where it cannot. */
async function release(target: string, folder: string): Promise<string | undefined> {
  await using built = await build({ target });
  if (!built.success) {
    console.error(`${target} is NOT BUILT: ${reasonOf(built.log)}`);
    return undefined;
  }
  const ending = target.includes("windows") ? ".exe" : "";
  const name = `poolgate-${await version()}-${target}${ending}`;
  await Deno.copyFile(built.binary + ending, `${folder}/${name}`);
  return `${await sha256(`${folder}/${name}`)}  ${name}`;
}

/** The cause that names a download, where there is one, or the first line of the error. */
function reasonOf(log: string): string {
  const [download] = /error sending request for url .*|.*https?:\/\/\S+.*not found.*/.exec(log) ??
    [];
  return download ?? /^error: .*/m.exec(log)?.[0] ?? log;
}

async function version(): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)).version;
}

async function sha256(path: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return new Uint8Array(digest).toHex();
}

Deno.exit(await main());
