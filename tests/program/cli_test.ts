/** The program from outside: streams, flags, variables and exit codes. Imports nothing from lib/. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type AddressInfo, createServer, type Socket } from "node:net";
import {
  BINARY,
  commandLine,
  Conversation,
  run,
  runInShell,
  timeLimit,
} from "../support/program.ts";
import { ADMIN_SERVED, testWith } from "../support/servers.ts";
import { Client } from "../support/sockets.ts";

const MIB = 1024 * 1024;

const stats = (id: number) =>
  `{"src":"c1","dest":"n1","body":{"type":"pool_stats","msg_id":${id}}}\n`;

const connect = (id: number, client: string) =>
  `{"src":"c1","dest":"n1","body":{"type":"pool_connect","msg_id":${id},"client_id":"${client}"}}\n`;

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

Deno.test("poolgate: no input gives no output and exit 0", async () => {
  assertEquals(await run(""), { code: 0, stdout: "", stderr: "" });
});

Deno.test("poolgate: answers a lone request while stdin stays open", async () => {
  const poolgate = new Conversation();
  for (let id = 0; id < 3; id++) {
    await poolgate.say(stats(id));
    assertStringIncludes(await poolgate.hear(), `"in_reply_to": ${id},`);
  }
  assertEquals(await poolgate.end(), 0);
});

Deno.test("poolgate: answers a line whose second half comes after another reply", async () => {
  const poolgate = new Conversation();
  const requests = new TextEncoder().encode(stats(1) + connect(2, "é"));
  const insideCharacter = requests.indexOf(0xc3) + 1;
  await poolgate.say(requests.subarray(0, insideCharacter));
  assertStringIncludes(await poolgate.hear(), `"in_reply_to": 1,`);
  await poolgate.say(requests.subarray(insideCharacter));
  assertStringIncludes(await poolgate.hear(), `"in_reply_to": 2, "status": "connected"`);
  assertEquals(await poolgate.end(), 0);
});

Deno.test("poolgate: answers a million bytes of requests written at once, in order", async () => {
  const count = 20_000;
  const { code, stdout } = await run(
    Array.from({ length: count }, (_, id) => stats(id)).join(""),
  );
  assertEquals(code, 0);
  const ids = lines(stdout).map((line) => JSON.parse(line).body.in_reply_to);
  assertEquals(ids, Array.from({ length: count }, (_, id) => id));
});

Deno.test("poolgate: a reader that goes away ends it at once, quietly, with exit 0", async () => {
  const { stdout, stderr } = await runInShell(
    `yes '${stats(1).trim()}' | { "$@"; echo "exit $?" >&2; } | head -n 1`,
  );
  assertEquals(lines(stdout).length, 1);
  assertEquals(stderr, "exit 0\n");
});

Deno.test("poolgate: a reader that has gone away does not take the notes along", async () => {
  const poolgate = new Conversation();
  await poolgate.deafen();
  await poolgate.say(`bad\n${stats(1)}`);
  assertMatch(await poolgate.note(), /line 1 is passed over/);
  assertEquals(await poolgate.exit(), 0);
});

/** A run whose shell connects some of its streams to a socket, and that socket's other end. */
async function overSocket(
  redirection: string,
  args: string[] = [],
): Promise<[Conversation, Socket]> {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer({ allowHalfOpen: true }, accepted.resolve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const script = `exec "$@" ${redirection.replace("SOCKET", `/dev/tcp/127.0.0.1/${port}`)}`;
  const poolgate = Conversation.inShell(script, { args, permissions: ["--allow-net"] });
  const socket = await accepted.promise;
  server.close();
  return [poolgate, socket];
}

/** As inetd starts a program, and systemd with `Accept=yes`. */
const STDIN_AND_STDOUT = "<> SOCKET >&0";

/** Resets a connection when an answer has come, as the kernel does when a client leaves with answers unread. */
async function leaveWhenAnswered(socket: Socket): Promise<void> {
  await new Promise((resolve) => socket.once("data", resolve));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.resetAndDestroy();
  await closed;
}

Deno.test("poolgate: a socket for stdout that is reset ends it quietly too", async () => {
  const [poolgate, socket] = await overSocket("> SOCKET");
  await poolgate.say(stats(1));
  await leaveWhenAnswered(socket);
  await poolgate.say(stats(2));
  assertEquals([await poolgate.note(), await poolgate.exit()], ["", 0]);
});

for (const args of [[], ["--admin=127.0.0.1:0", "--quiet"]]) {
  const needs = args.length === 0 ? [] : [ADMIN_SERVED];
  testWith(
    needs,
    `poolgate ${args[0] ?? ""}: one socket for stdin and stdout that is reset ends it quietly too`,
    async () => {
      const [poolgate, socket] = await overSocket(STDIN_AND_STDOUT, args);
      socket.write(stats(1));
      await leaveWhenAnswered(socket);
      assertEquals([await poolgate.note(), await poolgate.exit()], ["", 0]);
    },
  );
}

Deno.test("--listen: one socket for stdin and stdout that is reset ends neither it nor its silence", async () => {
  const [poolgate, socket] = await overSocket(STDIN_AND_STDOUT, ["--listen=127.0.0.1:0"]);
  const address = /listening at (\S+)/.exec(await poolgate.note())?.[1] ?? "";
  socket.write(stats(1));
  await leaveWhenAnswered(socket);
  const client = await Client.to(address);
  assertStringIncludes(await client.line() ?? "", "connected");
  client.close();
  poolgate.signal("SIGTERM");
  assertMatch(
    await poolgate.lastNotes(),
    /^poolgate: draining[^\n]*\npoolgate: drained in \d\.\d s\n$/,
  );
  assertEquals(await poolgate.exit(), 0);
});

Deno.test("poolgate: one socket for stdin and stdout whose client ends its side hears all answers", async () => {
  const [poolgate, socket] = await overSocket(STDIN_AND_STDOUT);
  socket.end(stats(1) + stats(2));
  const heard = await new Response(ReadableStream.from(socket)).text();
  assertEquals([lines(heard).length, await poolgate.exit()], [2, 0]);
});

Deno.test("poolgate: a full disk behind stdout is one line and exit 1", async () => {
  const { code, stderr } = await runInShell(`echo '${stats(1).trim()}' | "$@" > /dev/full`);
  assertEquals(code, 1);
  assertMatch(stderr, /^poolgate: writing stdout failed: .*No space left.*\n$/);
});

Deno.test("poolgate: a stdin that cannot be read is one line and exit 1", async () => {
  const { code, stderr } = await runInShell(`"$@" < /`);
  assertEquals(code, 1);
  assertMatch(stderr, /^poolgate: reading stdin failed: .*directory.*\n$/);
});

for (const [kind, redirection] of [["closed", "2>&-"], ["full", "2> /dev/full"]] as const) {
  Deno.test(`poolgate: a ${kind} stderr loses the notes, not the replies`, async () => {
    const { code, stdout } = await runInShell(
      `printf '%s\\n' 'not json' '${stats(1).trim()}' | "$@" ${redirection}`,
    );
    assertEquals(code, 0);
    assertEquals(lines(stdout).length, 1);
  });
}

for (const flag of ["--help", "--version"]) {
  Deno.test(`${flag}: onto a full disk is one line and exit 1`, async () => {
    const { code, stderr } = await runInShell(`"$@" > /dev/full`, { args: [flag] });
    assertEquals(code, 1);
    assertMatch(stderr, /^poolgate: writing stdout failed: .*No space left.*\n$/);
  });
}

Deno.test("poolgate --bogus: is exit 2 also where the complaint cannot be written", async () => {
  assertEquals((await runInShell(`"$@" 2> /dev/full`, { args: ["--bogus"] })).code, 2);
});

Deno.test("poolgate: a line of exactly 1 MiB is read, a longer one is passed over", async () => {
  const exact = stats(1).trim().padEnd(MIB);
  const { code, stdout, stderr } = await run(
    `${exact}\n${exact} \n${"x".repeat(3 * MIB)}\n${stats(2)}`,
  );
  assertEquals(code, 0);
  assertEquals(lines(stdout).length, 2);
  assertEquals(
    stderr,
    "poolgate: line 2 is passed over: it is longer than 1048576 bytes\n" +
      "poolgate: line 3 is passed over: it is longer than 1048576 bytes\n",
  );
});

Deno.test("poolgate: 20,000 bad lines are told one by one and hold nothing up", async () => {
  const count = 20_000;
  const { code, stdout, stderr } = await run("bad\n".repeat(count) + stats(1));
  assertEquals(code, 0);
  assertEquals(lines(stdout).length, 1);
  assertEquals(lines(stderr).length, count);
  assertStringIncludes(stderr, `line ${count} is passed over`);
});

Deno.test("--quiet: says nothing of bad lines", async () => {
  const { code, stdout, stderr } = await run(`bad\n${stats(1)}`, { args: ["--quiet"] });
  assertEquals([code, lines(stdout).length, stderr], [0, 1, ""]);
});

Deno.test("--log-format json: a note is a JSON object with time, level and text", async () => {
  const { stderr } = await run("bad\n", { args: ["--log-format", "json"] });
  const note = JSON.parse(stderr);
  assertEquals(Object.keys(note), ["time", "level", "text"]);
  assertEquals(note.level, "warn");
  assertStringIncludes(note.text, "line 1 is passed over");
});

Deno.test("--max-connections, --backlog-size: are the limits until a pool_config", async () => {
  const args = ["--max-connections", "1", "--backlog-size=1"];
  const { stdout } = await run(connect(1, "a") + connect(2, "b") + connect(3, "c"), { args });
  const statuses = lines(stdout).map((line) => JSON.parse(line).body.status);
  assertEquals(statuses, ["connected", "queued", "rejected"]);
});

Deno.test("--node-id: names the replies until an init", async () => {
  const init =
    `{"src":"c0","dest":"x","body":{"type":"init","msg_id":1,"node_id":"n2","node_ids":["n2"]}}\n`;
  const { stdout } = await run(stats(0) + init + stats(2), { args: ["--node-id", "gate"] });
  assertEquals(lines(stdout).map((line) => JSON.parse(line).src), ["gate", "n2", "n2"]);
});

for (const flag of ["--version", "-V"]) {
  Deno.test(`${flag}: prints the version of deno.json and what it runs on, and nothing else`, async () => {
    const config = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
    const { code, stdout, stderr } = await run("", { args: [flag] });
    // An executable may be of another Deno.
    const { deno, v8 } = BINARY === undefined ? Deno.version : { deno: "[\\d.]+", v8: "[\\w.-]+" };
    const expected =
      `^poolgate ${config.version} \\(deno ${deno}, v8 ${v8}, ${Deno.build.target}\\)\n$`;
    assertMatch(stdout, new RegExp(expected));
    assertEquals([code, stderr], [0, ""]);
  });
}

for (const flag of ["--help", "-h"]) {
  Deno.test(`${flag}: shows defaults and an example, exit 0`, async () => {
    const { code, stdout, stderr } = await run("", { args: [flag] });
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "Default 100");
    assertStringIncludes(stdout, "poolgate --max-connections 1 --backlog-size 0");
  });
}

