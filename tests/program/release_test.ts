/**
 * The release, with `deno` in the place of the runtime for this machine, and those for others out of reach.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ROOT } from "../support/build.ts";
import { BINARY } from "../support/program.ts";
import { Directory, run } from "../support/servers.ts";

const HERE = Deno.build.target;

/** Some system that this one is not. */
const ELSEWHERE = HERE.includes("darwin") ? "x86_64-pc-windows-msvc" : "aarch64-apple-darwin";

const NOWHERE = "http://127.0.0.1:9";

function testRelease(name: string, fn: (place: Directory) => Promise<void>): void {
  Deno.test({
    name: `deno task release: ${name}` +
      (BINARY === undefined ? "" : " (skipped: POOLGATE_TEST_BINARY names an executable)"),
    ignore: BINARY !== undefined,
    fn: async () => {
      await using place = await Directory.make();
      await fn(place);
    },
  });
}

/** Runs the task with a cache of Deno's that has no runtimes. */
async function release({ path }: Directory, ...targets: string[]) {
  const info = await run(Deno.execPath(), ["info", "--json"]);
  const cache = `${path}/cache`;
  await Deno.mkdir(cache);
  await Deno.symlink(JSON.parse(info.stdout).npmCache, `${cache}/npm`);
  const env = {
    ...{ DENO_DIR: cache, DENORT_BIN: Deno.execPath(), NO_COLOR: "1" },
    ...{ HTTPS_PROXY: NOWHERE, https_proxy: NOWHERE },
  };
  const task = ["task", "--quiet", "--config", `${ROOT}deno.json`, "release"];
  return await run(Deno.execPath(), [...task, "--output", `${path}/out`, ...targets], env);
}

testRelease("builds for a system, and prints the SHA-256", async (place) => {
  const { code, stdout, stderr } = await release(place, HERE);
  assertEquals(code, 0, stderr);
  const [, sum = "", name = ""] = /^([0-9a-f]{64}) {2}(poolgate-\S+)\n$/.exec(stdout) ?? [];
  assertStringIncludes(name, HERE);
  assertEquals(await Deno.readTextFile(`${place.path}/out/SHA256SUMS`), stdout);
  const { size } = await Deno.stat(`${place.path}/out/${name}`);
  assert(size > (await Deno.stat(Deno.execPath())).size, "nothing is embedded");
  const bytes = await Deno.readFile(`${place.path}/out/${name}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  assertEquals(sum, digest.toHex());
});

testRelease("says which system's runtime cannot be had, and why, and fails", async (place) => {
  const { code, stdout, stderr } = await release(place, HERE, ELSEWHERE);
  assertEquals(code, 1, stderr);
  assertMatch(stdout, new RegExp(`^\\S+  poolgate-[^\n]*${HERE}\n$`));
  assertMatch(
    stderr,
    new RegExp(`^${ELSEWHERE} is NOT BUILT: .*denort-${ELSEWHERE}\\.zip.*\n1 of 2 .*\n$`),
  );
});

testRelease("a system that there is no executable for is one line and exit 2", async (place) => {
  const { code, stdout, stderr } = await release(place, "sparc");
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /^sparc is no target of a release, it must be one of [^\n]*\n$/);
});
