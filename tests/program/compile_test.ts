/**
 * The standalone executable. `deno compile` downloads its runtime on first use: where that can be had, the
 * binary is built and must pass every test from outside; where not, that test is skipped, and says so, and
 * the build is taken to its last step with `deno` itself in the runtime's place.
 */

import { assert, assertStringIncludes } from "@std/assert";
import { BINARY } from "../support/program.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const BUILD_TIME_LIMIT_MS = 5 * 60_000;

interface Build extends AsyncDisposable {
  success: boolean;
  log: string;
  binary: string;
}

/** Runs the `compile` task in a copy of the sources, so that nothing is left behind in the project. */
async function build(env: Record<string, string>): Promise<Build> {
  const copy = await Deno.makeTempDir({ prefix: "poolgate-compile-" });
  const names = ["deno.json", "deno.lock", "main.ts", "lib"];
  await succeed(new Deno.Command("cp", { args: ["-r", ...names, copy], cwd: ROOT }));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "compile"],
    cwd: copy,
    env,
    stdin: "null",
    signal: AbortSignal.timeout(BUILD_TIME_LIMIT_MS),
  }).output();
  return {
    success,
    log: new TextDecoder().decode(stderr),
    binary: `${copy}/poolgate`,
    [Symbol.asyncDispose]: () => Deno.remove(copy, { recursive: true }),
  };
}

async function succeed(command: Deno.Command): Promise<void> {
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stdout) + decoder.decode(stderr));
}

async function testFromOutside(binary: string): Promise<void> {
  const permissions = [
    "--allow-read",
    "--allow-write",
    "--allow-run",
    "--allow-env",
    "--allow-net",
    "--allow-sys=homedir",
  ];
  const names = ["samples", "cli", "listen", "crowd", "chaos", "prometheus", "page"];
  const tests = names.map((name) => `tests/${name}_test.ts`);
  const args = ["test", "--quiet", ...permissions, ...tests];
  const env = { POOLGATE_TEST_BINARY: binary };
  await succeed(new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env }));
}

/** What is embedded as text or as a package is there. */
async function testOperators(binary: string): Promise<void> {
  const streams = { stdin: "piped", stdout: "null", stderr: "piped" } as const;
  const child = new Deno.Command(binary, { args: ["--admin", "127.0.0.1:0"], ...streams }).spawn();
  const notes = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  const { value: note = "" } = await notes.read();
  const url = /admin at (\S+)/.exec(note)?.[1] ?? note;
  for (const path of ["", "page.css", "main.js", "uplot.js", "uplot.css", "metrics"]) {
    const answer = await fetch(url + path);
    assert(answer.ok && (await answer.text()).length > 0, path);
  }
  await child.stdin.close();
  await notes.cancel();
  assert((await child.status).success);
}

/** The names of what browsers are served. */
function pageFiles(): string[] {
  const names = [...Deno.readDirSync(`${ROOT}lib/admin/page`)].map(({ name }) => name);
  return names.filter((name) => /\.(html|css|js)$/.test(name));
}

async function testToTheLastStep(): Promise<void> {
  await using standIn = await build({ DENORT_BIN: Deno.execPath() });
  assert(standIn.success, standIn.log);
  const [, embedded = ""] = standIn.log.split("Embedded Files");
  const files = ["main.ts", "stdio.ts", "flags.ts", "help.ts", "gate.ts", "network.ts"];
  for (const file of [...files, ...pageFiles(), "uplot/", "prom-client/"]) {
    assertStringIncludes(embedded, ` ${file}`);
  }
  for (const name of ["fast-check", "playwright-core"]) {
    assert(!embedded.includes(name), `${name} is embedded, which only the tests use`);
  }
  const runtime = await Deno.stat(Deno.execPath());
  assert((await Deno.stat(standIn.binary)).size > runtime.size, "nothing is embedded");
}

Deno.test({
  name: "deno task compile: builds a standalone executable that passes the tests from outside" +
    (BINARY === undefined ? "" : " (skipped: POOLGATE_TEST_BINARY names one built already)"),
  ignore: BINARY !== undefined,
  fn: async (t) => {
    await using built = await build({});
    const noRuntime = !built.success && /denort\S*\.zip/.test(built.log);
    await t.step({
      name: "the executable passes every test from outside" +
        (noRuntime ? " (skipped: the compile runtime cannot be downloaded here)" : ""),
      ignore: noRuntime,
      fn: async () => {
        assert(built.success, built.log);
        await testOperators(built.binary);
        await testFromOutside(built.binary);
      },
    });
    await t.step({
      name: "the build comes to its last step with deno in the runtime's place" +
        (noRuntime ? "" : " (skipped: the real build was run)"),
      ignore: !noRuntime,
      fn: testToTheLastStep,
    });
  },
});
