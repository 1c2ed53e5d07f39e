/** The executable by itself: what it needs of the machine that it runs on, and what it leaves there. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { BINARY, Conversation, LACKS_ADMIN, run, timeLimit } from "../support/program.ts";
import { Directory } from "../support/servers.ts";
import { Service } from "../support/service.ts";
import { Client } from "../support/sockets.ts";

const STATS = '{"src":"c1","dest":"n1","body":{"type":"pool_stats","msg_id":1}}\n';
const ANY_PORT = "127.0.0.1:0";

/** A shell line that runs the program, which stands there as `"$@"`: with `exec`, so that signals reach it. */
type Start = string;

async function helps(start: Start): Promise<void> {
  const program = Conversation.inShell(start, { args: ["--help"] });
  assertStringIncludes(await program.hear(), "--max-connections N");
  assertEquals(await program.end(), 0);
}

async function answersStdin(start: Start): Promise<void> {
  const program = Conversation.inShell(start, {});
  await program.say(STATS);
  assertStringIncludes(await program.hear(), '"pool_stats_ok", "in_reply_to": 1,');
  assertEquals(await program.end(), 0);
}

/** Starts it, waits until it has noted all of `notes`, and returns what these found. */
async function noting(
  start: Start,
  args: string[],
  ...notes: RegExp[]
): Promise<[Conversation, ...string[]]> {
  const program = Conversation.inShell(start, { args });
  let noted = "";
  while (!notes.every((what) => what.test(noted))) {
    const note = await program.note();
    if (note === "") throw new Error(`it ended: ${noted}`);
    noted += note;
  }
  return [program, ...notes.map((what) => what.exec(noted)?.[1] ?? "")];
}

const LISTENING = /listening at (\S+?),?\s/;
const ADMIN = /admin at (http:\S+)\/\n/;

async function ends(program: Conversation): Promise<void> {
  program.signal("SIGTERM");
  assertEquals(await program.exit(), 0);
}

async function takesConnections(start: Start): Promise<void> {
  const [program, address = ""] = await noting(start, ["--listen", ANY_PORT], LISTENING);
  const client = await Client.to(address);
  assertStringIncludes(await client.line() ?? "", '"status": "connected"');
  client.close();
  await ends(program);
}

async function forwards(start: Start): Promise<void> {
  await using service = new Service();
  const upstream = `127.0.0.1:${service.address.port}`;
  const args = ["--listen", ANY_PORT, "--upstream", upstream];
  const [program, address = ""] = await noting(start, args, LISTENING);
  const client = await Client.to(address);
  await client.say("hello");
  await client.socket.closeWrite();
  assertEquals(await client.rest(), "<hello>");
  client.close();
  await ends(program);
}

async function servesOperators(start: Start): Promise<void> {
  const args = ["--listen", ANY_PORT, "--admin", ANY_PORT];
  const [program, , admin] = await noting(start, args, LISTENING, ADMIN);
  for (const path of ["/", "/main.js", "/uplot.js", "/metrics", "/healthz", "/api/stats"]) {
    const answer = await fetch(`${admin}${path}`);
    assertEquals([answer.status, (await answer.text()).length > 0], [200, true], path);
  }
  await ends(program);
}

async function serveEveryMode(start: Start): Promise<void> {
  await helps(start);
  await answersStdin(start);
  await takesConnections(start);
  await forwards(start);
  if (LACKS_ADMIN === undefined) await servesOperators(start);
}

const EVERY_MODE = LACKS_ADMIN === undefined ? "every mode" : "every mode but --admin";

