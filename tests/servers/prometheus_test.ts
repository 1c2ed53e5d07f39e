/** What Prometheus and its tools make of `--admin`. Imports nothing from lib/. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { freshPool, REDIS } from "../support/cluster/cluster.ts";
import { RedisServer } from "../support/cluster/redis_server.ts";
import { tableOf, yamlOf } from "../support/readmes.ts";
import { type Behaviour, Service } from "../support/service.ts";
import { ADMIN_SERVED, Directory, Gate, Prometheus, run, testWith } from "../support/servers.ts";
import { Client, until } from "../support/sockets.ts";

/** Answers with what it is told. */
const parrot: Behaviour = async (socket) => {
  const buffer = new Uint8Array(1024);
  for (;;) {
    const length = await socket.read(buffer);
    if (length === null) return;
    await socket.write(buffer.subarray(0, length));
  }
};

function openGate(service: Service, ...args: string[]): Promise<Gate> {
  const upstream = `127.0.0.1:${service.address.port}`;
  return Gate.open("--upstream", upstream, "--admin", "127.0.0.1:0", ...args);
}

function limits(maxConnections: number, backlogSize: number): string[] {
  return ["--max-connections", `${maxConnections}`, "--backlog-size", `${backlogSize}`];
}

async function arrive(gate: Gate, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  while (clients.length < count) clients.push(await Client.to(gate.address));
  return clients;
}

function hangUp(clients: Client[]): void {
  for (const client of clients) client.close();
}

const SERIES = /^(\w+(?:\{.*\})?) (\S+)$/gm;

/** The series of a text of metrics, as they stand there, and their values. */
function seriesOf(text: string): Record<string, number> {
  const found = [...text.matchAll(SERIES)].map(([, name = "", value]) => [name, Number(value)]);
  return Object.fromEntries(found);
}

async function metricsOf(gate: Gate): Promise<Record<string, number>> {
  return seriesOf(await gate.metrics());
}

/** What may become of a client, as the counters say it. */
const FATES = [
  'poolgate_connections_total{result="connected"}',
  'poolgate_connections_total{result="queued"}',
  'poolgate_connections_total{result="rejected"}',
  'poolgate_rejected_total{reason="backlog_full"}',
  'poolgate_rejected_total{reason="queue_timeout"}',
  "poolgate_promoted_total",
  "poolgate_queue_abandoned_total",
  "poolgate_received_bytes_total",
  'poolgate_queue_wait_seconds_count{outcome="promoted"}',
  'poolgate_queue_wait_seconds_count{outcome="timeout"}',
  'poolgate_queue_wait_seconds_count{outcome="abandoned"}',
  "poolgate_connection_duration_seconds_count",
];

/** Says something, and waits for the answer, or for the end. */
async function greet(client: Client): Promise<void> {
  await client.say("hello\n").catch(() => {});
  await client.line();
}

/** At a gate with one place and one wait: one client of each fate, where the queue timeout is not sooner. */
async function meetAllFates(gate: Gate): Promise<void> {
  const [holder, timedOut] = await arrive(gate, 2) as [Client, Client];
  await greet(holder);
  await timedOut.rest();
  const [leaver, rejected] = await arrive(gate, 2) as [Client, Client];
  await rejected.rest();
  leaver.close();
  await gate.holds(1, 0);
  const [promoted] = await arrive(gate, 1) as [Client];
  holder.close();
  await greet(promoted);
  hangUp([rejected, promoted, timedOut]);
  await gate.holds(0, 0);
}

async function openGateOfAllFates(service: Service): Promise<Gate> {
  const gate = await openGate(service, ...limits(1, 1), "--queue-timeout", "200ms");
  await until("every fate has been met", async () => {
    await meetAllFates(gate);
    const metrics = await metricsOf(gate);
    return FATES.every((name) => (metrics[name] ?? 0) > 0);
  });
  return gate;
}

testWith([ADMIN_SERVED, "promtool"], "/metrics: promtool has nothing to say to it", async () => {
  await using service = new Service(parrot);
  await using gate = await openGateOfAllFates(service);
  await using home = await Directory.make();
  const path = `${home.path}/metrics`;
  await Deno.writeTextFile(path, await gate.metrics());
  const check = 'exec promtool check metrics < "$0"';
  assertEquals(await run("bash", ["-c", check, path]), { code: 0, stdout: "", stderr: "" });
});

