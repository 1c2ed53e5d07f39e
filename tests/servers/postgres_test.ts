/** poolgate in front of PostgreSQL, with its own clients. Imports nothing from lib/. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { packet } from "../support/postgres_packet.ts";
import { type Ended, timeLimit } from "../support/program.ts";
import { BLOCKS } from "../support/readmes.ts";
import {
  ADMIN_SERVED,
  Directory,
  Gate,
  missing,
  Postgres,
  type Running,
  start,
  testWith,
} from "../support/servers.ts";
import { freePort, until } from "../support/sockets.ts";

const PROGRAMS = ["postgres", "initdb", "psql", "pgbench", "pg_isready"];
const MAX_CONNECTIONS = 25;
const PLACES = 20;
const CLIENTS = 100;
const TRANSACTIONS = 3;

const SCRIPTS = {
  /** Keeps a connection for a while, so that many are there at once. */
  transaction: `
    \\set aid random(1, 100000)
    select abalance from pgbench_accounts where aid = :aid;
    select pg_sleep(0.05);`,
  /** Keeps a connection until the server ends it. */
  sleep: "select pg_sleep(600);",
  /** Counts everyone else's connections, again and again. */
  sample: `
    select 'backends', count(*) from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid() \\watch 0.01`,
};

/** Those in whom {@linkcode SCRIPTS}.sleep has begun. */
const ASLEEP = "wait_event = 'PgSleep'";

let postgres: Postgres;

if (missing(PROGRAMS) === undefined) {
  Deno.test.beforeAll(async () => {
    postgres = await Postgres.start({ max_connections: MAX_CONNECTIONS });
    for (const [name, text] of Object.entries(SCRIPTS)) {
      await Deno.writeTextFile(`${postgres.directory}/${name}.sql`, text);
    }
    const { code, stderr } = await start("pgbench", ["-i", "-q"], postgres.env).ended;
    assertEquals(code, 0, stderr);
  });

  // Those that a failed test has left would fail the next.
  Deno.test.beforeEach(() => postgres.dismiss("true"));
  Deno.test.afterAll(() => postgres[Symbol.asyncDispose]());
}

function script(name: keyof typeof SCRIPTS): string[] {
  return ["--file", `${postgres.directory}/${name}.sql`];
}

function openGate(places: number, backlog: number, ...more: string[]): Promise<Gate> {
  return Gate.open(
    ...more,
    ...["--upstream", `127.0.0.1:${postgres.port}`, "--reject-as", "postgres"],
    ...["--max-connections", `${places}`, "--backlog-size", `${backlog}`],
  );
}

function pgbench(port: number, ...args: string[]): Running {
  return start("pgbench", ["--no-vacuum", ...args], postgres.envFor(port));
}

/** 100 clients, each with a new connection for every transaction. */
function crowd(port: number, threads: number): Running {
  const clients = ["--connect", "--client", `${CLIENTS}`, "--jobs", `${threads}`];
  return pgbench(port, ...clients, "--transactions", `${TRANSACTIONS}`, ...script("transaction"));
}

/** Takes so many places with sessions whose query does not end. */
async function takePlaces(gate: Gate, count: number): Promise<Running> {
  const holder = pgbench(gate.port, "--client", `${count}`, "-t", "1", ...script("sleep"));
  await until("the places are taken", async () => await postgres.count(ASLEEP) === count);
  return holder;
}

function ask(port: number, env: Record<string, string> = {}): Running {
  return start("psql", ["-XAtc", "select 'served'"], { ...postgres.envFor(port), ...env });
}

const SERVED = { code: 0, stdout: "served\n", stderr: "" };

testWith(PROGRAMS, "pgbench: 100 clients are too many for a server of 25", async () => {
  const { code, stderr } = await crowd(postgres.port, 2).ended;
  assert(code !== 0);
  assertStringIncludes(stderr, "FATAL:  sorry, too many clients already");
});

testWith(PROGRAMS, "--upstream: 100 clients of pgbench, 20 at once, all are served", async () => {
  await using gate = await openGate(PLACES, CLIENTS);
  const sampler = start("psql", ["-XAt", ...script("sample")], {
    ...postgres.env,
    PGAPPNAME: "sampler",
  });
  const isSampler = "application_name = 'sampler'";
  await until("the server is watched", async () => await postgres.count(isSampler) === 1);
  // A thread of pgbench opens one connection after the other, and waits for each: with several clients a thread, all
  // threads would soon wait in the queue, and their other clients, which have the places, would wait for them.
  const clients = crowd(gate.port, CLIENTS);
  await until("the places are taken, and many wait", async () => {
    const { active, queued } = await gate.stats();
    return active === PLACES && queued > PLACES;
  });
  const { code, stdout, stderr } = await clients.ended;
  sampler.child.kill("SIGINT");
  assertEquals([code, stderr], [0, ""]);
  const count = CLIENTS * TRANSACTIONS;
  assertStringIncludes(stdout, `number of transactions actually processed: ${count}/${count}\n`);
  assertStringIncludes(stdout, "number of failed transactions: 0 ");
  const samples = (await sampler.ended).stdout.matchAll(/^backends\|(\d+)$/gm);
  const peak = Math.max(...[...samples].map(([, backends]) => Number(backends)));
  assert(peak > 1 && peak <= PLACES, `${peak} at once`);
});

