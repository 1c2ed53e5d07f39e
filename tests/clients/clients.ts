/**
 * Real clients that are refused, each at a gate of its own: what a person sees of it. Debian's are found where they are
 * installed, those of npm in the folder of these tests, where `deno task clients` installs them. Imports nothing from
 * lib/.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Gate, missing, pathOf, run } from "../support/servers.ts";
import { Service } from "../support/service.ts";

/** What the gate says when it has one place, which is taken. */
export const WORDS = "full: 1 is connected and nobody may wait";

/** What is told of a client that is refused. */
export interface Refused {
  /** The service by its name on the command line. */
  service: string;
  /** The client as a reader knows it; a name of its own where there are several of a service. */
  client: string;
  /** What a person sees of it, of all that it has written. */
  shows: string;
  /** Its exit status. */
  code: number;
  /** How many connections it has made by then: so many, or from so many to so many. */
  connections: number | readonly [least: number, most: number];
  /** Whether it is no client of the service, and so has no row in the table of those. */
  stranger?: true;
}

/** A client of Debian. */
export interface DebianClient extends Refused {
  program: string;
  /** Files that it needs besides. */
  files?: readonly string[];
  /** @param port Where the gate listens, at 127.0.0.1. */
  args: (port: number) => readonly string[];
}

/** A client of npm: a script for Node, in which `port` is where the gate listens. */
export interface NpmClient extends Refused {
  /** Its package, by its name in package.json. */
  package: string;
  script: string;
}

/** What tells the version of a client: a package of npm by its name, or else a file of it. */
export type Origin = { npm: string } | { file: string };

/** A client of the file that is run, whose test is registered. */
export interface Registered extends Refused {
  origin: Origin;
  /** What it needs that is not here. */
  lacking: string | undefined;
  program: string;
  args: (port: number) => readonly string[];
}

/** All of them. */
export const registered: Registered[] = [];

/** The folder of these tests. */
export const HERE = new URL("./", import.meta.url).pathname;

/** Whether there is time for all clients, and to wait for those that wait. */
export const LONG = Deno.env.get("POOLGATE_TEST_CLIENTS") === "long";

/** Registers the test of a client; where it cannot be had, it is skipped, and says so. */
export function testDebian(client: DebianClient, left?: string): void {
  const { program, files = [], args } = client;
  const origin = { file: files[0] ?? pathOf(program) };
  test(client, [program, ...files], { origin, program, args }, left);
}

/** As {@linkcode testDebian}, of one of many clients of a service: run only where there is time. */
export function testFurther(client: DebianClient): void {
  testDebian(client, LONG ? undefined : "one of many, which `deno task test:clients` runs");
}

/** As {@linkcode testDebian}. */
export function testNpm(client: NpmClient): void {
  const { package: name, script } = client;
  const head = `const require = (await import("node:module")).createRequire("${HERE}x.js");` +
    `const port = Number(process.argv[1]); const load = () => require("${name}");`;
  const args = (port: number) => ["--input-type=module", "--eval", head + script, `${port}`];
  const needs = ["node", `${HERE}node_modules/${name}/package.json`];
  test(client, needs, { origin: { npm: name }, program: "node", args });
}

function test(
  refused: Refused,
  needs: readonly string[],
  start: Pick<Registered, "origin" | "program" | "args">,
  left?: string,
): void {
  const lacking = firstLacking(needs);
  const client = { ...refused, lacking, ...start };
  registered.push(client);
  const skipped = lacking === undefined ? left : `no ${lacking} on this machine`;
  Deno.test({
    name: `--reject-as ${refused.service}: ${refused.client} shows ${refused.shows}` +
      (skipped === undefined ? "" : ` (skipped: ${skipped})`),
    ignore: skipped !== undefined,
    fn: () => isTold(client, refused.shows, ["--backlog-size", "0"]),
  });
}

/**
 * Runs a client at a gate whose only place is taken, and looks at what a person sees of it.
 *
 * @param shows What it has to show.
 * @param flags How many may wait, and for how long.
 */
export async function isTold(
  { service, code, connections, program, args }: Registered,
  shows: string,
  flags: readonly string[],
): Promise<void> {
  await using upstream = new Service();
  await using gate = await Gate.open(
    ...["--upstream", `127.0.0.1:${upstream.address.port}`, "--reject-as", service],
    ...["--max-connections", "1", ...flags],
  );
  using _holder = await Deno.connect({ hostname: "127.0.0.1", port: gate.port });
  await gate.holds(1, 0);
  const ended = await run(program, args(gate.port));
  const written = ended.stdout + ended.stderr;
  assertEquals([written.includes(shows), written], [true, written]);
  assertEquals(ended.code, code, written);
  const { rejected_total, queued_total } = await gate.stats();
  const total = rejected_total + queued_total;
  const [least, most] = typeof connections === "number" ? [connections, connections] : connections;
  assert(total >= least && total <= most, `${total} connections`);
}

/** @returns The first that is not here: of files by their paths, and programs by their names. */
export function firstLacking(needs: readonly string[]): string | undefined {
  return needs.find((need) => need.startsWith("/") ? !isThere(need) : missing([need]) !== undefined)
    ?.replace(HERE, "");
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
