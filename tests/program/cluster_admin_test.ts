/**
 * What operators see of two gates that share a pool through a real Redis, also while that is away:
 * the page in a real browser, the metrics, the checks. Imports nothing from lib/.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Browser, CHROMIUM } from "../support/browser.ts";
import { freshPool, REDIS } from "../support/cluster/cluster.ts";
import { RedisServer } from "../support/cluster/redis_server.ts";
import { tableOf } from "../support/readmes.ts";
import { ADMIN_SERVED, Directory, Gate, run, testWith } from "../support/servers.ts";
import { Client, until } from "../support/sockets.ts";

const TOKEN = "sesame";

Deno.test.afterAll(Browser.quit);

/** A Redis and two gates: `one`, which holds what it has, and `two`, which cuts it off. */
class Pair implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly one: Gate;
  readonly two: Gate;

  private constructor(redis: RedisServer, one: Gate, two: Gate) {
    this.redis = redis;
    this.one = one;
    this.two = two;
  }

  /** @param limits The flags of the limits. */
  static async open(...limits: string[]): Promise<Pair> {
    const redis = await RedisServer.start();
    const pool = freshPool();
    const open = (name: string, lost: string) =>
      openGate(redis, pool, name, "--cluster-lost", lost, ...limits);
    return new Pair(redis, await open("one", "hold"), await open("two", "cut"));
  }

  /** Waits until clients may be let in at both gates, and each knows of the other. */
  async ready(): Promise<void> {
    for (const gate of [this.one, this.two]) {
      await until("the gates know each other", async () => {
        const { cluster } = await json(gate, "/api/stats");
        return cluster.held_seconds === 0 && cluster.gates.length === 2;
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.one[Symbol.asyncDispose]();
    await this.two[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
  }
}

function openGate({ port }: RedisServer, pool: string, name: string, ...more: string[]) {
  return Gate.open(
    ...["--admin", "127.0.0.1:0", "--admin-token", TOKEN, "--cluster-lease", "3s", ...more],
    ...["--cluster", `redis://127.0.0.1:${port}`, "--cluster-pool", pool, "--cluster-gate", name],
  );
}

async function json(gate: Gate, path: string) {
  return await (await fetch(`${gate.admin}${path}`)).json();
}

/** The value of a series. */
async function valueOf(gate: Gate, name: string): Promise<number> {
  const line = (await gate.metrics()).split("\n").find((line) => line.startsWith(`${name} `));
  return Number(line?.slice(name.length));
}

async function ask(gate: Gate, path: string): Promise<[status: number, text: string]> {
  const answer = await fetch(`${gate.admin}${path}`);
  return [answer.status, await answer.text()];
}

/** Lets a client come, and waits until it is answered. */
async function arrive(gate: Gate): Promise<Client> {
  const client = await Client.to(gate.address);
  await client.line();
  return client;
}

testWith(
  [ADMIN_SERVED, ...REDIS],
  "README: names every metric of a cluster, its labels and its type",
  async () => {
    await using pair = await Pair.open();
    const text = await pair.one.metrics();
    const types = [...text.matchAll(/^# TYPE (poolgate_cluster_\w+) (\w+)$/gm)]
      .map(([, name, type]) => [`\`${name}${name!.includes("resyncs") ? "{reason}" : ""}\``, type]);
    const rows = tableOf("lib/admin/README.md", "metric with `--cluster`");
    assertEquals(rows.map(([name, type]) => [name, type]).sort(), types.sort());
  },
);

testWith(
  [ADMIN_SERVED, ...REDIS],
  "PUT /api/pause with --cluster: is for all gates, and outlives them",
  async () => {
    await using redis = await RedisServer.start();
    const pool = freshPool();
    const headers = { authorization: `Bearer ${TOKEN}` };
    {
      await using one = await openGate(redis, pool, "one");
      await using two = await openGate(redis, pool, "two");
      const answer = await fetch(`${one.admin}/api/pause`, { method: "PUT", headers });
      assertEquals((await answer.json()).paused, true);
      await until("the other one hears of it", async () => (await json(two, "/api/stats")).paused);
      await until("it notes it", () => two.notes.includes("paused by an operator"));
    }
    await using next = await openGate(redis, pool, "next");
    assertEquals((await json(next, "/api/stats")).paused, true);
  },
);

testWith(
  [ADMIN_SERVED, ...REDIS, CHROMIUM, "promtool"],
  "--admin with --cluster: shows the gates, pauses one, and says in words that Redis is away",
  async () => {
    await using pair = await Pair.open("--max-connections", "2", "--backlog-size", "5");
    const { redis, one, two } = pair;
    await pair.ready();
    const clients = [await arrive(one), await arrive(two), await arrive(two)];
    await using browser = await Browser.open(`${one.admin}/`);
    await browser.shows("#state", "Clients have to wait");
    await browser.shows("#active .count", "2");
    await browser.shows("#cluster .share", /all 2 gates\. This gate, one, has 1 connected and 0/);
    await browser.shows(
      "#cluster tbody tr:nth-child(1)",
      /^one \(this gate\)\s+1\s+0\s+.* ago\s+lets clients in$/,
    );
    await browser.shows(
      "#cluster tbody tr:nth-child(2)",
      /^two\s+1\s+1\s+.* ago\s+lets clients in$/,
    );

    for (const gate of [one, two]) {
      const names = ["active", "queued", "gates", "over_limit", "up"];
      const values = await Promise.all(
        names.map((name) => valueOf(gate, `poolgate_cluster_${name}`)),
      );
      assertEquals(values, [2, 1, 2, 0, 1]);
    }
    await using home = await Directory.make();
    await Deno.writeTextFile(`${home.path}/metrics`, await two.metrics());
    const check = 'exec promtool check metrics < "$0"';
    const said = await run("bash", ["-c", check, `${home.path}/metrics`]);
    assertEquals(said, { code: 0, stdout: "", stderr: "" });

    await browser.page.locator("#open-changes").click();
    await browser.page.locator("#token").fill(TOKEN);
    await browser.page.locator("#token").press("Enter");
    await browser.shows("#pause", "Pause all gates");
    await browser.page.locator("#pause-gate").click();
    await browser.shows("#notice", "Paused: nobody is let in here.");
    await browser.shows("#state", "This gate is paused: it lets nobody in");
    await browser.shows("#cluster tbody tr:nth-child(1) .state", "lets nobody in");
    assertEquals((await json(two, "/api/stats")).paused, false);
    await browser.page.locator("#pause-gate").click();
    await browser.shows("#state", "Clients have to wait");

    await redis.kill();
    await browser.shows(
      "#cluster .trouble",
      /^Redis is away: nobody is let in\. Who has a place keeps it\. It has been away for \d+ s: /,
    );
    await browser.shows("#state", "Redis is away: nobody is let in");
    const told = "#marks li:first-child";
    await browser.shows(told, /^\d\d:\d\d:\d\d Redis went away: \S.*/);
    assertEquals(await browser.page.locator(told).getAttribute("class"), "fault");
    for (const gate of [one, two]) {
      assertEquals(await valueOf(gate, "poolgate_cluster_up"), 0);
      const [ready, text] = await ask(gate, "/readyz");
      assertEquals(ready, 200);
      assertMatch(text, /^ready, but clients wait: Redis is away: /);
      const [status, sentence] = await ask(gate, "/readyz?cluster");
      assertEquals(status, 503);
      assertStringIncludes(sentence, "Redis is away, nobody is let in here: ");
    }
    await using other = await Browser.open(`${two.admin}/`);
    await other.shows("#cluster .trouble", /Who had a place here has been cut off\./);
    assertEquals(await valueOf(two, 'poolgate_evicted_total{reason="cluster_lost"}'), 1);

    await redis.resume();
    await browser.shows("#state", "Clients have to wait");
    await browser.shows("#active .meaning", /^no gate lets anybody in for \d s$/);
    await browser.shows("#cluster tbody tr:nth-child(1) .state", "lets nobody in yet");
    await browser.shows("#expected .detail", "as long as nobody is let in");
    await browser.shows(told, /^\d\d:\d\d:\d\d Redis came back$/);
    await browser.shows("#marks li:nth-child(2)", /Redis went away: /);
    await until("the pool is as it was", async () => {
      const { cluster } = await json(one, "/api/stats");
      return cluster.held_seconds === 0 && cluster.gates.length === 2;
    });
    const trouble = browser.page.locator("#cluster .trouble");
    await until("the page says nothing of it any more", () => trouble.isHidden());
    assertEquals(
      await valueOf(one, 'poolgate_cluster_resyncs_total{reason="empty"}') +
        await valueOf(one, 'poolgate_cluster_resyncs_total{reason="fenced"}'),
      1,
    );
    assertEquals((await ask(one, "/readyz?cluster"))[0], 200);
    await browser.shows("#cluster tbody tr:nth-child(1) .state", "lets clients in");
    await using phone = await Browser.open(`${one.admin}/`, { width: 360, height: 740 });
    await phone.shows("#cluster tbody tr:nth-child(2) bdi", "two");
    const heights = "[...document.querySelectorAll('tbody tr')].map((row) => row.offsetHeight)";
    const tallest = Math.max(...await phone.page.evaluate(heights) as number[]);
    assert(tallest > 0 && tallest < 150, `a row is ${tallest} pixels tall`);
    const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assertEquals(await phone.page.evaluate(overflow), 0);
    assertEquals([browser, other, phone].map(({ problems }) => problems), [[], [], []]);
    for (const client of clients) client.close();
  },
);
