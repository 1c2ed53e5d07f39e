/**
 * The build of the executable, to its last step: `deno` stands in for the runtime, which `deno compile` would download.
 * What comes out is no poolgate; `deno task test:executable` builds one and tests it.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Build, build, ROOT } from "../support/build.ts";
import { BINARY } from "../support/program.ts";

const STAND_IN = { DENORT_BIN: Deno.execPath() };

/** Only the tests use these. */
const TEST_PACKAGES = ["fast-check", "playwright-core"];

/** What has been built, by its arguments: the tests only look at it. */
const builds = new Map<string, Promise<Build>>();

function builtBy(args: string[]): Promise<Build> {
  const key = args.join(" ");
  const built = builds.get(key) ?? build({ args, env: STAND_IN });
  builds.set(key, built);
  return built;
}

Deno.test.afterAll(async () => {
  for (const built of builds.values()) await (await built)[Symbol.asyncDispose]();
});

function testBuild(name: string, args: string[], fn: (built: Build) => Promise<void>): void {
  Deno.test({
    name: name + (BINARY === undefined ? "" : " (skipped: POOLGATE_TEST_BINARY names one built)"),
    ignore: BINARY !== undefined,
    fn: async () => {
      const built = await builtBy(args);
      assert(built.success, built.log);
      await fn(built);
    },
  });
}

/** The names of what browsers are served. */
function pageFiles(): string[] {
  const names = [...Deno.readDirSync(`${ROOT}lib/admin/page`)].map(({ name }) => name);
  return names.filter((name) => /\.(html|css|js)$/.test(name));
}

function embeddedBy({ log }: Build): string {
  return log.split("Embedded Files")[1] ?? "";
}

testBuild(
  "deno task compile: embeds all that the program loads",
  ["task", "compile"],
  async (built) => {
    // A room without folders of its own is shown as one.
    for (const room of ["admin", "cli", "gate", "io", "pool", "protocol"]) {
      assertMatch(embeddedBy(built), new RegExp(`─┬? ${room}(/\\*)? \\(`));
    }
    const packages = ["uplot/", "prom-client/", "hdr-histogram-js/"];
    for (const file of ["main.ts", "stdio.ts", ...pageFiles(), ...packages]) {
      assertStringIncludes(embeddedBy(built), file);
    }
    const runtime = await Deno.stat(Deno.execPath());
    assert((await Deno.stat(built.binary)).size > runtime.size, "nothing is embedded");
  },
);

testBuild("deno task compile: embeds no package of the tests", ["task", "compile"], (built) => {
  const embedded = embeddedBy(built);
  assertStringIncludes(embedded, "deno-std/");
  assertEquals(TEST_PACKAGES.filter((name) => embedded.includes(name)), []);
  return Promise.resolve();
});

testBuild(
  "deno task compile: leaves deno.lock as it is",
  ["task", "compile"],
  async ({ folder }) => {
    const [ours, theirs] = await Promise.all(
      [ROOT, `${folder}/`].map((place) => Deno.readTextFile(`${place}deno.lock`)),
    );
    assertEquals(theirs, ours);
  },
);

testBuild(
  "deno compile -A main.ts: needs no more flags",
  ["compile", "-A", "main.ts"],
  (built) => Promise.resolve(assertStringIncludes(embeddedBy(built), "main.ts")),
);
