import { assertEquals, assertMatch } from "@std/assert";
import { REASON_TEXT } from "../../../lib/gate/reason_text.ts";
import { service as http } from "../../../lib/gate/services/http.ts";
import { service as mysql } from "../../../lib/gate/services/mysql.ts";
import { service as redis } from "../../../lib/gate/services/redis.ts";
import { SERVICE_NAMES, SERVICES } from "../../../lib/gate/services/services.ts";
import { REJECT_REASONS } from "../../../lib/pool/client.ts";
import { problemOf } from "../../support/checks.ts";
import { bytes } from "../../support/memory_streams.ts";
import { modulesOf } from "../../support/modules.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

for (const reason of REJECT_REASONS) {
  Deno.test(`http.reject: ${reason} is a whole 503 that says when to come back`, async () => {
    const [head = "", body = ""] = text(http.reject(reason).opening).split("\r\n\r\n");
    const [status, ...lines] = head.split("\r\n");
    assertEquals(status, "HTTP/1.1 503 Service Unavailable");
    const headers = new Headers(lines.map((line) => line.split(": ") as [string, string]));
    assertEquals(headers.get("content-length"), String(body.length));
    assertMatch(headers.get("retry-after") ?? "", /^[1-9]\d*$/);
    assertEquals(headers.get("connection"), "close");
    assertEquals(await new Response(body).text(), `${REASON_TEXT[reason]}\n`);
  });
}

function retryAfter(...args: Parameters<typeof http.reject>): string | undefined {
  return /\r\nRetry-After: (\S+)\r\n/.exec(text(http.reject(...args).opening))?.[1];
}

Deno.test("http.reject: asks to come back after the expected wait, in whole seconds, within bounds", () => {
  for (const [waitMs, seconds] of [[undefined, 5], [0, 1], [2001, 3], [42_000, 42], [1e9, 120]]) {
    for (const reason of ["backlog_full", "queue_timeout"] as const) {
      assertEquals(retryAfter(reason, waitMs), `${seconds}`);
    }
    assertEquals(retryAfter("per_source", waitMs), "5");
  }
});

Deno.test("redis.reject: is the error of Redis itself", () => {
  assertEquals(
    text(redis.reject("backlog_full").opening),
    "-ERR max number of clients reached\r\n",
  );
});

Deno.test("mysql.reject: is an ERR packet, the first of the connection, with error 1040", () => {
  const packet = mysql.reject("backlog_full").opening;
  const message = "Too many connections";
  const length = 1 + 2 + message.length;
  assertEquals([...packet.subarray(0, 7)], [length, 0, 0, 0, 0xff, 0x10, 0x04]);
  assertEquals(text(packet.subarray(7)), message);
});

for (const line of ["+PONG", "-NOAUTH Authentication required.", "-ERR max number of clients"]) {
  Deno.test(`redis.check: ${line} is an answer`, () => {
    assertEquals(problemOf(redis, bytes(`${line}\r\n`)), { said: "", problem: undefined });
  });
}

Deno.test("redis.check: asks with PING, and one that loads its data is of no use yet", () => {
  const { opening } = redis.check!({ host: "db", path: "/", status: undefined });
  assertEquals(text(opening), "*1\r\n$4\r\nPING\r\n");
  const line = "-LOADING Redis is loading the dataset in memory";
  assertEquals(problemOf(redis, bytes(`${line}\r\n`)).problem, `it says ${line}`);
});

Deno.test("http.check: gets the path, and tells a status below 500, or the one expected", () => {
  const { opening } = http.check!({ host: "db:80", path: "/health?x", status: undefined });
  const [first, ...headers] = text(opening).split("\r\n");
  assertEquals(first, "GET /health?x HTTP/1.1");
  assertEquals(headers.includes("Host: db:80") && headers.includes("Connection: close"), true);
  assertEquals(text(opening).endsWith("\r\n\r\n"), true);
  const problem = (code: number, status?: number) =>
    problemOf(http, bytes(`HTTP/1.1 ${code}`), { path: "/x", status }).problem;
  for (const code of [200, 302, 404, 499]) assertEquals(problem(code), undefined);
  assertEquals(problem(500), "it answers GET /x with 500");
  assertEquals(problem(503, 503), undefined);
  assertEquals(problem(200, 204), "it answers GET /x with 200");
  assertEquals(problemOf(http, bytes("SSH-2.0-Open")).problem, "it does not answer as HTTP does");
});

/** A packet of MySQL. */
function packet(sequence: number, payload: string): string {
  return `${String.fromCharCode(payload.length)}\0\0${String.fromCharCode(sequence)}${payload}`;
}

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

const GREETING = packet(0, "\n10.11.19-MariaDB\0...");
const LOGIN = packet(
  1,
  "\0\x82\x08\0\0\0\0\x01\x21" + "\0".repeat(23) + "poolgate\0\0mysql_native_password\0",
);

Deno.test("mysql.check: logs in to the end, so that it does not count as one that broke off", () => {
  const check = (answers: string) => problemOf(mysql, latin1(GREETING + answers));
  const fine = { said: LOGIN, problem: undefined };
  assertEquals(check(packet(2, "\xff\x15\x04#28000Access denied")), fine);
  const quit = packet(0, "\x01");
  assertEquals(check(packet(2, "\0\0\0\x02\0\0\0")), { ...fine, said: LOGIN + quit });
  const switched = packet(2, "\xfecaching_sha2_password\0....\0");
  const empty = packet(3, "");
  assertEquals(check(switched + packet(4, "\xff\x15\x04#28000Access denied")), {
    ...fine,
    said: LOGIN + empty,
  });
});

Deno.test("mysql.check: in the place of a greeting, too many connections is an answer, a blocked host none", () => {
  const check = (answer: string) => problemOf(mysql, latin1(packet(0, answer)));
  assertEquals(check("\xff\x10\x04Too many connections"), { said: "", problem: undefined });
  assertEquals(check("\xff\x69\x04Host 'gate' is blocked").problem?.includes("(1129)"), true);
  assertEquals(check("\xff\x1d\x04#08S01Server shutdown in progress").problem !== undefined, true);
});

/** What stands beside the services in their folder. */
const BESIDE = ["ascii", "service", "services"];

Deno.test("SERVICES: has each file of the folder that is a service, by its name", async () => {
  const names = modulesOf("lib/gate/services/")
    .map(({ path }) => path.replace(/^.*\/|\.ts$/g, ""))
    .filter((name) => !BESIDE.includes(name));
  assertEquals([...SERVICE_NAMES].sort(), names.sort());
  for (const name of SERVICE_NAMES) {
    const { service } = await import(`../../../lib/gate/services/${name}.ts`);
    assertEquals((await SERVICES[name]()).service, service, name);
  }
});