testWith([ADMIN_SERVED], "/metrics: no client adds a series, or a label", async () => {
  await using service = new Service(parrot);
  await using fresh = await openGate(service);
  await using gate = await openGateOfAllFates(service);
  const before = Object.keys(await metricsOf(fresh));
  assertEquals(Object.keys(await metricsOf(gate)), before);
  const labels = before.flatMap((name) => [...name.matchAll(/(\w+)="/g)].map(([, label]) => label));
  const known = ["result", "reason", "outcome", "le", "percentile", "version", "upstream"];
  assertEquals(new Set(labels), new Set(known));
});

testWith(
  [ADMIN_SERVED],
  "/metrics: counts what pool_stats counts, and what the clients have seen",
  async () => {
    const [places, waits, surplus, leavers] = [20, 10, 7, 4];
    await using service = new Service(parrot);
    await using gate = await openGate(service, ...limits(places, waits), "--reject-as", "line");

    const holders = await arrive(gate, places);
    const waiting = await arrive(gate, waits);
    await gate.holds(places, waits);
    const rejected = await arrive(gate, surplus);
    let heard = 0;
    for (const client of rejected) heard += (await client.rest()).length;
    hangUp(waiting.splice(0, leavers));
    await gate.holds(places, waits - leavers);
    let said = 0;
    const talk = async (clients: Client[]) => {
      for (const [at, client] of clients.entries()) {
        const text = `${"x".repeat(at)}\n`;
        await client.say(text);
        assertEquals(`${await client.line()}\n`, text);
        said += text.length;
        heard += text.length;
      }
    };
    await talk(holders);
    hangUp(holders.splice(0, waits - leavers));
    await gate.holds(places, 0);
    await talk(waiting);

    const stats = await gate.stats();
    const metrics = await metricsOf(gate);
    const named = (prefix: string) =>
      Object.entries(metrics).filter(([name]) =>
        name.startsWith(prefix) && !name.includes("_bucket")
      )
        .map(([name, value]) => [name.slice(prefix.length), value]);
    assertEquals(metrics.poolgate_active_connections, places);
    assertEquals(metrics.poolgate_active_connections, stats.active);
    assertEquals(metrics.poolgate_queued_connections, stats.queued);
    assertEquals(metrics.poolgate_max_connections, stats.max_connections);
    assertEquals(metrics.poolgate_backlog_size, stats.backlog_size);
    assertEquals(metrics.poolgate_oldest_wait_seconds, 0);
    const upstream = `{upstream="127.0.0.1:${service.address.port}"}`;
    assertEquals(metrics[`poolgate_upstream_up${upstream}`], 1);
    assertEquals(metrics[`poolgate_upstream_connections${upstream}`], places);
    assertEquals(named("poolgate_connections_total"), [
      ['{result="connected"}', places],
      ['{result="queued"}', waits],
      ['{result="rejected"}', surplus],
    ]);
    assertEquals(
      [stats.connected_total, stats.queued_total, stats.rejected_total],
      [places, waits, surplus],
    );
    assertEquals(named("poolgate_rejected_total"), [
      ['{reason="backlog_full"}', surplus],
      ['{reason="queue_timeout"}', 0],
      ['{reason="per_source"}', 0],
      ['{reason="waiting_per_source"}', 0],
      ['{reason="draining"}', 0],
      ['{reason="upstream_down"}', 0],
      ['{reason="paused"}', 0],
      ['{reason="gate_paused"}', 0],
      ['{reason="cluster_down"}', 0],
    ]);
    assertEquals(metrics.poolgate_promoted_total, waits - leavers);
    assertEquals(metrics.poolgate_promoted_total, stats.promoted_total);
    assertEquals(metrics.poolgate_queue_abandoned_total, leavers);
    assertEquals(named("poolgate_queue_wait_seconds_count"), [
      ['{outcome="promoted"}', waits - leavers],
      ['{outcome="timeout"}', 0],
      ['{outcome="abandoned"}', leavers],
    ]);
    assertEquals(metrics.poolgate_connection_duration_seconds_count, waits - leavers);
    assertEquals(stats.disconnected_total, waits);
    assertEquals(metrics.poolgate_received_bytes_total, said);
    assertEquals(metrics.poolgate_sent_bytes_total, heard);

    hangUp([...holders, ...waiting, ...rejected]);
    await gate.holds(0, 0);
    const { poolgate_connection_duration_seconds_count: stays } = await metricsOf(gate);
    assertEquals(stays, places + waits - leavers);
  },
);

async function served(gate: Gate, path: string): Promise<string> {
  const answer = await fetch(`${gate.admin}${path}`);
  assertEquals(answer.status, 200);
  return await answer.text();
}

/** How often Prometheus asks, and how long what it alerts of lasts. */
const SOON = "200ms";

/** The configuration of the admin side's README, and the rules that poolgate serves, but sooner. */
async function prometheusFiles(gate: Gate): Promise<Record<string, string>> {
  const target = gate.admin.replace("http://", "");
  const configuration = yamlOf("lib/admin/README.md").get("prometheus.yml") ?? "";
  const rules = await served(gate, "/rules.yml");
  return {
    "prometheus.yml": configuration.replace(/(_interval): \S+/g, `$1: ${SOON}`)
      .replace(/(?<=targets: \[")[^"]+/, target),
    "poolgate.rules.yml": rules.replace(/\bfor: \S+/g, `for: ${SOON}`),
  };
}

testWith(
  [ADMIN_SERVED, "promtool"],
  "/rules.yml: promtool accepts it, with the README's configuration",
  async () => {
    await using service = new Service(parrot);
    await using gate = await openGate(service);
    await using home = await Directory.make();
    for (const [name, text] of Object.entries(await prometheusFiles(gate))) {
      await Deno.writeTextFile(`${home.path}/${name}`, text);
    }
    const strictly = ["--lint=all", "--lint-fatal"];
    for (const [what, name] of [["config", "prometheus.yml"], ["rules", "poolgate.rules.yml"]]) {
      const { code, stdout, stderr } = await run("promtool", [
        ...["check", what!, ...strictly, `${home.path}/${name}`],
      ]);
      assertEquals([code, stderr], [0, ""], stdout);
      assertMatch(stdout, /SUCCESS: 11 rules found/);
    }
  },
);

/** Two minutes of two gates that say something, and of one that says nothing of a cluster. */
const CLUSTERS: [what: string, series: Record<string, number>, alert: string | undefined][] = [
  ["Redis is away", { up: 0, over_limit: 0, gates: 2 }, "PoolgateClusterIsAway"],
  ["more have a place than may", { up: 1, over_limit: 3, gates: 2 }, "PoolgateIsOverItsLimit"],
  ["a gate is missing", { up: 1, over_limit: 0, gates: 1 }, "PoolgateGateIsMissing"],
  ["all is well", { up: 1, over_limit: 0, gates: 2 }, undefined],
  ["the pool is not shared", {}, undefined],
];
const CLUSTER_ALERTS = [
  ...["PoolgateClusterIsAway", "PoolgateIsOverItsLimit", "PoolgateGateIsMissing"],
];

for (const [what, series, alert] of CLUSTERS) {
  testWith(["promtool"], `/rules.yml: what it alerts of where ${what}`, async () => {
    await using home = await Directory.make();
    await Deno.copyFile("lib/admin/prometheus/rules.yml", `${home.path}/rules.yml`);
    const gate = (name: string, value: number, instance: string) => ({
      series: `${name}{job="poolgate",instance="${instance}"}`,
      values: `${value}x9`,
    });
    const input = ["one", "two"].flatMap((instance) => [
      gate("up", 1, instance),
      ...Object.entries(series).map(([name, value]) => {
        return gate(`poolgate_cluster_${name}`, value, instance);
      }),
    ]);
    const wanted = CLUSTER_ALERTS.map((alertname) => ({ eval_time: "2m", alertname }));
    // It lists what it got instead of what was wanted: nothing is, so what fires is in its words.
    const test = { interval: "15s", input_series: input, alert_rule_test: wanted };
    const path = `${home.path}/test.yml`;
    await Deno.writeTextFile(path, JSON.stringify({ rule_files: ["rules.yml"], tests: [test] }));
    const { stdout, stderr } = await run("promtool", ["test", "rules", path]);
    const fired = [...`${stdout}${stderr}`.matchAll(/alertname: ?(\w+)/g)].map(([, name]) => name);
    assertEquals(fired, alert === undefined ? [] : [alert], `${stdout}${stderr}`);
  });
}

const PROMETHEUS = [ADMIN_SERVED, "prometheus"];
const CONNECTED = 'poolgate_connections_total{result="connected"}';

/** A gate, and a Prometheus that asks it and no other. */
interface Asked {
  gate: Gate;
  prometheus: Prometheus;
}

const started = new AsyncDisposableStack();
Deno.test.afterAll(() => started.disposeAsync());

async function startAsked(flags: string[]): Promise<Asked> {
  const service = started.use(new Service(parrot));
  const gate = started.use(await openGate(service, ...flags));
  const prometheus = started.use(await Prometheus.start(await prometheusFiles(gate)));
  return { gate, prometheus };
}

/** A gate that shares its pool, through a Redis. */
async function startSharing(flags: string[]): Promise<Asked> {
  const redis = started.use(await RedisServer.start());
  const cluster = ["--cluster", `redis://127.0.0.1:${redis.port}`, "--cluster-pool", freshPool()];
  return await startAsked([...flags, ...cluster, "--cluster-lease", "3s"]);
}

/** Starts what each test asks. */
const STARTS = {
  figures: () => startAsked(limits(3, 2)),
  alerts: () => startAsked(limits(1, 1)),
  queries: () => startAsked([...limits(1, 1), "--queue-timeout", "200ms"]),
  gates: () => startSharing(limits(1, 1)),
};

let all: Promise<PromiseSettledResult<Asked>[]> | undefined;

/** Starts those of all tests with the first one: Prometheus asks nobody in its first five seconds. */
async function askedFor(test: keyof typeof STARTS): Promise<Asked> {
  all ??= Promise.allSettled(Object.values(STARTS).map((start) => start()));
  const asked = (await all)[Object.keys(STARTS).indexOf(test)];
  if (asked?.status !== "fulfilled") throw asked?.reason;
  return asked.value;
}

testWith(
  PROMETHEUS,
  "Prometheus, as the README sets it up, knows what pool_stats says",
  async () => {
    const { gate, prometheus } = await askedFor("figures");
    const { max_connections: places, backlog_size: waits } = await gate.stats();
    const guests = 50;
    const valueOf = async (query: string) => (await prometheus.query(query))[0]?.value;
    await until("the gate has been scraped", async () => await valueOf(CONNECTED) === 0);

    for (let guest = 0; guest < guests; guest++) {
      const [client] = await arrive(gate, 1) as [Client];
      await greet(client);
      client.close();
      await gate.holds(0, 0);
    }
    const clients = await arrive(gate, places + waits);
    await gate.holds(places, waits);
    const { active, queued, connected_total: total } = await gate.stats();
    await until("it knows those that came last", async () => {
      return await valueOf("poolgate_queued_connections") === queued;
    });
    assertEquals(await valueOf("poolgate_active_connections"), active);
    assertEquals(await valueOf(CONNECTED), total);

    // A rate is that between the first sample and the last, taken to go on until the ends of the window, though for
    // no more than 1.1 times the time between two samples.
    const samples = () => valueOf(`count_over_time(${CONNECTED}[1m])`);
    await until("there are samples enough", async () => (await samples() ?? 0) >= 6);
    const increase = 60 * (await valueOf(`rate(${CONNECTED}[1m])`) ?? 0);
    assert(increase > total - 0.001 && increase < total * 1.5, `${increase} instead of ${total}`);
    hangUp(clients);
  },
);

testWith(PROMETHEUS, "Prometheus, as the README sets it up, alerts of a full queue", async () => {
  const { gate, prometheus } = await askedFor("alerts");
  await until("the gate has been scraped", async () => {
    return (await prometheus.query(CONNECTED)).length === 1;
  });
  const clients = await arrive(gate, 2);
  await gate.holds(1, 1);
  await until("it alerts of the queue", async () => (await prometheus.firing()).length > 0);
  assertEquals(await prometheus.firing(), ["PoolgateQueueFills"]);
  clients.push(...await arrive(gate, 1));
  await until("it alerts of one turned away", async () => {
    return (await prometheus.firing()).includes("PoolgateTurnsClientsAway");
  });
  hangUp(clients);
});

/** A panel has queries, and a row that is closed has panels. */
interface Panel {
  title: string;
  type: string;
  targets?: { expr: string }[];
  panels?: Panel[];
}

interface Query {
  title: string;
  expr: string;
}

/** The queries of the dashboard that a gate serves: those that everybody sees, and those of the row of several gates. */
async function queriesOf(gate: Gate): Promise<{ shown: Query[]; ofGates: Query[] }> {
  const { panels }: { panels: Panel[] } = JSON.parse(await served(gate, "/grafana.json"));
  const ofPanels = (panels: Panel[]) =>
    panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
  const [row, ...others] = panels.filter(({ type }) => type === "row");
  assertEquals([row?.title, others.length], ["Several gates (with --cluster)", 0]);
  return { shown: ofPanels(panels), ofGates: ofPanels(row?.panels ?? []) };
}

/** The metrics that there are with --cluster alone, as the README names them. */
function metricsOfClusters(): (string | undefined)[] {
  return tableOf("lib/admin/README.md", "metric with `--cluster`")
    .map(([name = ""]) => /\w+/.exec(name)?.[0]);
}

/** Whether a query has no answer yet, or one that is not a number where there should be one. */
async function isUnknown(prometheus: Prometheus, query: Query): Promise<boolean> {
  const found = await prometheus.query(asked(query));
  const told = found.filter(({ labels }) => labels.__name__ !== "poolgate_expected_wait_seconds");
  return found.length === 0 || told.some(({ value }) => Number.isNaN(value));
}

/** A query as Grafana asks it, with all instances chosen. */
function asked({ expr }: Query): string {
  return expr.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*");
}

testWith(
  PROMETHEUS,
  "/grafana.json, /rules.yml: Prometheus answers each query, and evaluates each rule",
  async () => {
    const { gate, prometheus } = await askedFor("queries");
    const { shown: queries, ofGates } = await queriesOf(gate);
    assert(queries.length > 20);
    await until("each query is answered, with a number", async () => {
      await meetAllFates(gate);
      for (const query of queries) if (await isUnknown(prometheus, query)) return false;
      return true;
    });
    // This gate shares its pool with nobody.
    for (const query of ofGates) {
      assertEquals(await prometheus.query(asked(query)), [], query.title);
    }
    const rules = await prometheus.rules();
    assertEquals(rules.size, 11);
    for (const [name, { health, lastError = "" }] of rules) {
      assertEquals([health, lastError], ["ok", ""], name);
    }
    const series = new Set(Object.keys(await metricsOf(gate)).map((name) => /^\w+/.exec(name)![0]));
    const rulesText = await served(gate, "/rules.yml");
    const named = [...`${rulesText} ${[...queries, ...ofGates].map(({ expr }) => expr)}`.matchAll(
      /\b(?:poolgate|process)_\w+/g,
    )].map(([name]) => name);
    const strange = named.map((name) => name.replace(/(?<=^poolgate_cluster_.*)_bucket$/, ""))
      .filter((name) => !series.has(name) && !metricsOfClusters().includes(name));
    assertEquals(strange, []);
  },
);

testWith(
  [...PROMETHEUS, ...REDIS],
  "/grafana.json: Prometheus answers each query of several gates, with --cluster",
  async () => {
    const { gate, prometheus } = await askedFor("gates");
    const { ofGates } = await queriesOf(gate);
    const metrics = ofGates.flatMap(({ expr }) => expr.match(/poolgate_cluster_[a-z_]+/g) ?? []);
    assertEquals(
      new Set(metrics.map((name) => name.replace(/_bucket$/, ""))),
      new Set(metricsOfClusters()),
    );
    await until("each query is answered, with a number", async () => {
      for (const query of ofGates) if (await isUnknown(prometheus, query)) return false;
      return true;
    });
    const connected = await prometheus.query(asked(ofGates[0]!));
    assertEquals(connected.map(({ labels, value }) => [labels.job, value]), [["poolgate", 0]]);
  },
);