Deno.test("--help: its example prints what it says", async () => {
  const { stdout: help } = await run("", { args: ["--help"] });
  const example = help.slice(help.indexOf("  $ ") + 4, help.indexOf("\nPostgreSQL"));
  const script = example.slice(0, example.indexOf('\n  "')).replace(/poolgate/, '"$@"');
  const promised = lines(example).filter((line) => line.startsWith('  "')).map((l) => l.trim());
  const { stdout } = await runInShell(script, {});
  assertEquals(promised.length, 2);
  assertEquals(lines(stdout), promised);
});

const refused: [string[], RegExp][] = [
  [["--bogus"], /"--bogus" is no flag of poolgate/],
  [["--max-conections", "3"], /"--max-conections" is no flag .*did you mean --max-connections\?/],
  [["--forward=db:1"], /"--forward" is no flag of poolgate \(did you mean --upstream\?\)/],
  [
    ["--quiet", "--node-id", "a", "--node-id=b"],
    /--node-id is "a" and "b", it may be given only o/,
  ],
  [["--completions", "tcsh"], /--completions is "tcsh", it must be bash, zsh or fish/],
  [["--completions"], /--completions is "", it must be bash, zsh or fish/],
  [["--print", "init.d"], /--print is "init.d", it must be systemd, .*, kubernetes or man/],
  [["--print"], /--print is "", it must be systemd, systemd-template, dockerfile, k.* or man/],
  [["serve"], /"serve" is no flag of poolgate/],
  [["--", "x"], /"x" is no flag of poolgate/],
  [["--max-connections", "many"], /--max-connections is "many", it must be an integer from 0/],
  [["--max-connections"], /--max-connections is "", it must be an integer from 0/],
  [["--backlog-size=-1"], /--backlog-size is "-1", it must be an integer from 0/],
  [["--backlog-size", "-1"], /--backlog-size is "-1", it must be an integer from 0/],
  [["--backlog-size", ""], /--backlog-size is "", it must be an integer from 0/],
  [["--log-format", "xml"], /--log-format is "xml", it must be text, timed or json/],
];