const MESSAGE = "full: 20 are connected and 10 wait";

testWith(
  PROGRAMS,
  "--reject-as postgres: psql says why, and those in the queue are served",
  async () => {
    const backlog = 10;
    await using gate = await openGate(PLACES, backlog);
    const holder = await takePlaces(gate, PLACES);
    const waiting = Array.from({ length: backlog }, () => ask(gate.port));
    await gate.holds(PLACES, backlog);
    for (const sslmode of ["prefer", "disable"]) {
      const { code, stdout, stderr } = await ask(gate.port, { PGSSLMODE: sslmode }).ended;
      assertEquals([code, stdout], [2, ""]);
      assertMatch(stderr, new RegExp(`^psql: error: .* failed: FATAL:  ${MESSAGE}\n$`), sslmode);
    }
    assertEquals(await refusalOf(gate.port), {
      encryption: "NN",
      fields: { S: "FATAL", V: "FATAL", C: "53300", M: MESSAGE },
    });
    await gate.holds(PLACES, backlog);
    await postgres.dismiss(ASLEEP);
    for (const waiter of waiting) assertEquals(await waiter.ended, SERVED);
    await holder.ended;
  },
);

const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;
const PROTOCOL_3 = 3 << 16;

/** What a client is told, byte for byte: none of them shows the SQLSTATE of a refused connection. */
async function refusalOf(port: number) {
  using socket = await Deno.connect({ hostname: "127.0.0.1", port });
  let encryption = "";
  for (const code of [GSSENC_REQUEST, SSL_REQUEST]) {
    await socket.write(packet(code));
    const answer = new Uint8Array(1);
    await socket.read(answer);
    encryption += new TextDecoder().decode(answer);
  }
  await socket.write(packet(PROTOCOL_3, "user\0postgres\0\0"));
  const response = await new Response(socket.readable).bytes();
  const view = new DataView(response.buffer);
  const type = String.fromCharCode(view.getUint8(0));
  assertEquals([type, view.getInt32(1)], ["E", response.length - 1]);
  const fields = new TextDecoder().decode(response.subarray(5)).split("\0");
  return { encryption, fields: Object.fromEntries(fields.filter((f) => f !== "").map(typed)) };
}

function typed(field: string): [string, string] {
  return [field.slice(0, 1), field.slice(1)];
}

testWith(
  PROGRAMS,
  "--upstream: those who wait while the server is down are served once it is up",
  async () => {
    await using gate = await openGate(2, 20);
    const holder = await takePlaces(gate, 2);
    const waiting = Array.from({ length: 20 }, () => ask(gate.port));
    await gate.holds(2, 20);
    // Killed, not told to stop: a server that stops still takes connections for a moment, only to drop them.
    await postgres.stop("SIGKILL");
    await until("it is noted", () => gate.notes.includes("is down"));
    await until("all who wait are still there, and only they", async () => {
      const { active, queued } = await gate.stats();
      return active + queued === waiting.length;
    });
    await recover();
    await postgres.resume();
    for (const waiter of waiting) assertEquals(await served(gate, await waiter.ended), SERVED);
    assertMatch(
      gate.notes,
      /\npoolgate: the upstream is down, nobody is let in: .*\npoolgate: the upstream is up again\n$/,
    );
    await holder.ended;
  },
);

const TOKEN = "s3cret";

/** In the place of systemd's: says that it was called, and with what, and waits for the test. */
const SYSTEMCTL = `#!/bin/sh
cd "\${0%/*}"
echo "$*" > called.part && mv called.part called
for _ in $(seq 300); do [ -e done ] && exit 0; sleep 0.1; done
exit 1
`;

/** The README's commands for a restart, with the addresses of this test. */
function restartCommands({ admin }: Gate): string {
  const [block, ...others] = BLOCKS.filter(({ script }) => script.includes("/api/pause"));
  assert(block !== undefined && others.length === 0, "one block is to pause");
  return block.script.replaceAll("http://127.0.0.1:9632", admin);
}

