/**
 * What the README.md files show is what happens: each block of commands is run here, with free ports in the place of
 * its own, or it is named below with the place that runs it. Where POOLGATE_TEST_BINARY names an executable, that runs
 * in the place of `deno run main.ts`.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readText } from "../support/modules.ts";
import { timeLimit } from "../support/program.ts";
import { type Block, BLOCKS, DENO, READMES, runnable, tableOf } from "../support/readmes.ts";
import { Service } from "../support/service.ts";
import { ADMIN_SERVED, Directory, Postgres, run, start, testWith } from "../support/servers.ts";
import { Client, freePort, until } from "../support/sockets.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

/** As a newcomer reads it in a quarter of an hour. */
const MAX_WORDS = 2500;

const ADMIN = "lib/admin/README.md";

/** Blocks that are not run here: how each begins, the file that runs it, and what stands in that file. */
const RUN_ELSEWHERE: readonly (readonly [begins: string, file: string, has: string])[] = [
  [`${DENO} task test\n`, ".ci/run", "\nrun_task test\n"],
  [`${DENO} task compile\n`, "tests/program/compile_test.ts", '["task", "compile"]'],
  [`${DENO} task test:executable\n`, ".ci/run", "\nrun_task test:executable\n"],
  ["redis-server --port 6380", "tests/program/cluster_readme_test.ts", "redis-server --port 6380"],
  ["redis-cli ACL SETUSER", "tests/program/cluster_readme_test.ts", "redis-cli ACL SETUSER"],
  ["for process in 1 2", "tests/program/cluster_readme_test.ts", "for process in 1 2"],
  ["jq ", "tests/program/log_test.ts", "BLOCKS.find"],
  ["curl --fail-with-body -X PUT", "tests/servers/postgres_test.ts", 'includes("/api/pause")'],
  ["POOLGATE_TEST_BINARY=", "tests/support/test_executable.ts", "POOLGATE_TEST_BINARY: binary"],
];

/** Blocks that a test of this file runs. */
const runHere = new Set<Block>();

/** The one block that has a text in it, for a test to run. */
function blockWith(text: string): Block {
  const [block, ...others] = BLOCKS.filter(({ script }) => script.includes(text));
  assert(block !== undefined && others.length === 0, `${text} is to be in one block`);
  runHere.add(block);
  return block;
}

async function stdoutOf({ script }: Block): Promise<string> {
  const args = ["-c", runnable(script)];
  const command = new Deno.Command("bash", {
    ...{ args, cwd: ROOT, stderr: "inherit", signal: timeLimit() },
  });
  return new TextDecoder().decode((await command.output()).stdout);
}

Deno.test("README.md: shows how to run it and how to test it, in this order", () => {
  const [first, second] = BLOCKS;
  assertEquals(first?.script, `${DENO} run main.ts < tests/samples/queue.in.ndjson\n`);
  assertEquals(second?.script, `${DENO} task test\n`);
});

Deno.test(`README.md: has no more than ${MAX_WORDS} words`, () => {
  const words = readText("README.md").split(/\s+/).filter((word) => word !== "").length;
  assert(words > 0 && words <= MAX_WORDS, `${words} words`);
});

Deno.test("README: every link to a file of the project leads to one, and to a heading of it", () => {
  const broken: string[] = [];
  let links = 0;
  for (const path of READMES) {
    for (const [, to = ""] of readText(path).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      links++;
      if (!leadsSomewhere(path, to)) broken.push(`${path}: ${to}`);
    }
  }
  assert(links > 10, `only ${links} links were found`);
  assertEquals(broken, []);
});

