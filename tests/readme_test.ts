/**
 * What the README shows is what happens: its commands on the samples are run, and print what stands below
 * them. Its commands to test and to compile are for .ci/run and compile_test.ts.
 */

import { assertEquals } from "@std/assert";

const ROOT = new URL("..", import.meta.url).pathname;

/** The README's way of naming Deno on a machine that has only Node; the tests run the Deno they run on. */
const DENO = "npx --yes deno@2.9.6";

/** Shell blocks, and the block of output right below where there is one. */
const BLOCKS = /```sh\n([^]*?)```\n(?:\n```json\n([^]*?)```)?/g;

const readme = await Deno.readTextFile(`${ROOT}README.md`);
const blocks = [...readme.matchAll(BLOCKS)].map(([, script = "", output]) => ({ script, output }));

async function stdoutOf(script: string): Promise<string> {
  const args = ["-c", script.replaceAll(DENO, `'${Deno.execPath()}'`)];
  const command = new Deno.Command("bash", { args, cwd: ROOT, stderr: "inherit" });
  return new TextDecoder().decode((await command.output()).stdout);
}

Deno.test("README: shows how to run it and how to test it, in this order", () => {
  assertEquals(blocks[0]?.script, `${DENO} run main.ts < tests/samples/queue.in.ndjson\n`);
  assertEquals(blocks[1]?.script, `${DENO} task test\n`);
  assertEquals(blocks.filter(({ output }) => output !== undefined).length, 2);
});

for (const { script, output } of blocks) {
  if (output === undefined) continue;
  Deno.test(`README: ${script.split("\n")[0]} prints what stands below it`, async () => {
    assertEquals(await stdoutOf(script), output);
  });
}

Deno.test("README: the variable of its example is read", async () => {
  const example = blocks.find(({ script }) => script.startsWith("POOLGATE_BACKLOG_SIZE=5"));
  const stdout = await stdoutOf(example?.script ?? "false");
  assertEquals(stdout.includes(`"backlog_size": 5,`), true);
});

Deno.test("README: names the Deno that .ci/run installs", async () => {
  const ci = await Deno.readTextFile(`${ROOT}.ci/run`);
  assertEquals(ci.includes(`DENO_VERSION=${DENO.split("@")[1]}`), true);
});