for (const [args, complaint] of refused) {
  Deno.test(`poolgate ${args.join(" ")}: one line on stderr and exit 2`, async () => {
    const { code, stdout, stderr } = await run(stats(1), { args });
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, complaint);
    assertEquals(lines(stderr).length, 1);
  });
}

const permitted = { permissions: ["--allow-env=POOLGATE_*"] };

Deno.test("POOLGATE_MAX_CONNECTIONS: is the default of its flag, which wins over it", async () => {
  const env = { POOLGATE_MAX_CONNECTIONS: "7", POOLGATE_BACKLOG_SIZE: "8" };
  const { stdout } = await run(stats(1), { ...permitted, env, args: ["--backlog-size", "9"] });
  assertStringIncludes(stdout, `"max_connections": 7, "backlog_size": 9`);
});

Deno.test("POOLGATE_MAX_CONNECTIONS: a bad value is one line that names it and exit 2", async () => {
  const env = { POOLGATE_MAX_CONNECTIONS: "x" };
  const { code, stderr } = await run("", { ...permitted, env });
  assertEquals(code, 2);
  assertMatch(stderr, /^poolgate: POOLGATE_MAX_CONNECTIONS is "x", it must be .*\n$/);
});

Deno.test("POOLGATE_MAX_CONNECTIONS: one that is no UTF-8 is a bad value like any other", async () => {
  const script = `POOLGATE_MAX_CONNECTIONS=$'\\xff' "$@" < /dev/null`;
  const { code, stderr } = await runInShell(script, permitted);
  assertEquals(code, 2);
  assertMatch(stderr, /^poolgate: POOLGATE_MAX_CONNECTIONS is "\\ufffd", it must be .*\n$/);
});

