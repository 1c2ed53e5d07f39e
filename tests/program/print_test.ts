/** The files that `--print` prints, each held against what it is for. Imports nothing from lib/. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "@std/yaml/parse";
import { run as runProgram, runInShell } from "../support/program.ts";
import { ADMIN_SERVED, Directory, Gate, run, start, testWith } from "../support/servers.ts";
import { Service } from "../support/service.ts";
import { Client, freePort } from "../support/sockets.ts";

/** Where the files say that the executable is. */
const INSTALLED = "/usr/local/bin/poolgate";

/** How long what is under way may take behind `--drain-timeout`, in seconds. */
const LAST_SECONDS = 3;

async function printed(name: string): Promise<string> {
  const { code, stdout, stderr } = await runProgram("", { args: ["--print", name] });
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /[^\n]\n$/);
  return stdout;
}

/** The seconds of `--drain-timeout` where it is not set. */
async function drainSeconds(): Promise<number> {
  const { stdout } = await runProgram("", { args: ["--help"] });
  const [, seconds] = /--drain-timeout DUR [^]*?Default (\d+)s\./.exec(stdout) ?? [];
  return Number(seconds);
}

/** Has the program look at variables and flags, and finds nothing wrong. */
async function assertAccepted(env: Record<string, string>, args: string[] = []): Promise<void> {
  const options = { args: ["--check", ...args], env, permissions: ["--allow-env=POOLGATE_*"] };
  const { code, stderr } = await runProgram("", {
    ...options,
    permissions: ["--allow-net", ...options.permissions],
  });
  assertEquals([code, stderr], [0, "poolgate: flags and variables are in order\n"]);
}

/** Variables that stand in a text, by name. */
function variablesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/\b(POOLGATE_[A-Z_]+)=(\S+)/g)].map(([, name = "", value = ""]) => [
      ...[name, value],
    ]),
  );
}

/** What a unit sets. */
function settingOf(unit: string, name: string): string {
  const values = [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))];
  assertEquals(values.length, 1, `${name} is to be set once`);
  return values[0]?.[1] ?? "";
}

const UNITS = [
  ["systemd", "poolgate.service", ""],
  ["systemd-template", "poolgate@.service", "1"],
] as const;

for (const [name, file, instance] of UNITS) {
  testWith(["systemd-analyze"], `--print ${name}: systemd finds nothing wrong`, async () => {
    await using home = await Directory.make();
    const unit = (await printed(name)).replaceAll(INSTALLED, "/bin/true");
    await Deno.writeTextFile(`${home.path}/${file}`, unit);
    const path = `${home.path}/${file.replace("@", `@${instance}`)}`;
    const { code, stdout, stderr } = await run("systemd-analyze", ["verify", "--man=no", path]);
    // The machine of a test may have units of its own that are wrong, and no kernel of its own.
    const ours = stderr.split("\n").filter((line) => line.includes("poolgate"));
    assertEquals([code, stdout, ours], [0, "", []]);
  });

  Deno.test(`--print ${name}: its variables and its flags are accepted, and it waits for the end`, async () => {
    const unit = await printed(name);
    const [program, ...args] = settingOf(unit, "ExecStart").replaceAll("%i", instance).split(" ");
    assertEquals(program, INSTALLED);
    const env = variablesOf(unit.slice(0, unit.indexOf("[Unit]")));
    assert(Object.keys(env).length > 2, unit);
    await assertAccepted(env, args);
    const seconds = Number(settingOf(unit, "TimeoutStopSec"));
    assert(seconds > await drainSeconds() + LAST_SECONDS, `${seconds} s`);
    assertEquals(/^MemoryDenyWriteExecute=/m.test(unit), false);
  });

  testWith(
    [ADMIN_SERVED, "curl"],
    `--print ${name}: its curl waits until poolgate listens`,
    async () => {
      const [, command = ""] = /^#ExecStartPost=(.*)$/m.exec(await printed(name)) ?? [];
      const admin = `127.0.0.1:${freePort()}`;
      const args = command.replaceAll("%i", "1").replace(/127\.0\.0\.1:963\d/, admin).split(" ");
      assertEquals([args[0], args.at(-1)], ["/usr/bin/curl", `http://${admin}/healthz`]);
      const waiting = start("curl", args.slice(1), { no_proxy: "*" });
      await using _ = await Gate.open("--admin", admin);
      // What it writes comes into the journal.
      const { code, stdout, stderr } = await waiting.ended;
      assertEquals([code, stdout, stderr], [0, "", ""]);
    },
  );
}

testWith(
  [ADMIN_SERVED],
  "--print systemd-template: instances share a port, and each serves operators at one of its own",
  async () => {
    const unit = await printed("systemd-template");
    const address = `127.0.0.1:${freePort()}`;
    const argsOf = (admin: string) =>
      settingOf(unit, "ExecStart").split(" ").slice(1)
        .map((arg) => arg.replace("127.0.0.1:963%i", admin));
    const admins = [freePort(), freePort()].map((port) => `127.0.0.1:${port}`);
    await using first = await Gate.open("--listen", address, ...argsOf(admins[0]!));
    await using second = await Gate.open("--listen", address, ...argsOf(admins[1]!));
    const served = [first, second].map(({ admin }) => admin);
    assertEquals(served, admins.map((admin) => `http://${admin}`));
    const client = await Client.to(address);
    assertMatch(await client.line() ?? "", /"connected"/);
    client.close();
  },
);

