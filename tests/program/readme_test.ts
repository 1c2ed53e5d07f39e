/**
 * What the README shows is what happens: its commands on the samples are run, and print what stands below
 * them. Its commands to test and to compile are for .ci/run and compile_test.ts. Where POOLGATE_TEST_BINARY names an
 * executable, that runs in the place of `deno run main.ts`.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { BINARY, timeLimit } from "../support/program.ts";
import { Service } from "../support/service.ts";
import { Directory, run, testWith } from "../support/servers.ts";
import { Client } from "../support/sockets.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

/** The README's way of naming Deno on a machine that has only Node; the tests run the Deno they run on. */
const DENO = "npx --yes deno@2.9.6";

/** Shell blocks, and the block of output right below where there is one. */
const BLOCKS = /```sh\n([^]*?)```\n(?:\n```json\n([^]*?)```)?/g;

const readme = await Deno.readTextFile(`${ROOT}README.md`);
const blocks = [...readme.matchAll(BLOCKS)].map(([, script = "", output]) => ({ script, output }));

/** A script of the README for this machine: with the Deno of the tests, or with the executable under test. */
function runnable(script: string): string {
  const program = `${DENO} run [^<\n]*?main\\.ts`;
  const ours = BINARY === undefined ? script : script.replace(new RegExp(program), `'${BINARY}'`);
  return ours.replaceAll(DENO, `'${Deno.execPath()}'`);
}

