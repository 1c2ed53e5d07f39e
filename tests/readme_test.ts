/**
 * What the README shows is what happens: its commands on the samples are run, and print what stands below
 * them. Its commands to test and to compile are for .ci/run and compile_test.ts.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { Client } from "./sockets.ts";

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

/** Starts a command of the README that listens, at a free port instead of its own, and stops it afterwards. */
async function listening(port: string, test: (address: string) => Promise<void>): Promise<void> {
  const script =
    blocks.find(({ script }) => script.includes(`--listen 127.0.0.1:${port} `))?.script ?? "";
  const args = [
    "-c",
    `exec ${script.replace(`:${port} `, ":0 ").replace(DENO, `'${Deno.execPath()}'`)}`,
  ];
  const streams = { stdin: "null", stdout: "null", stderr: "piped" } as const;
  const child = new Deno.Command("bash", { args, cwd: ROOT, ...streams }).spawn();
  const notes = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  const note = (await notes.read()).value ?? "";
  await test(/listening at ([^ ,\n]+)/.exec(note)?.[1] ?? note);
  child.kill("SIGTERM");
  await notes.cancel();
  assertEquals((await child.status).code, 0);
}

Deno.test("README: what it says that three connections hear is what they hear", async () => {
  const promised = readme.match(/^\{"src": "127\.0\.0\.1:7000".*$/gm) ?? [];
  await listening("7000", async (address) => {
    const clients: Client[] = [];
    const heard: string[] = [];
    for (let i = 0; i < 3; i++) {
      const client = await Client.to(address);
      clients.push(client);
      heard.push(await client.line() ?? "");
    }
    const [first, second, third] = clients as [Client, Client, Client];
    assertEquals(await third.line(), undefined);
    first.close();
    heard.push(await second.line() ?? "");
    for (const client of [second, third]) client.close();
    const names = [address, ...clients.map(({ name }) => name)];
    const written = ["127.0.0.1:7000", "127.0.0.1:50001", "127.0.0.1:50002", "127.0.0.1:50003"];
    const shown = heard.map((line) =>
      names.reduce((text, name, at) => text.replaceAll(name, written[at] ?? ""), line)
    );
    assertEquals(shown, promised);
  });
});

Deno.test("README: its command for PostgreSQL listens", async () => {
  await listening("6432", (address) => Promise.resolve(assertMatch(address, /^127\.0\.0\.1:\d+$/)));
});