/** The instructions of a Dockerfile, without comments. */
function instructionsOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** What stands behind an instruction that there is once. */
function argumentOf(text: string, instruction: string): string {
  const found = instructionsOf(text).filter((line) => line.startsWith(`${instruction} `));
  assertEquals(found.length, 1, `${instruction} is to be there once`);
  return found[0]!.slice(instruction.length + 1);
}

Deno.test("--print dockerfile: has the executable as process 1, for a user of its own", async () => {
  const text = await printed("dockerfile");
  const words = instructionsOf(text).map((line) => line.split(" ")[0]);
  const expected = ["FROM", "RUN", "COPY", "USER", "ENV", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT"];
  assertEquals(words, expected);
  const entry = JSON.parse(argumentOf(text, "ENTRYPOINT"));
  assertEquals(entry, [argumentOf(text, "COPY").split(" ").at(-1)]);
  const user = argumentOf(text, "USER");
  assertEquals(argumentOf(text, "RUN").includes(`--uid ${user} `) && user !== "0", true);
  // One of the system is to be below 1000, and useradd warns otherwise.
  assertEquals(argumentOf(text, "RUN").includes("--system") && Number(user) > 999, false);
  assertEquals(argumentOf(text, "STOPSIGNAL"), "SIGTERM");
  const env = variablesOf(argumentOf(text, "ENV"));
  const ports = Object.values(env).map((address) => address.replace(/^:/, ""));
  assertEquals(argumentOf(text, "EXPOSE"), ports.join(" "));
  await assertAccepted(env);
  const [, seconds] = /docker stop --time (\d+)/.exec(text) ?? [];
  assert(Number(seconds) > await drainSeconds() + LAST_SECONDS, `${seconds} s`);
});

interface Probe {
  httpGet: { path: string; port: number };
}

interface Pod {
  spec: {
    terminationGracePeriodSeconds: number;
    containers: [{
      livenessProbe: Probe;
      readinessProbe: Probe;
      lifecycle: { preStop: { exec: { command: [string, string] } } };
    }];
  };
}

testWith(
  [ADMIN_SERVED],
  "--print kubernetes: its probes are answered, and it waits for the end",
  async () => {
    const pod = parse(await printed("kubernetes")) as Pod;
    const { terminationGracePeriodSeconds: grace, containers: [container] } = pod.spec;
    const [program, seconds] = container.lifecycle.preStop.exec.command;
    assertEquals(program, "sleep");
    assert(grace > Number(seconds) + await drainSeconds() + LAST_SECONDS, `${grace} s`);
    const probes = [container.livenessProbe, container.readinessProbe].map((one) => one.httpGet);
    const [, port] = argumentOf(await printed("dockerfile"), "EXPOSE").split(" ");
    assertEquals(probes.map(({ port }) => port), [Number(port), Number(port)]);
    await using service = new Service();
    const upstream = `127.0.0.1:${service.address.port}`;
    const full = ["--max-connections", "0", "--backlog-size", "0"];
    const statuses: number[] = [];
    for (const args of [[], full]) {
      const flags = ["--upstream", upstream, "--admin", "127.0.0.1:0", ...args];
      await using gate = await Gate.open(...flags);
      for (const { path } of probes) {
        const answer = await fetch(`${gate.admin}${path}`);
        await answer.body?.cancel();
        statuses.push(answer.status);
      }
    }
    assertEquals(statuses, [200, 200, 200, 503]);
  },
);

Deno.test("--print man: has each flag of --help with its text, and its examples", async () => {
  const plain = (text: string) =>
    text.replaceAll("\\-", "-").replaceAll("\\(aq", "'").replaceAll("\\e", "\\")
      .replace(/\\f[BIR]/g, "").replace(/\s+/g, " ");
  const page = plain(await printed("man"));
  const { stdout: help } = await runProgram("", { args: ["--help"] });
  const flags = help.match(/^ {2}--[a-z\d-]+.*(?:\n {23}.*)*/gm) ?? [];
  assert(flags.length > 20, help);
  for (const flag of flags) {
    const [, spelling = "", text = ""] =
      /^ {2}(--\S+(?:, -\S| \S+)?)(?: {2,}|\n {23})([^]*)$/.exec(flag) ?? [];
    const begun = text.slice(0, 1).toUpperCase() + text.slice(1);
    assert(page.includes(plain(`${spelling} ${begun}`)), `${spelling} ${text}`);
  }
  const examples = help.match(/\$ [^]*?(?=\n\n)/g) ?? [];
  assertEquals(examples.length, 2);
  for (const example of examples) assert(page.includes(plain(example)), example);
});

testWith(
  ["mandoc"],
  "--print man: mandoc finds nothing wrong but the date that it lacks",
  async () => {
    await using home = await Directory.make();
    const path = `${home.path}/poolgate.1`;
    await Deno.writeTextFile(path, await printed("man"));
    const { stdout, stderr } = await run("mandoc", ["-T", "lint", path]);
    assertMatch(stdout + stderr, /^mandoc: \S+: WARNING: missing date, using "": TH\n$/);
  },
);

testWith(["man", "groff"], "--print man: man shows it without a warning", async () => {
  await using home = await Directory.make();
  const path = `${home.path}/poolgate.1`;
  await Deno.writeTextFile(path, await printed("man"));
  const env = { LC_ALL: "C.UTF-8", MANWIDTH: "80" };
  const { code, stdout, stderr } = await run("man", ["--warnings", "-l", path], env);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^POOLGATE\(1\) /);
});

Deno.test("--print: whoever reads only the beginning is no error", async () => {
  const { stdout } = await runInShell(`"$@" | head -c 1`, { args: ["--print", "man"] });
  assertEquals(stdout, ".");
});