testWith(
  [ADMIN_SERVED, ...PROGRAMS, "curl"],
  "README: its commands for a restart cost none of 600 sessions of 30 clients",
  async () => {
    await using home = await Directory.make();
    await Deno.writeTextFile(`${home.path}/systemctl`, SYSTEMCTL, { mode: 0o755 });
    await using gate = await openGate(
      ...[PLACES, 30] as const,
      ...["--admin", "127.0.0.1:0", "--admin-token", TOKEN],
    );
    const each = ["--connect", "--client", "30", "--jobs", "30", "--transactions", "20"];
    const clients = pgbench(gate.port, ...each, ...script("transaction"));
    await until("they are at work", async () => (await gate.stats()).disconnected_total >= 100);
    const commands = start("bash", ["-c", restartCommands(gate)], {
      ...{ PATH: `${home.path}:${Deno.env.get("PATH")}`, no_proxy: "*" },
      POOLGATE_ADMIN_TOKEN: TOKEN,
    });
    const called = () => Deno.readTextFile(`${home.path}/called`).catch(() => undefined);
    await until("the server is to be restarted", async () => await called() !== undefined);
    assertEquals(await called(), "restart postgresql\n");
    const { active, queued } = await gate.stats();
    assertEquals([active, queued > 0, await postgres.count("true")], [0, true, 0]);
    await postgres.stop("SIGINT");
    await postgres.resume();
    await Deno.writeTextFile(`${home.path}/done`, "");

    const { code, stdout } = await commands.ended;
    const resumed = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}");
    assertEquals([code, resumed.paused, resumed.promoted > 0], [0, false, true], stdout);
    const served = await clients.ended;
    assertEquals([served.code, served.stderr], [0, ""]);
    assertStringIncludes(served.stdout, "transactions actually processed: 600/600\n");
    assertStringIncludes(served.stdout, "number of failed transactions: 0 ");
    const { rejected_total } = await gate.stats();
    assertEquals([rejected_total, gate.notes.includes("is down")], [0, false]);
  },
);

/** Lets the server clear up after the crash where nobody finds it: meanwhile, it refuses clients. */
async function recover(): Promise<void> {
  await postgres.resume(freePort());
  await postgres.stop("SIGINT");
}

/** Asks again where the server itself said, by way of the gate, that it was still starting. */
async function served(gate: Gate, answer: Ended): Promise<Ended> {
  while (answer.stderr.includes("FATAL:  the database system is ")) {
    answer = await ask(gate.port).ended;
  }
  return answer;
}

const CANCELED = "ERROR:  canceling statement due to user request";

/** How often a query of {@linkcode Terminal} is interrupted. */
const TURNS = 20;

/** A psql in a terminal, where Ctrl-C ends a query and not the program. */
class Terminal implements AsyncDisposable {
  readonly name: string;
  #child: Deno.ChildProcess;
  #keys: WritableStreamDefaultWriter<Uint8Array>;
  #closed: Promise<void>;
  /** All that stands on it. */
  text = "";

  constructor(port: number, name: string) {
    this.name = name;
    this.#child = new Deno.Command("script", {
      args: [
        "--quiet",
        "--flush",
        "--echo",
        "never",
        "--command",
        "psql -XAtn -P pager=off",
        "/dev/null",
      ],
      env: { LC_ALL: "C", TERM: "dumb", ...postgres.envFor(port), PGAPPNAME: name },
      stdin: "piped",
      stdout: "piped",
      signal: timeLimit(),
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.#closed = this.#read();
  }