async function stdoutOf(script: string): Promise<string> {
  const args = ["-c", runnable(script)];
  const command = new Deno.Command("bash", {
    ...{ args, cwd: ROOT, stderr: "inherit", signal: timeLimit() },
  });
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

Deno.test("README: names the Deno of the runtime that test:executable takes from npm", async () => {
  const packages = await Deno.readTextFile(`${ROOT}tests/support/borrowed_runtime/package.json`);
  const version = JSON.parse(packages).dependencies["@deno/linux-x64-glibc"];
  assertEquals(readme.includes(`a runtime of Deno ${version} from npm`), true, version);
});

/** A command of the README that listens, at free ports instead of its own, until the test disposes of it. */
class Listening implements AsyncDisposable {
  #child: Deno.ChildProcess;
  #notes: ReadableStreamDefaultReader<string>;
  /** What it has written to stderr until it listened. */
  readonly said: string;

  private constructor(
    child: Deno.ChildProcess,
    notes: ReadableStreamDefaultReader<string>,
    said: string,
  ) {
    this.#child = child;
    this.#notes = notes;
    this.said = said;
  }

  /** @param at What it is found by. */
  static async command(
    at: string,
    { upstream = "127.0.0.1:5432", env = {} } = {},
  ): Promise<Listening> {
    const script = (blocks.find(({ script }) => script.includes(at))?.script ?? "")
      .replace(/(--listen|--admin) 127\.0\.0\.1:\d+/g, "$1 127.0.0.1:0")
      .replace("--upstream 127.0.0.1:5432", `--upstream ${upstream}`);
    const streams = { stdin: "null", stdout: "null", stderr: "piped" } as const;
    const args = ["-c", `exec ${runnable(script)}`];
    const child = new Deno.Command("bash", {
      args,
      cwd: ROOT,
      env,
      signal: timeLimit(),
      ...streams,
    }).spawn();
    const notes = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    let said = "";
    while (!/listening at .*\n/.test(said)) {
      const { value, done } = await notes.read();
      if (done) throw new Error(`it does not listen: ${said}`);
      said += value;
    }
    return new Listening(child, notes, said);
  }

  /** Where clients come in. */
  get address(): string {
    return /listening at ([^ ,\n]+)/.exec(this.said)?.[1] ?? this.said;
  }

  /** Where operators are served: `HOST:PORT`. */
  get admin(): string {
    return /admin at http:\/\/([^/]+)\//.exec(this.said)?.[1] ?? this.said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#notes.cancel();
    assertEquals((await this.#child.status).code, 0);
  }
}

Deno.test("README: what it says that three connections hear is what they hear", async () => {
  const promised = readme.match(/^\{"src": "127\.0\.0\.1:7000".*$/gm) ?? [];
  await using poolgate = await Listening.command("--listen 127.0.0.1:7000");
  const clients: Client[] = [];
  const heard: string[] = [];
  for (let i = 0; i < 3; i++) {
    const client = await Client.to(poolgate.address);
    clients.push(client);
    heard.push(await client.line() ?? "");
  }
  const [first, second, third] = clients as [Client, Client, Client];
  assertEquals(await third.line(), undefined);
  first.close();
  heard.push(await second.line() ?? "");
  for (const client of [second, third]) client.close();
  const names = [poolgate.address, ...clients.map(({ name }) => name)];
  const written = ["127.0.0.1:7000", "127.0.0.1:50001", "127.0.0.1:50002", "127.0.0.1:50003"];
  const shown = heard.map((line) =>
    names.reduce((text, name, at) => text.replaceAll(name, written[at] ?? ""), line)
  );
  assertEquals(shown, promised);
});

Deno.test("README: its command for PostgreSQL listens", async () => {
  await using poolgate = await Listening.command("--listen 127.0.0.1:6432");
  assertMatch(poolgate.address, /^127\.0\.0\.1:\d+$/);
});

const TOKEN = "s3cret";

/** The README's command for operators, before a service, with a token. */
async function serveOperators(service: Service): Promise<Listening> {
  return await Listening.command("--admin 127.0.0.1:9632", {
    upstream: `127.0.0.1:${service.address.port}`,
    env: { POOLGATE_ADMIN_TOKEN: TOKEN },
  });
}

/** The rows of the README's table that has this head. */
function table(head: string): string[][] {
  const lines = readme.slice(readme.indexOf(`| ${head} `)).split("\n");
  const end = lines.findIndex((line) => !line.startsWith("|"));
  return lines.slice(2, end).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** As many as may look at once. */
const MAX_VIEWERS = 64;

Deno.test("README: each path for operators answers with each of its statuses", async () => {
  await using service = new Service();
  await using poolgate = await serveOperators(service);
  const client = await Client.to(poolgate.address);
  const met: string[] = [];
  const look = (path: string, init: RequestInit = {}) =>
    fetch(`http://${poolgate.admin}${path}`, init);
  const meet = async (name: string, path = name, init: RequestInit = {}) => {
    const answer = await look(path, init);
    await answer.body?.cancel();
    met.push(`${name}: ${answer.status}`);
  };
  const headers = { authorization: `Bearer ${TOKEN}` };
  const put = (limit: number) => ({
    method: "PUT",
    body: JSON.stringify({ max_connections: limit, backlog_size: limit }),
  });
  const paths = ["/", "/metrics", "/healthz", "/readyz", "/api/stats", "/api/clients"];
  for (const path of [...paths, "/api/events"]) await meet(path);
  await meet("/api/clients", "/api/clients?state=gone");
  await meet("/api/permission", "/api/permission", { headers });
  await meet("/api/permission");

  const config = (init: RequestInit) => meet("PUT /api/config", "/api/config", init);
  await config({ ...put(0), headers });
  await meet("/readyz");
  await config({ ...put(-1), headers });
  await config(put(1));
  await config({ ...put(1), body: "x".repeat(5000), headers });

  const disconnect = (id: string, init: RequestInit) =>
    meet("DELETE /api/clients/{id}", `/api/clients/${id}`, { method: "DELETE", ...init });
  await disconnect(client.name, {});
  await disconnect("%E0%A4%A", { headers });
  await disconnect(client.name, { headers });
  assertEquals(await client.rest(), "");
  await disconnect(client.name, { headers });
  client.close();

  const viewers = await Promise.all(
    Array.from({ length: MAX_VIEWERS }, () => look("/api/events")),
  );
  await meet("/api/events");
  for (const { body } of viewers) await body?.cancel();

  const promised = table("path").flatMap(([path = "", , statuses = ""]) =>
    statuses.split(", ").map((status) => `${path.replaceAll("`", "")}: ${status}`)
  );
  assertEquals(met.sort(), promised.sort());
});

testWith(["curl"], "README: its curl commands change the limits and end a connection", async () => {
  await using service = new Service();
  await using poolgate = await serveOperators(service);
  const client = await Client.to(poolgate.address);
  const script = blocks.find(({ script }) => script.startsWith("curl "))?.script ?? "";
  const ours = script.replaceAll("127.0.0.1:9632", poolgate.admin)
    .replace("127.0.0.1:50123", client.name);
  const env = { POOLGATE_ADMIN_TOKEN: TOKEN, no_proxy: "*" };
  const { code, stdout } = await run("bash", ["-c", ours], env);
  const answers = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals([code, answers], [0, [
    { max_connections: 40, backlog_size: 200, active: 1, queued: 0, promoted: 0 },
    { promoted: null, active: 0, queued: 0 },
  ]]);
  assertEquals(await client.rest(), "");
  client.close();
});

Deno.test("README: names every metric, its labels and its type", async () => {
  await using service = new Service();
  await using poolgate = await serveOperators(service);
  const text = await (await fetch(`http://${poolgate.admin}/metrics`)).text();
  const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = "", type]) => {
    const [, labels = ""] = new RegExp(`^${name}(?:_sum)?\\{(.*)\\}`, "m").exec(text) ?? [];
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label);
    return [`\`${name}${names.length === 0 ? "" : `{${names}}`}\``, type];
  });
  assertEquals(table("metric").map(([name, type]) => [name, type]).sort(), types.sort());
});

testWith(["promtool"], "README: promtool accepts its configuration and its rules", async () => {
  await using home = await Directory.make();
  for (const [, name, text = ""] of readme.matchAll(/```yaml\n# (\S+)\n([^]*?)```/g)) {
    await Deno.writeTextFile(`${home.path}/${name}`, text);
  }
  const strictly = ["--lint=all", "--lint-fatal"];
  const checks = [["config", "prometheus.yml"], ["rules", "poolgate.rules.yml"]] as const;
  for (const [what, name] of checks) {
    const args = ["check", what, ...strictly, `${home.path}/${name}`];
    const { code, stdout, stderr } = await run("promtool", args);
    assertEquals([code, stderr], [0, ""], stdout);
    assertMatch(stdout, /SUCCESS: 3 rules found/);
  }
});
