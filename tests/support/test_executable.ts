/**
 * Builds the executable and runs the tests from outside against it: with the runtime of the Deno that runs this, where
 * `deno compile` can download it, or names it by DENORT_BIN; else with Deno 2.7.11 and a runtime that npm has. Where
 * neither can be had, says so and ends well. Imports nothing from lib/.
 *
 * @module
 */

import { type Build, build, ROOT } from "./build.ts";

/** The folder of the tests that start the program. */
const PROGRAM = "tests/program/";

/**
 * Left out of it: what becomes of a shared pool when something fails, and in which order it lets in, is the same code.
 * That the executable can share one is seen by the tests of its start and of its stdin.
 */
const LEFT_OUT = ["faults", "order", "chaos", "readme"].map((name) => `cluster_${name}_test.ts`);

/** All others, and those before two real servers of the many. */
const TESTS = [
  ...Array.from(Deno.readDirSync(`${ROOT}${PROGRAM}`), ({ name }) => name)
    .filter((name) => name.endsWith("_test.ts") && !LEFT_OUT.includes(name))
    .sort()
    .map((name) => `${PROGRAM}${name}`),
  ...["postgres", "redis"].map((name) => `tests/servers/${name}_test.ts`),
];

/**
 * An executable that `deno compile` made is its runtime with a program appended, so it serves as the runtime of
 * another one. This package holds one of Deno 2.7.11. It is a stranger's: for tests only.
 */
const BORROWED = "@stdy/cli-linux-x64";
const ITS_DENO = "@deno/linux-x64-glibc";
const BORROWED_PACKAGES = `${ROOT}tests/support/borrowed_runtime`;
const BORROWED_TARGET = "x86_64-unknown-linux-gnu";

const INSTALL_TIME_LIMIT_MS = 3 * 60_000;

/** What npm says where a package is out of reach. Anything else, a wrong hash above all, is a failure. */
const OUT_OF_REACH =
  /npm \S+ code (ENOTFOUND|EAI_AGAIN|ECONN[A-Z]+|ENET[A-Z]+|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|E40[34]|E5\d\d)/;

/** An executable, and what it was made of. */
interface Made extends AsyncDisposable {
  binary: string;
  of: string;
}

/** There is none here, and why. */
interface OutOfReach {
  reason: string;
}

async function main(): Promise<number> {
  const made = await make();
  if ("reason" in made) {
    console.log(`The executable is NOT TESTED: ${made.reason}`);
    return 0;
  }
  await using executable = made;
  console.log(`Testing the executable of ${executable.of}`);
  console.log(`Left out, as they test what does not depend on it: ${LEFT_OUT.join(", ")}`);
  const { code, verdict } = await test(executable.binary);
  console.log(`The executable of ${executable.of}: ${verdict}`);
  return code;
}

async function make(): Promise<Made | OutOfReach> {
  const own = await build();
  if (own.success) {
    const runtime = Deno.env.get("DENORT_BIN") ?? "its own";
    return made(own, `Deno ${Deno.version.deno}, runtime: ${runtime}`);
  }
  await own[Symbol.asyncDispose]();
  if (!/denort\S*\.zip/.test(own.log)) throw new Error(`deno task compile: ${own.log}`);
  return await makeWithBorrowed();
}

async function makeWithBorrowed(): Promise<Made | OutOfReach> {
  const nothing = "the runtime of deno compile is out of reach, and";
  if (Deno.build.target !== BORROWED_TARGET) {
    return { reason: `${nothing} the one on npm is for ${BORROWED_TARGET} alone` };
  }
  const home = await Deno.makeTempDir({ prefix: "poolgate-runtime-" });
  try {
    const obstacle = await install(home);
    if (obstacle !== undefined) return { reason: `${nothing} ${obstacle}` };
    const { dependencies } = JSON.parse(await Deno.readTextFile(`${home}/package.json`));
    const runtime = `${home}/node_modules/${BORROWED}/bin/steady`;
    await Deno.chmod(runtime, 0o755);
    const borrowed = await build({
      deno: `${home}/node_modules/${ITS_DENO}/deno`,
      env: { DENORT_BIN: runtime, DENO_TLS_CA_STORE: "mozilla,system" },
      unstable: ["raw-imports"], // of its imports of text, stable since
    });
    const of = `Deno ${dependencies[ITS_DENO]}, runtime: npm:${BORROWED}@${dependencies[BORROWED]}`;
    return made(borrowed, of);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

function made(build: Build, of: string): Made {
  if (!build.success) throw new Error(`building the executable of ${of}: ${build.log}`);
  return {
    binary: build.binary,
    of,
    [Symbol.asyncDispose]: () => build[Symbol.asyncDispose](),
  };
}

/**
 * Installs the two packages, by the hashes of the lock file and without running their scripts.
 *
 * @returns Why they cannot be had, or `undefined` where they are there.
 */
async function install(home: string): Promise<string | undefined> {
  for (const name of ["package.json", "package-lock.json"]) {
    await Deno.copyFile(`${BORROWED_PACKAGES}/${name}`, `${home}/${name}`);
  }
  const ended = await npmCi(home);
  if (ended === undefined) return "there is no npm";
  if (ended.success) return undefined;
  if (ended.signal !== null) return `npm did not end within ${INSTALL_TIME_LIMIT_MS / 1000} s`;
  const log = new TextDecoder().decode(ended.stderr);
  const code = OUT_OF_REACH.exec(log)?.[1];
  if (code === undefined) throw new Error(`npm ci: ${log}`);
  return `npm answers ${code}`;
}

/** Runs `npm ci`; `undefined` where there is no npm. */
async function npmCi(cwd: string): Promise<Deno.CommandOutput | undefined> {
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"];
  const signal = AbortSignal.timeout(INSTALL_TIME_LIMIT_MS);
  try {
    return await new Deno.Command("npm", { args, cwd, stdin: "null", signal }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Runs the tests from outside, shows what they write, and returns the test runner's closing line with its status. */
async function test(binary: string): Promise<{ code: number; verdict: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "test", "--no-check", ...TESTS],
    cwd: ROOT,
    env: { POOLGATE_TEST_BINARY: binary, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  let verdict = "the tests did not come to their end";
  let tail = "";
  const [shown, read] = child.stdout.tee();
  const showing = shown.pipeTo(Deno.stdout.writable, { preventClose: true });
  for await (const text of read.pipeThrough(new TextDecoderStream())) {
    tail = (tail + text).slice(-1000);
    verdict = /^(?:ok|FAILED) \| .*$/m.exec(tail)?.[0] ?? verdict;
  }
  await showing;
  return { code: (await child.status).code, verdict };
}

Deno.exit(await main());