  async #read(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.text += text;
    }
  }

  async type(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** @returns How often a text stands on it. */
  count(text: string): number {
    return this.text.split(text).length - 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself, and the test has failed for that.
    }
    await Promise.all([this.#child.status, this.#closed, this.#keys.abort().catch(() => {})]);
  }
}

for (const backlog of [10, 0]) {
  testWith(
    [...PROGRAMS, "script"],
    `--service postgres: Ctrl-C in psql ends its query at once, and no other, where ${backlog} may wait`,
    async () => {
      await using gate = await Gate.open(
        ...["--upstream", `127.0.0.1:${postgres.port}`, "--service", "postgres"],
        ...["--max-connections", "2", "--backlog-size", `${backlog}`],
      );
      await using first = new Terminal(gate.port, "first");
      await using second = new Terminal(gate.port, "second");
      // A cancel that comes before the second would have its place; so may a check for a moment.
      const both = "application_name in ('first', 'second')";
      await until("both are connected", async () => await postgres.count(both) === 2);
      let worst = 0;
      for (let turn = 1; turn <= TURNS; turn++) {
        for (const terminal of [first, second]) {
          await terminal.type("select pg_sleep(20);\r");
          const sleeps = `application_name = '${terminal.name}' and ${ASLEEP}`;
          await until("the query runs", async () => await postgres.count(sleeps) === 1);
          const began = performance.now();
          await terminal.type("\x03");
          await until("it is canceled", () => terminal.count(CANCELED) === turn);
          worst = Math.max(worst, performance.now() - began);
        }
        // A cancel that came too late would end these.
        for (const terminal of [first, second]) {
          await terminal.type(`select 'slept', pg_sleep(0.1), ${turn};\r`);
        }
        for (const terminal of [first, second]) {
          await until("the next query is served", () => terminal.text.includes(`slept||${turn}`));
        }
      }
      for (const terminal of [first, second]) assertEquals(terminal.count(CANCELED), TURNS);
      assert(worst < 1000, `a query went on for ${worst} ms`);
      await gate.holds(2, 0);
    },
  );
}

/** A session of PostgreSQL, from its start to its end: what came of it, and whether it had begun. */
interface Session {
  begun: boolean;
  outcome: "served" | "no connection" | "cut off" | string;
}

/**
 * Asks for a session, has one query served, and ends it.
 *
 * @param encrypted Whether it asks for encryption first, as psql does. There is none.
 */
async function session(port: number, query: string, encrypted: boolean): Promise<Session> {
  let begun = false;
  try {
    using socket = await Deno.connect({ hostname: "127.0.0.1", port });
    if (encrypted) {
      await socket.write(packet(SSL_REQUEST));
      if (await socket.read(new Uint8Array(1)) === null) return { begun, outcome: "cut off" };
    }
    await socket.write(packet(PROTOCOL_3, "user\0postgres\0database\0postgres\0\0"));
    const messages = messagesOf(socket);
    for await (const { type, body } of messages) {
      if (type === "E") return { begun, outcome: body.match(/\0M([^\0]*)/)?.[1] ?? body };
      if (type !== "Z") continue;
      if (begun) {
        await socket.write(message("X", ""));
        return { begun, outcome: "served" };
      }
      begun = true;
      await socket.write(message("Q", `${query}\0`));
    }
    return { begun, outcome: "cut off" };
  } catch (error) {
    return { begun, outcome: `cut off: ${(error as Error).message}` };
  }
}

function message(type: string, text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(5 + text.length);
  bytes.set(new TextEncoder().encode(`${type}\0\0\0\0${text}`));
  new DataView(bytes.buffer).setInt32(1, 4 + text.length);
  return bytes;
}

/** The messages of a server, as they come. */
async function* messagesOf(socket: Deno.Conn): AsyncGenerator<{ type: string; body: string }> {
  const decoder = new TextDecoder("latin1");
  const buffer = new Uint8Array(16 * 1024);
  let end = 0;
  for (;;) {
    const length = await socket.read(buffer.subarray(end));
    if (length === null) return;
    end += length;
    let start = 0;
    while (end - start >= 5) {
      const size = 1 + new DataView(buffer.buffer, start).getInt32(1);
      if (end - start < size) break;
      const text = decoder.decode(buffer.subarray(start, start + size));
      yield { type: text[0]!, body: text.slice(5) };
      start += size;
    }
    buffer.copyWithin(0, start, end);
    end -= start;
  }
}

const SESSIONS = 600;
const WORKERS = 30;

testWith(
  PROGRAMS,
  "--service postgres: of 600 sessions during a restart, only those fail that are cut at work",
  async () => {
    await using gate = await Gate.open(
      ...["--upstream", `127.0.0.1:${postgres.port}`, "--service", "postgres"],
      ...["--max-connections", `${PLACES}`, "--backlog-size", `${SESSIONS}`],
    );
    let begun = 0;
    const outcomes = new Map<string, number>();
    const working = Array.from({ length: WORKERS }, async (_, worker) => {
      while (begun++ < SESSIONS) {
        const { begun, outcome } = await session(
          gate.port,
          "select pg_sleep(0.05)",
          worker % 2 === 0,
        );
        const what = outcome === "served" || !begun ? outcome : "cut at work";
        outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
      }
    });
    await until("many have been served", () => (outcomes.get("served") ?? 0) > SESSIONS / 4);
    await postgres.stop("SIGINT");
    await postgres.resume();
    await Promise.all(working);
    const served = outcomes.get("served") ?? 0;
    const cut = outcomes.get("cut at work") ?? 0;
    assertEquals(served + cut, SESSIONS, JSON.stringify([...outcomes]));
    assert(cut <= PLACES, `${cut} were cut`);
    assertStringIncludes(gate.notes, "the upstream is down, nobody is let in: ");
    await until("that is noted", () => gate.notes.includes("the upstream is up again"));
  },
);
