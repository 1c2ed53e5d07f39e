/**
 * Which version of a client this machine has: by npm's lock file, by Debian's packages, or as the
 * program itself says. Imports nothing from lib/.
 *
 * @module
 */

import { run } from "../support/servers.ts";
import { HERE, type Origin } from "./clients.ts";

/** The release that the table is of. */
const RELEASE = "12";

/** @returns Why versions of this machine cannot be compared with the table; else `undefined`. */
export function whyNoVersions(): string | undefined {
  try {
    const { stdout } = new Deno.Command("bash", {
      args: ["-c", '. /etc/os-release && type dpkg-query > /dev/null && echo "$ID $VERSION_ID"'],
    }).outputSync();
    if (new TextDecoder().decode(stdout).trim() === `debian ${RELEASE}`) return undefined;
  } catch {
    // There is no bash.
  }
  return `the table is of Debian ${RELEASE}, and this is another system`;
}

/** @returns The version, as those who make the client count. */
export async function versionOf(origin: Origin): Promise<string> {
  return "npm" in origin ? await npmVersion(origin.npm) : await debianVersion(origin.file);
}

async function npmVersion(name: string): Promise<string> {
  const lock = JSON.parse(await Deno.readTextFile(`${HERE}package-lock.json`));
  return lock.packages[`node_modules/${name}`].version;
}

async function debianVersion(path: string): Promise<string> {
  const file = await Deno.realPath(path);
  const owner = await run("dpkg-query", ["--search", file]);
  if (owner.code !== 0) return await ownVersion(file);
  const name = owner.stdout.split(": ")[0]!;
  const { stdout } = await run("dpkg-query", ["--show", "--showformat=${Version}", name]);
  return upstreamVersion(stdout);
}

/** What a program that is of no package says of itself. */
async function ownVersion(program: string): Promise<string> {
  const { stdout } = await run(program, ["--version"]);
  return /\d[\d.]*/.exec(stdout)?.[0] ?? stdout;
}

/**
 * @param version As Debian counts: an epoch, upstream's version, what Debian has made of it.
 * @returns Upstream's.
 */
export function upstreamVersion(version: string): string {
  const upstream = version.replace(/^\d+:/, "").replace(/-[^-]*$/, "");
  return (/\+really(.*)$/.exec(upstream)?.[1] ?? upstream).replace(/\+.*$/, "");
}