testFromSource(
  "POOLGATE_MAX_CONNECTIONS: is not read, and not asked for, without permission",
  async () => {
    const { code, stdout, stderr } = await run(stats(1), {
      env: { POOLGATE_MAX_CONNECTIONS: "7" },
    });
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, `"max_connections": 100,`);
  },
);

const HAS_SCRIPT =
  (await new Deno.Command("bash", { args: ["-c", "command -v script"], signal: timeLimit() })
    .output()).success;

Deno.test({
  name: "poolgate: on a terminal, says what it reads and where help is" +
    (HAS_SCRIPT ? "" : " (skipped: no `script` command to make a terminal)"),
  ignore: !HAS_SCRIPT,
  fn: async () => {
    const [program, args] = commandLine();
    const quoted = [program, ...args].map((word) => `'${word}'`).join(" ");
    const { stdout } = await runInShell(`script -qec "${quoted}" /dev/null < /dev/null`);
    assertMatch(stdout, /poolgate: reading requests from the terminal.*--help/);
    assert(!stdout.includes("error"), stdout);
    // There, it would be stopped when it runs in the background: so it does not read.
    const listening = `exec ${quoted.replace("'run'", "'run' '--allow-net'")} --listen 127.0.0.1:0`;
    const script = `exec script -qec "echo process \\$\\$; ${listening}" /dev/null < /dev/null`;
    const poolgate = Conversation.inShell(script, {});
    let notes = "";
    while (!notes.includes("listening at")) {
      const heard = await poolgate.hear();
      assert(heard !== "", `it has ended: ${notes}`);
      notes += heard;
    }
    Deno.kill(Number(/process (\d+)/.exec(notes)?.[1]), "SIGTERM");
    for (let rest = await poolgate.hear(); rest !== ""; rest = await poolgate.hear()) notes += rest;
    assertEquals(await poolgate.exit(), 0);
    assert(!notes.includes("terminal"), notes);
  },
});

