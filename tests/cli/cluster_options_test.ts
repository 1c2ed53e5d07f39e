import { assertEquals, assertStringIncludes } from "@std/assert";
import { showRedis } from "../../lib/cluster/cluster_options.ts";
import { complaint, options, type Values } from "../support/command_line.ts";

const server = (url: string) => options({ cluster: url }).cluster?.server;

const tcp = (hostname: string, port: number) => ({
  ...{ address: { transport: "tcp" as const, hostname, port }, tls: false },
  ...{ username: undefined, password: undefined, database: 0 },
});

Deno.test("readClusterOptions: with a URL alone, the defaults", () => {
  assertEquals(options({ cluster: "redis://127.0.0.1" }).cluster, {
    server: tcp("127.0.0.1", 6379),
    ...{ pool: "poolgate", gate: undefined, leaseMs: 10_000, lost: "hold" },
  });
  assertEquals(options({}).cluster, undefined);
});

Deno.test("readClusterOptions: limits are asked for where a flag or a variable gives any of them", () => {
  const cluster = "redis://h";
  assertEquals(options({ cluster }).limitsGiven, false);
  assertEquals(options({ cluster, "backlog-size": "5" }).limitsGiven, true);
  assertEquals(options({ cluster }, { POOLGATE_MAX_CONNECTIONS: "5" }).limitsGiven, true);
});

Deno.test("readClusterOptions: a URL has host, port, database, user and password", () => {
  assertEquals(server("redis://redis.example:7000"), tcp("redis.example", 7000));
  assertEquals(server("redis://[::1]:7000/"), tcp("::1", 7000));
  assertEquals(server("redis://[::1]"), tcp("::1", 6379));
  assertEquals(server("redis://h/15"), { ...tcp("h", 6379), database: 15 });
  assertEquals(server("rediss://h"), { ...tcp("h", 6379), tls: true });
  assertEquals(server("redis://:s3cret@h"), { ...tcp("h", 6379), password: "s3cret" });
  const named = { username: "u", password: "a:b@c/d%" };
  assertEquals(server("redis://u:a:b%40c%2Fd%25@h"), { ...tcp("h", 6379), ...named });
});

Deno.test("readClusterOptions: a Unix socket has a path, user, password and database", () => {
  const socket = {
    ...{ address: { transport: "unix" as const, path: "/run/redis.sock" }, tls: false },
    ...{ username: undefined, password: undefined, database: 0 },
  };
  assertEquals(server("redis+unix:///run/redis.sock"), socket);
  assertEquals(server("redis+unix://u:p@/run/redis.sock?db=3"), {
    ...{ ...socket, username: "u", password: "p", database: 3 },
  });
});

const badUrls: [url: string, shown: string][] = [
  ["", ""],
  ["127.0.0.1:6379", "127.0.0.1:6379"],
  ["http://h", "http://h"],
  ["redis://", "redis://"],
  ["redis://:6379", "redis://:6379"],
  ["redis://h:0", "redis://h:0"],
  ["redis://h:65536", "redis://h:65536"],
  ["redis://h/a", "redis://h/a"],
  ["redis://h/9007199254740993", "redis://h/9007199254740993"],
  ["redis://user@h", "redis://***@h"],
  ["redis://:@h", "redis://***@h"],
  ["redis://:s3cret/s3cret@h", "redis://***@h"],
  ["redis://:s3cret@s3cret@h", "redis://***@h"],
  ["redis://:s3cret%2@h", "redis://***@h"],
  ["s3cret@h:6379", "***@h:6379"],
  ["redis://h?password=s3cret", "redis://h?***"],
  ["redis+unix://h/path", "redis+unix://h/path"],
  ["redis+unix:///path?db=x&password=s3cret", "redis+unix:///path?***"],
];

for (const [url, shown] of badUrls) {
  Deno.test(`readClusterOptions: --cluster ${url} is refused, and no password is shown`, () => {
    const text = complaint({ cluster: url });
    assertStringIncludes(
      text,
      `--cluster is ${JSON.stringify(shown)}, it must be redis://HOST:PORT`,
    );
    assertEquals(text.includes("s3cret"), false, text);
    assertEquals(complaint({}, { POOLGATE_CLUSTER: url }).includes("s3cret"), false);
  });
}

const refused: [Values, string][] = [
  [{ "cluster-pool": "a" }, '--cluster-pool is "a", it needs --cluster'],
  [{ "cluster-gate": "a" }, '--cluster-gate is "a", it needs --cluster'],
  [{ "cluster-lease": "5s" }, '--cluster-lease is "5s", it needs --cluster'],
  [{ "cluster-lost": "cut" }, '--cluster-lost is "cut", it needs --cluster'],
  ...["", "a}b", "a b", "*", "x".repeat(65)].map((name): [Values, string] => [
    { "cluster": "redis://h", "cluster-pool": name },
    `--cluster-pool is ${JSON.stringify(name)}, it must be 1 to 64 letters, digits and`,
  ]),
  [{ "cluster": "redis://h", "cluster-gate": "" }, '--cluster-gate is "", it must be 1 to 64'],
  ...["2999ms", "61s", "0", "5", "soon"].map((lease): [Values, string] => [
    { "cluster": "redis://h", "cluster-lease": lease },
    `--cluster-lease is "${lease}", it must be a duration from 3s to 1m`,
  ]),
  [
    { "cluster": "redis://h", "cluster-lost": "drop" },
    '--cluster-lost is "drop", it must be hold or cut',
  ],
];

for (const [values, text] of refused) {
  Deno.test(`readClusterOptions: refuses ${JSON.stringify(values)}`, () => {
    assertStringIncludes(complaint(values), text);
  });
}

Deno.test("showRedis: is the URL without user and password", () => {
  const shown = (url: string) => showRedis(server(url)!);
  assertEquals(shown("redis://u:p@h"), "redis://h:6379");
  assertEquals(shown("rediss://:p@[::1]:7/3"), "rediss://[::1]:7/3");
  assertEquals(shown("redis+unix://u:p@/run/redis.sock?db=3"), "redis+unix:///run/redis.sock?db=3");
  assertEquals(shown("redis+unix:///run/redis.sock"), "redis+unix:///run/redis.sock");
});