async function succeeds(...[program = "", ...args]: string[]): Promise<boolean> {
  const streams = { stdin: "null", stdout: "null", stderr: "null" } as const;
  try {
    return (await new Deno.Command(program, { args, signal: timeLimit(), ...streams }).output())
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Registers a test of the executable, skipped where `lacking` says why. */
function testExecutable(
  name: string,
  fn: (binary: string) => Promise<void>,
  lacking?: string,
): void {
  const obstacle = BINARY === undefined ? "POOLGATE_TEST_BINARY names none" : lacking;
  Deno.test({
    name: `the executable ${name}` + (obstacle === undefined ? "" : ` (skipped: ${obstacle})`),
    ignore: obstacle !== undefined,
    fn: () => fn(BINARY ?? ""),
  });
}

/** The file in which executables of `deno compile` keep V8's code cache, for whoever is first to write it. */
function cacheName(binary: string): string {
  return `deno-compile-${binary.slice(binary.lastIndexOf("/") + 1)}.cache`;
}

/** Long past, and the last reading before the last change: then each reading is noted. */
const READ = new Date("2001-01-01");
const CHANGED = new Date("2002-02-02");

async function plant(path: string): Promise<void> {
  await Deno.writeTextFile(path, "harmless\n");
  await Deno.utime(path, READ, CHANGED);
}

/** How much of a file a failure shows. */
const SHOWN_CHARACTERS = 100;

/** All that is in a directory, with the times of its files and its own. */
async function inventory(path: string): Promise<unknown[]> {
  const found: unknown[] = [path, (await Deno.stat(path)).mtime];
  for await (const { name, isFile } of Deno.readDir(path)) {
    const at = `${path}/${name}`;
    const { atime, mtime, size } = await Deno.stat(at);
    const file = async () => [atime, mtime, size, (await textOf(at)).slice(0, SHOWN_CHARACTERS)];
    found.push(name, await (isFile ? file() : inventory(at)));
  }
  return found;
}

/** The text of a file, whose times are left as they were. */
async function textOf(path: string): Promise<string> {
  const { atime, mtime } = await Deno.stat(path);
  const text = await Deno.readTextFile(path);
  await Deno.utime(path, atime ?? READ, mtime ?? CHANGED);
  return text;
}

/** Serves every mode with directories of its own for all that programs write by themselves. */
async function leavesAlone(tmp: string, home: string): Promise<void> {
  const before = [await inventory(tmp), await inventory(home)];
  const variables = [`TMPDIR=${tmp}`, `HOME=${home}`, `XDG_CACHE_HOME=${home}`, `DENO_DIR=${home}`];
  await serveEveryMode(`exec env ${variables.join(" ")} "$@"`);
  assertEquals([await inventory(tmp), await inventory(home)], before);
}

testExecutable("serves operators", () => servesOperators('exec "$@"'), LACKS_ADMIN);

testExecutable(
  "with --admin, of a Deno that cannot serve operators, ends with one line and exit 2",
  async () => {
    for (const listen of [[], ["--listen", ANY_PORT]]) {
      const { code, stdout, stderr } = await run("", { args: [...listen, "--admin", ANY_PORT] });
      assertEquals([code, stdout], [2, ""]);
      assertMatch(stderr, /^poolgate: --admin cannot be served by this Deno: [^\n]*\n$/);
    }
    // One of this Deno has no excuse.
    const { stdout } = await run("", { args: ["--version"] });
    assertEquals(stdout.includes(`(deno ${Deno.version.deno},`), false, stdout);
  },
  LACKS_ADMIN === undefined ? "it serves them" : undefined,
);

testExecutable(`writes nothing, in ${EVERY_MODE}`, async () => {
  await using tmp = await Directory.make();
  await using home = await Directory.make();
  await leavesAlone(tmp.path, home.path);
});

testExecutable(
  `neither reads nor writes a code cache that lies there, in ${EVERY_MODE}`,
  async (binary) => {
    await using tmp = await Directory.make();
    await using home = await Directory.make();
    for (const { path } of [tmp, home]) await plant(`${path}/${cacheName(binary)}`);
    await leavesAlone(tmp.path, home.path);
    const file = `${tmp.path}/${cacheName(binary)}`;
    await Deno.readTextFile(file);
    const { atime } = await Deno.stat(file);
    if (atime?.getTime() === READ.getTime()) {
      console.log("readings are not noted on this file system: only writing was tested");
    }
  },
);

testExecutable(`serves ${EVERY_MODE} with an empty environment`, async () => {
  await serveEveryMode('exec env -i "$@"');
});

const USER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

testExecutable(
  `serves ${EVERY_MODE} as another user`,
  async (binary) => {
    await using place = await Directory.make();
    await Deno.chmod(place.path, 0o755);
    const copy = `${place.path}/poolgate`;
    await Deno.copyFile(binary, copy);
    await Deno.chmod(copy, 0o755);
    await serveEveryMode(`cd / && exec ${USER.join(" ")} ${copy} "\${@:2}"`);
  },
  await succeeds(...USER, "true") ? undefined : "becoming another user is not permitted",
);

/** Makes each mount read-only, and makes sure of it, before it becomes what its arguments say. */
const READ_ONLY = `
  mount --make-rprivate / || exit
  while read -r _ at _; do
    mount -o remount,bind,ro "$at" 2> /dev/null
  done < /proc/self/mounts
  for at in "$(dirname "$1")" "\${TMPDIR:-/tmp}" "$PWD"; do
    if touch "$at/written" 2> /dev/null; then echo "$at can be written" >&2; exit 1; fi
  done
  exec "$@"`;

testExecutable(
  `serves ${EVERY_MODE} on a read-only file system`,
  async () => {
    await serveEveryMode(`exec unshare --mount bash -c '${READ_ONLY}' bash "$@"`);
  },
  await succeeds("unshare", "--mount", "mount", "--make-rprivate", "/")
    ? undefined
    : "a mount namespace is not permitted",
);