Deno.test("--help: names every flag, in lines that fit a terminal", async () => {
  const { stdout } = await run("", { args: ["--help"] });
  const source = await Deno.readTextFile(new URL("../../lib/cli/flag_names.ts", import.meta.url));
  const flags = [...source.matchAll(/^ {2}"([a-z\d-]+)",$/gm)].map(([, flag]) => flag);
  assert(flags.length > 10, "the flags were not found in their source");
  for (const flag of flags) assertStringIncludes(stdout, `  --${flag}`);
  const wide = lines(stdout).filter((line) => line.length > 80 || line.endsWith(" "));
  assertEquals(wide, []);
});

/** Where what is said is of permissions: an executable has them built in. */
function testFromSource(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: name +
      (BINARY === undefined ? "" : " (skipped: a compiled binary has its permissions built in)"),
    ignore: BINARY !== undefined,
    fn,
  });
}

const lacking: [string[], string[], string][] = [
  [["--listen", "127.0.0.1:0"], [], '--listen is "127.0.0.1:0", .* permission --allow-net: '],
  [["--listen", ":7000"], ["--allow-net=0.0.0.0:7000"], '--listen is ":7000", .* --allow-net: '],
  [
    ["--listen", "unix:/run/door"],
    ["--allow-read", "--allow-net"],
    '--listen is "unix:/run/door", it needs Deno\'s permission --allow-write: ',
  ],
  [
    ["--listen", "127.0.0.1:0", "--upstream", "127.0.0.2:5432"],
    ["--allow-net=127.0.0.1"],
    '--upstream is "127.0.0.2:5432", .* --allow-net: ',
  ],
  [
    ["--listen", "127.0.0.1:0", "--upstream", "unix:/run/service"],
    ["--allow-net=127.0.0.1"],
    '--upstream is "unix:/run/service", .* permissions --allow-net --allow-read --allow-write: ',
  ],
  [["--admin", "127.0.0.1:0"], [], '--admin is "127.0.0.1:0", .* permission --allow-net: '],
];

for (const [args, permissions, complaint] of lacking) {
  for (const check of [[], ["--check"]]) {
    const all = [...args, ...check];
    testFromSource(
      `poolgate ${all.join(" ")}: a permission that is missing is one line and exit 2`,
      async () => {
        const { code, stdout, stderr } = await run("", { args: all, permissions });
        assertEquals([code, stdout], [2, ""]);
        assertMatch(stderr, new RegExp(`^poolgate: ${complaint}deno run [^\\n]*\\n$`));
      },
    );
  }
}

Deno.test({
  name: "--listen: without permission, nothing is asked on a terminal either" +
    (HAS_SCRIPT ? "" : " (skipped: no `script` command to make a terminal)") +
    (BINARY === undefined ? "" : " (skipped: a compiled binary has its permissions built in)"),
  ignore: !HAS_SCRIPT || BINARY !== undefined,
  fn: async () => {
    const [program, args] = commandLine({ args: ["--listen", "127.0.0.1:0"] });
    const asking = [program, ...args.filter((argument) => argument !== "--no-prompt")];
    const quoted = asking.map((word) => `'${word}'`).join(" ");
    const { code, stdout } = await runInShell(`script -qec "${quoted}" /dev/null < /dev/null`);
    assertEquals([code, lines(stdout).length], [2, 1], stdout);
    assertStringIncludes(stdout, "it needs Deno's permission --allow-net");
  },
});

