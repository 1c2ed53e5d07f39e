/** poolgate in front of several real servers, of which one fails. Imports nothing from lib/. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ADMIN_SERVED, Gate, Nginx, Postgres, run, start, testWith } from "../support/servers.ts";
import { until } from "../support/sockets.ts";

const POSTGRES = ["postgres", "initdb", "psql", "pg_isready", "ss"];
const PLACES = 6;
const WORKERS = 16;
const SESSIONS = 240;

/** The connections that a process has to some ports of this machine, by their own addresses. */
async function connectionsOf(pid: number, ports: readonly number[]): Promise<Map<string, number>> {
  const filter = ports.map((port) => `dport = :${port}`).join(" or ");
  const { stdout } = await run("ss", ["-Htnp", "state", "established", `( ${filter} )`]);
  const own = stdout.split("\n").filter((line) => line.includes(`pid=${pid},`));
  return new Map(own.map((line) => {
    const [, , address = "", peer = ""] = line.split(/\s+/);
    return [address, ports.findIndex((port) => peer.endsWith(`:${port}`))];
  }));
}

/**
 * Counts the connections of a process to some ports, again and again, until it is told to end. The
 * system lists them one after the other while they come and go: those that are in two lists running
 * were there at the same time.
 */
class Sampler {
  #over = false;
  #sampling: Promise<void>;
  /** The most that there were to all of them together. */
  peak = 0;
  /** The most that there were to each since this was last cleared. */
  peaks: number[] = [];

  constructor(pid: number, ports: readonly number[]) {
    this.#sampling = this.#sample(pid, ports);
  }

  async #sample(pid: number, ports: readonly number[]): Promise<void> {
    let before = new Map<string, number>();
    while (!this.#over) {
      const open = await connectionsOf(pid, ports);
      const both = [...open].filter(([address]) => before.has(address));
      this.peak = Math.max(this.peak, both.length);
      this.peaks = ports.map((_, at) =>
        Math.max(both.filter(([, of]) => of === at).length, this.peaks[at] ?? 0)
      );
      before = open;
    }
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#sampling;
  }
}

testWith(
  POSTGRES,
  "several --upstream: of two PostgreSQL one is stopped under load: only those at work there fail, and never more than N are at both",
  async () => {
    await using first = await Postgres.start({ max_connections: 20 });
    await using second = await Postgres.start({ max_connections: 20 });
    const servers = [first, second];
    const ports = servers.map(({ port }) => port);
    await using gate = await Gate.open(
      ...ports.flatMap((port) => ["--upstream", `127.0.0.1:${port}`]),
      ...["--service", "postgres", "--check-interval", "50ms"],
      ...["--max-connections", `${PLACES}`, "--backlog-size", `${SESSIONS}`],
    );
    const sampler = new Sampler(gate.pid, ports);
    let begun = 0;
    let served = 0;
    const failed: string[] = [];
    const working = Array.from({ length: WORKERS }, async () => {
      while (begun++ < SESSIONS) {
        const args = ["-XAtc", "select pg_sleep(0.2), 'served'"];
        const { code, stdout, stderr } = await run("psql", args, first.envFor(gate.port));
        if (code === 0) assertEquals(stdout, "|served\n");
        if (code === 0) served++;
        else failed.push(stderr);
      }
    });
    await until("many have been served by both", () => served > SESSIONS / 4);
    assert(sampler.peaks.every((peak) => peak > 0), `${sampler.peaks}`);
    await second.stop("SIGQUIT");
    const then = served;
    await until("many have been served by the other", () => served > then + SESSIONS / 8);
    const name = `the upstream 127.0.0.1:${second.port}`;
    await until("it is found down", () => gate.notes.includes(`${name} is down, the others take`));
    sampler.peaks = [];
    await second.resume();
    await until("it is back", () => gate.notes.includes(`${name} is up again`));
    await Promise.all(working);
    await sampler.end();

    assertEquals(served + failed.length, SESSIONS);
    assert(failed.length <= PLACES, `${failed.length} failed: ${failed.join("")}`);
    for (const stderr of failed) {
      assertMatch(stderr, /terminating connection|server closed|shutting down/);
    }
    assert((sampler.peaks[1] ?? 0) > 0, "the one that is back takes connections again");
    assertEquals(gate.notes.includes("nobody is let in"), false, gate.notes);
    assertEquals(sampler.peak, PLACES);
  },
);

testWith(
  POSTGRES,
  "several --upstream: Ctrl-C in psql at a full pool ends a query at either of two PostgreSQL",
  async () => {
    await using first = await Postgres.start({ max_connections: 10 });
    await using second = await Postgres.start({ max_connections: 10 });
    await using gate = await Gate.open(
      ...["--upstream", `127.0.0.1:${first.port}`, "--upstream", `127.0.0.1:${second.port}`],
      ...["--service", "postgres", "--check-interval", "0", "--max-connections", "2"],
    );
    const asleep = "wait_event = 'PgSleep'";
    const env = { ...first.envFor(gate.port), PGSSLMODE: "disable" };
    const clients = [0, 1].map(() => start("psql", ["-XAtc", "select pg_sleep(600)"], env));
    for (const server of [first, second]) {
      await until("each has one", async () => await server.count(asleep) === 1);
    }
    for (const { child, ended } of clients) {
      child.kill("SIGINT");
      assertStringIncludes((await ended).stderr, "canceling statement due to user request");
    }
  },
);

testWith(
  [ADMIN_SERVED, "nginx", "curl"],
  "several --upstream: of two nginx one is stopped, and nobody sees it; with first, the second stands by",
  async () => {
    const first = await Nginx.start("location / { return 200 'first'; }");
    await using second = await Nginx.start("location / { return 200 'second'; }");
    await using gate = await Gate.open(
      ...["--upstream", `127.0.0.1:${first.port},127.0.0.1:${second.port}`],
      ...["--upstream-order", "first", "--max-connections", "4", "--admin", "127.0.0.1:0"],
    );
    const ask = async () => (await run("curl", ["-s", `http://${gate.address}/`])).stdout;
    for (let turn = 0; turn < 3; turn++) assertEquals(await ask(), "first");
    await first[Symbol.asyncDispose]();
    const answers = await Promise.all(Array.from({ length: 20 }, ask));
    assertEquals(answers, Array(20).fill("second"));
    const metrics = await gate.metrics();
    assertStringIncludes(metrics, `poolgate_upstream_up{upstream="127.0.0.1:${first.port}"} 0`);
    assertStringIncludes(metrics, `poolgate_upstream_up{upstream="127.0.0.1:${second.port}"} 1`);
  },
);