function leadsSomewhere(path: string, link: string): boolean {
  const [file = "", heading] = link.split("#");
  const target = file === "" ? path : new URL(file, `file:///${path}`).pathname.slice(1);
  try {
    const headings = [...readText(target).matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) =>
      text.toLowerCase().replace(/[^\w\s-]/g, "").replaceAll(" ", "-")
    );
    return heading === undefined || headings.includes(heading);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("lib/gate/services/README.md: each row of the table names what holds it", () => {
  const rows = tableOf("lib/gate/services/README.md", "service");
  const held =
    /^\[.+\]\(\.\.\/\.\.\/\.\.\/(tests\/clients\/(debian|npm|languages|go)_test\.ts|findings\/[\w-]+\.sh)\)$/;
  assertEquals(rows.filter((row) => row.length !== 8 || !held.test(row[7] ?? "")), []);
  assert(rows.length > 0);
});

Deno.test("README.md, lib/gate/README.md: say how many clients the table has", () => {
  const { length } = tableOf("lib/gate/services/README.md", "service");
  assertStringIncludes(readText("README.md"), `a table of ${length} clients`);
  assertStringIncludes(readText("lib/gate/README.md"), `what each of ${length} shows`);
});

for (const block of BLOCKS) {
  const { path, script, output } = block;
  if (output === undefined || !/ main\.ts.*<(?:<| )/.test(script)) continue;
  runHere.add(block);
  Deno.test(`${path}: ${script.split("\n")[0]} prints what stands below it`, async () => {
    assertEquals(await stdoutOf(block), output);
  });
}

const VARIABLE = blockWith("POOLGATE_BACKLOG_SIZE=5");

Deno.test("README: the variable of its example is read", async () => {
  assertEquals((await stdoutOf(VARIABLE)).includes(`"backlog_size": 5,`), true);
});

Deno.test("README: names the Deno that .ci/run installs", () => {
  assertEquals(readText(".ci/run").includes(`DENO_VERSION=${DENO.split("@")[1]}`), true);
});

Deno.test("README: names the Deno of the runtime that test:executable takes from npm", () => {
  const packages = readText("tests/support/borrowed_runtime/package.json");
  const version = JSON.parse(packages).dependencies["@deno/linux-x64-glibc"];
  const text = readText("lib/cli/README.md");
  assertEquals(text.includes(`a runtime of Deno ${version} from npm`), true, version);
});

/** A block that listens, at free ports instead of its own, until the test disposes of it. */
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

  /** @param upstream `HOST:PORT` in the place of the block's own. */
  static async run(
    { script }: Block,
    { upstream = "127.0.0.1:5432", env = {}, cwd = ROOT } = {},
  ): Promise<Listening> {
    const ours = script
      .replace(/(--listen |--admin |_LISTEN=|_ADMIN=)127\.0\.0\.1:\d+/g, "$1127.0.0.1:0")
      .replace(/(--upstream |_UPSTREAM=)127\.0\.0\.1:\d+/, `$1${upstream}`)
      .replace(`${DENO} run`, `exec ${DENO} run`);
    const streams = { stdin: "null", stdout: "null", stderr: "piped" } as const;
    const args = ["-c", runnable(ours)];
    const signal = timeLimit();
    const child = new Deno.Command("bash", { args, cwd, env, signal, ...streams }).spawn();
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

const SLOW_SERVICE = blockWith("http.createServer");
const BEFORE_SERVICE = blockWith("--upstream 127.0.0.1:8080");
const THREE_CLIENTS = blockWith("http.get(");

testWith(["node"], "README: of three clients before its service, two are served", async () => {
  const port = freePort();
  const service = start("bash", ["-c", `exec ${SLOW_SERVICE.script.replace("8080", `${port}`)}`]);
  try {
    await until("the service listens", () => takesConnections(port));
    await using gate = await Listening.run(BEFORE_SERVICE, { upstream: `127.0.0.1:${port}` });
    const clients = THREE_CLIENTS.script.replace("127.0.0.1:8081", gate.address);
    const { stdout, stderr } = await run("bash", ["-c", clients]);
    assertEquals([stdout, stderr], [THREE_CLIENTS.output ?? "nothing", ""]);
  } finally {
    service.child.kill();
    await service.ended;
  }
});

async function takesConnections(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

const PLACES = blockWith("--listen 127.0.0.1:7000");
const PLACE_CLIENT = blockWith("net.connect(7000");

/** A client as the README starts it, until the test disposes of it. */
class PlaceClient implements AsyncDisposable {
  #child: Deno.ChildProcess;
  #said: ReadableStreamDefaultReader<string>;

  constructor({ address }: Listening) {
    const script = PLACE_CLIENT.script.replace("7000", address.split(":")[1] ?? "");
    const args = ["-c", `exec ${script}`];
    const signal = timeLimit();
    this.#child = new Deno.Command("bash", { args, signal, stdout: "piped" }).spawn();
    this.#said = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** What it prints next, which is one line; `undefined` at its end. */
  async line(): Promise<string | undefined> {
    const { value } = await this.#said.read();
    return value?.trimEnd();
  }

  /** Ends it as Ctrl-C does. */
  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#said.cancel();
    await this.#child[Symbol.asyncDispose]();
  }
}

testWith(["node"], "README: its three clients for one place hear what it says", async () => {
  const promised = readText("README.md").match(/^\{"src": "127\.0\.0\.1:7000".*$/gm) ?? [];
  await using gate = await Listening.run(PLACES);
  const heard: (string | undefined)[] = [];
  await using first = new PlaceClient(gate);
  heard.push(await first.line());
  await using second = new PlaceClient(gate);
  heard.push(await second.line());
  await using third = new PlaceClient(gate);
  heard.push(await third.line());
  assertEquals(await third.line(), undefined);
  first.interrupt();
  heard.push(await second.line());

  const clients = heard.slice(0, 3).map((line) => JSON.parse(line ?? "{}").dest as string);
  const names = [gate.address, ...clients];
  const written = ["127.0.0.1:7000", "127.0.0.1:50001", "127.0.0.1:50002", "127.0.0.1:50003"];
  const shown = heard.map((line = "nothing") =>
    names.reduce((text, name, at) => text.replaceAll(name, written[at] ?? ""), line)
  );
  assertEquals(shown, promised);
});

const BEFORE_POSTGRES = blockWith("--listen 127.0.0.1:6432 --upstream 127.0.0.1:5432 --max-c");

Deno.test("README: its command for PostgreSQL listens", async () => {
  await using gate = await Listening.run(BEFORE_POSTGRES);
  assertMatch(gate.address, /^127\.0\.0\.1:\d+$/);
});

testWith(
  ["postgres", "initdb", "psql"],
  "README: its command for PostgreSQL, and its psql, meet PostgreSQL",
  async () => {
    await using postgres = await Postgres.start({});
    const upstream = `127.0.0.1:${postgres.port}`;
    await using gate = await Listening.run(BEFORE_POSTGRES, { upstream });
    const [, psql] = /`(psql -h 127\.0\.0\.1 -p 6432)`/.exec(readText("README.md")) ?? [];
    const [program = "", ...args] = psql?.split(" ") ?? [];
    const port = gate.address.split(":")[1] ?? "";
    const asked = [...args.map((arg) => arg === "6432" ? port : arg), "-Atc", "select 1"];
    const { stdout, stderr } = await run(program, asked, { PGUSER: "postgres" });
    assertEquals([stdout, stderr], ["1\n", ""]);
  },
);

const BEFORE_SEVERAL = blockWith("--upstream 127.0.0.1:5433");

Deno.test("README: its command for several upstreams joins clients to each", async () => {
  await using first = new Service();
  await using second = new Service();
  const [upstream, other] = [first, second].map(({ address }) => `127.0.0.1:${address.port}`);
  const script = BEFORE_SEVERAL.script.replace("127.0.0.1:5433", `${other}`);
  await using gate = await Listening.run({ ...BEFORE_SEVERAL, script }, {
    upstream: `${upstream}`,
  });
  const clients = [await Client.to(gate.address), await Client.to(gate.address)];
  for (const client of clients) await client.say("hello");
  await until("both have one", () => first.open === 1 && second.open === 1);
  for (const client of clients) client.close();
});

const ENV_FILE = blockWith("--env-file=");

testWith([ADMIN_SERVED], "README: its file of variables is what poolgate runs with", async () => {
  await using home = await Directory.make();
  await using gate = await Listening.run(ENV_FILE, { cwd: home.path });
  assertMatch(gate.said, /listening at .*, for 127\.0\.0\.1:5432 \(/);
  const stats = await (await fetch(`http://${gate.admin}/api/stats`)).json();
  assertEquals([stats.max_connections, stats.backlog_size], [20, 100], JSON.stringify(stats));
});

Deno.test("lib/cli/README.md: has a row for each flag that --help names, and no other", async () => {
  const help = await stdoutOf({
    path: "",
    script: `${DENO} run main.ts --help`,
    output: undefined,
  });
  const named = new Set(help.match(/^ {2}--[a-z-]+/gm)?.map((flag) => flag.trim()));
  const rows = tableOf("lib/cli/README.md", "flag").flatMap(([cell = ""]) =>
    cell.match(/--[a-z-]+/g) ?? []
  );
  assertEquals(rows.sort(), [...named].sort());
});

const TOKEN = "s3cret";

const OPERATORS = blockWith("--admin 127.0.0.1:9632");

/** The README's command for operators, before a service, with a token. */
async function serveOperators(service: Service): Promise<Listening> {
  return await Listening.run(OPERATORS, {
    upstream: `127.0.0.1:${service.address.port}`,
    env: { POOLGATE_ADMIN_TOKEN: TOKEN },
  });
}

/** As many as may look at once. */
const MAX_VIEWERS = 64;

testWith(
  [ADMIN_SERVED],
  "README: each path for operators answers with each of its statuses",
  async () => {
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
    const lists = ["/api/clients", "/api/sources", "/api/history"];
    const paths = ["/", "/metrics", "/healthz", "/readyz", "/api/stats", ...lists];
    for (const path of [...paths, "/api/events", "/grafana.json", "/rules.yml"]) await meet(path);
    for (const path of [...lists, "/readyz"]) await meet(path, `${path}?what=else`);
    await meet("/readyz", "/readyz?cluster");
    await meet("/api/permission", "/api/permission", { headers });
    await meet("/api/permission");

    const config = (init: RequestInit) => meet("PUT /api/config", "/api/config", init);
    await config({ ...put(0), headers });
    await meet("/readyz");
    await config({ ...put(-1), headers });
    await config(put(1));
    await config({ ...put(1), body: "x".repeat(5000), headers });
    await meet("/api/config");
    for (const act of ["/api/pause", "/api/resume"]) {
      await meet(`PUT ${act}`, act, { method: "PUT", headers });
      await meet(`PUT ${act}`, act, { method: "PUT" });
      await meet(`PUT ${act}`, `${act}?what=else`, { method: "PUT", headers });
    }

    const disconnect = (id: string, init: RequestInit) =>
      meet("DELETE /api/clients/{id}", `/api/clients/${id}`, { method: "DELETE", ...init });
    await disconnect(client.name, {});
    await disconnect("%E0%A4%A", { headers });
    await disconnect(client.name, { headers });
    assertEquals(await client.rest(), "");
    await disconnect("nobody", { headers });
    client.close();

    const viewers = await Promise.all(
      Array.from({ length: MAX_VIEWERS }, () => look("/api/events")),
    );
    await meet("/api/events");
    for (const { body } of viewers) await body?.cancel();

    const promised = tableOf(ADMIN, "path").flatMap(([path = "", , statuses = ""]) =>
      statuses.split(", ").map((status) => `${path.replaceAll("`", "")}: ${status}`)
    );
    assertEquals(met.sort(), promised.sort());
  },
);

const MAKE_TOKEN = blockWith("export POOLGATE_ADMIN_TOKEN=");

testWith([ADMIN_SERVED, "openssl"], "README: makes a token that poolgate takes", async () => {
  const script = `${MAKE_TOKEN.script}printf %s "$POOLGATE_ADMIN_TOKEN"`;
  const { stdout: token } = await run("bash", ["-c", script]);
  assertMatch(token, /^[0-9a-f]{64}$/);
  await using gate = await Listening.run(OPERATORS, { env: { POOLGATE_ADMIN_TOKEN: token } });
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`http://${gate.admin}/api/permission`, { headers });
  await answer.body?.cancel();
  assertEquals(answer.status, 204);
});

const CURL = blockWith("curl -X PUT");

testWith(
  [ADMIN_SERVED, "curl"],
  "README: its curl commands change the limits and end a connection",
  async () => {
    await using service = new Service();
    await using poolgate = await serveOperators(service);
    const client = await Client.to(poolgate.address);
    const ours = CURL.script.replaceAll("127.0.0.1:9632", poolgate.admin)
      .replace("127.0.0.1:50123", client.name);
    const env = { POOLGATE_ADMIN_TOKEN: TOKEN, no_proxy: "*" };
    const { code, stdout } = await run("bash", ["-c", ours], env);
    const answers = stdout.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals([code, answers], [0, [
      { max_connections: 40, backlog_size: 200, active: 1, queued: 0, promoted: 0 },
      { promoted: null, active: 1, queued: 0, left: false },
    ]]);
    assertEquals(await client.rest(), "");
    client.close();
  },
);

const HOLDERS = blockWith("/api/sources");

testWith(
  [ADMIN_SERVED, "curl", "jq"],
  "README: its command for who holds the places counts them by address",
  async () => {
    await using service = new Service();
    await using poolgate = await serveOperators(service);
    const clients = [await Client.to(poolgate.address), await Client.to(poolgate.address)];
    await until("they are joined", () => service.open === clients.length);
    const ours = HOLDERS.script.replace("127.0.0.1:9632", poolgate.admin);
    const { code, stdout } = await run("bash", ["-c", ours], { no_proxy: "*" });
    assertEquals([code, stdout.trim()], [0, "2 127.0.0.1"]);
    for (const client of clients) client.close();
  },
);

const PRINT = blockWith("--print systemd");

Deno.test("README: its commands write a unit and the manual page", async () => {
  await using home = await Directory.make();
  const ours = PRINT.script.replaceAll("./poolgate", `${DENO} run main.ts`)
    .replace(/> \/\S+\//g, `> ${home.path}/`);
  const { code } = await run("bash", ["-ec", runnable(ours)]);
  assertEquals(code, 0);
  const files = await Promise.all(
    ["poolgate.service", "poolgate.1"].map((name) => Deno.readTextFile(`${home.path}/${name}`)),
  );
  assertMatch(files[0]!, /^ExecStart=/m);
  assertMatch(files[1]!, /^\.TH POOLGATE 1 /);
});

testWith([ADMIN_SERVED], "README: names every metric, its labels and its type", async () => {
  await using service = new Service();
  await using poolgate = await serveOperators(service);
  const text = await (await fetch(`http://${poolgate.admin}/metrics`)).text();
  const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = "", type]) => {
    const [, labels = ""] = new RegExp(`^${name}(?:_sum)?\\{(.*)\\}`, "m").exec(text) ?? [];
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label);
    return [`\`${name}${names.length === 0 ? "" : `{${names}}`}\``, type];
  });
  assertEquals(tableOf(ADMIN, "metric").map(([name, type]) => [name, type]).sort(), types.sort());
});

Deno.test("README: every block of commands is run, here or where it is said", () => {
  const elsewhere = BLOCKS.filter(({ script }) =>
    RUN_ELSEWHERE.some(([begins]) => script.startsWith(begins))
  );
  const forgotten = BLOCKS.filter((block) => !runHere.has(block) && !elsewhere.includes(block));
  assertEquals(forgotten.map(({ path, script }) => `${path}: ${script}`), []);
  for (const [begins, file, has] of RUN_ELSEWHERE) {
    assert(elsewhere.some(({ script }) => script.startsWith(begins)), `no block is ${begins}`);
    assert(readText(file).includes(has), `${file} does not run ${begins}`);
  }
});