Deno.test("--check: is exit 0 where it would start, and opens nothing", async () => {
  const door = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const args = ["--check", "--listen", `127.0.0.1:${door.addr.port}`, "--queue-timeout", "1h30m"];
  const permissions = ["--allow-net"];
  const { code, stdout, stderr } = await run(stats(1), { args, permissions });
  door.close();
  assertEquals([code, stdout], [0, ""]);
  assertEquals(stderr, "poolgate: flags and variables are in order\n");
  const quiet = await run(stats(1), { args: [...args, "--quiet"], permissions });
  assertEquals([quiet.code, quiet.stdout, quiet.stderr], [0, "", ""]);
});

Deno.test("--check: is exit 2 where it would not start, for a variable too", async () => {
  const flag = await run("", { args: ["--check", "--listen", "7000"] });
  assertEquals(flag.code, 2);
  assertMatch(flag.stderr, /^poolgate: --listen is "7000", it must be [^\n]*\n$/);
  const env = { POOLGATE_LISTEN: "7000" };
  const variable = await run("", { ...permitted, env, args: ["--check"] });
  assertEquals(variable.code, 2);
  assertMatch(variable.stderr, /^poolgate: POOLGATE_LISTEN is "7000", it must be [^\n]*\n$/);
});

const MISSPELT = { POOLGATE_MAX_CONECTIONS: "3", POOLGATE_PORT: "tcp://10.0.0.1:6432" };
const WARNING =
  "poolgate: POOLGATE_MAX_CONECTIONS is no variable of poolgate: did you mean POOLGATE_MAX_CONNECTIONS?\n";

for (const permission of ["--allow-env=POOLGATE_*", "--allow-env"]) {
  Deno.test(`POOLGATE_MAX_CONECTIONS: is one warning, with ${permission}`, async () => {
    const options = { permissions: [permission], env: MISSPELT, args: ["--backlog-size", "1"] };
    const { code, stdout, stderr } = await run(stats(1), options);
    assertEquals([code, lines(stdout).length, stderr], [0, 1, WARNING]);
  });
}

const NO_REGISTRY = "http://127.0.0.1:9";

/** A cache of Deno's with nothing but the package of the default way in, and no way to fetch more. */
async function withOneCached(use: (env: Record<string, string>) => Promise<void>): Promise<void> {
  const cache = await Deno.makeTempDir();
  try {
    const command = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] });
    const { npmCache } = JSON.parse(new TextDecoder().decode((await command.output()).stdout));
    const registry = `${cache}/npm/registry.npmjs.org`;
    await Deno.mkdir(registry, { recursive: true });
    const copy = new Deno.Command("cp", {
      args: ["-r", `${npmCache}/registry.npmjs.org/deno-std`, registry],
    });
    assertEquals((await copy.output()).success, true);
    await use({ DENO_DIR: cache, HTTPS_PROXY: NO_REGISTRY, https_proxy: NO_REGISTRY });
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

testFromSource("poolgate: the default way in needs no package but that of @std", async () => {
  await withOneCached(async (env) => {
    const { code, stdout, stderr } = await run(stats(1), { env });
    assertEquals([code, lines(stdout).length, stderr], [0, 1, ""]);
  });
});

testFromSource("--admin: a package that cannot be fetched is one line and exit 2", async () => {
  await withOneCached(async (env) => {
    const args = ["--admin", "127.0.0.1:0"];
    const { code, stderr } = await run("", { env, args, permissions: ["--allow-net"] });
    assertEquals(code, 2);
    assertMatch(
      stderr,
      /^poolgate: --admin cannot be served: .*(prom-client|hdr-histogram-js)[^\n]*\n$/,
    );
  });
});

testFromSource(
  "poolgate: with an empty cache and no registry, Deno's first line says what is missing",
  async () => {
    const DENO_DIR = await Deno.makeTempDir();
    const env = { DENO_DIR, NPM_CONFIG_REGISTRY: NO_REGISTRY, NO_COLOR: "1" };
    const { code, stdout, stderr } = await run(stats(1), { env });
    await Deno.remove(DENO_DIR, { recursive: true });
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /^error: Failed caching npm package 'deno-std@[\d.]+'\n/);
  },
);

testFromSource("POOLGATE_MAX_CONECTIONS: is not looked for without permission", async () => {
  const { code, stderr } = await run("", { env: MISSPELT, args: ["--backlog-size", "1"] });
  assertEquals([code, stderr], [0, ""]);
});
