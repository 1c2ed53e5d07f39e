import { assertEquals, assertMatch } from "@std/assert";
import {
  GREETING_NAMES,
  type GreetingName,
  greetingService,
} from "../../../lib/gate/services/greetings.ts";
import { loadService } from "../../../lib/gate/load_protocols.ts";
import { service as http } from "../../../lib/gate/services/http.ts";
import { service as mysql } from "../../../lib/gate/services/mysql.ts";
import { service as redis } from "../../../lib/gate/services/redis.ts";
import { SERVICE_NAMES } from "../../../lib/gate/services/services.ts";
import type { RejectReason } from "../../../lib/pool/client.ts";
import { problemOf } from "../../support/checks.ts";
import { bytes } from "../../support/memory_streams.ts";
import { modulesOf } from "../../support/modules.ts";
import { blind, latin1, opening, talk, WORDS } from "../../support/rejections.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("http.reject: is a whole 503 that says when to come back, whatever is asked for", async () => {
  const [response, state] = talk(http, "G");
  assertEquals([state, blind(http), opening(http)], ["over", response, ""]);
  const [head = "", body = ""] = response.split("\r\n\r\n");
  const [status, ...lines] = head.split("\r\n");
  assertEquals(status, `HTTP/1.1 503 ${WORDS}`);
  const headers = new Headers(lines.map((line) => line.split(": ") as [string, string]));
  assertEquals(headers.get("content-length"), String(body.length));
  assertMatch(headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  assertEquals(headers.get("connection"), "close");
  assertEquals(await new Response(body).text(), `${WORDS}\n`);
});

function retryAfter(reason: RejectReason, waitMs: number | undefined): string | undefined {
  const { blind } = http.reject({ reason, words: WORDS, waitMs });
  return /\r\nRetry-After: (\S+)\r\n/.exec(text(blind ?? new Uint8Array()))?.[1];
}

Deno.test("http.reject: asks to come back after the expected wait, in whole seconds, within bounds", () => {
  for (const [waitMs, seconds] of [[undefined, 5], [0, 1], [2001, 3], [42_000, 42], [1e9, 120]]) {
    for (const reason of ["backlog_full", "queue_timeout"] as const) {
      assertEquals(retryAfter(reason, waitMs), `${seconds}`);
    }
    assertEquals(retryAfter("per_source", waitMs), "5");
  }
});

const REDIS_ERROR = `-ERR max number of clients reached (${WORDS})\r\n`;
const PING = "*1\r\n$4\r\nPING\r\n";
const SET = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\n*\r\n";

Deno.test("redis.reject: is the error of Redis itself, one to each command, until the client goes", () => {
  assertEquals([opening(redis), blind(redis)], ["", REDIS_ERROR]);
  assertEquals(redis.reject({ reason: "backlog_full", words: WORDS }).untilItGoes, true);
  assertEquals(talk(redis, PING), [REDIS_ERROR, "open"]);
  assertEquals(talk(redis, SET + PING), [REDIS_ERROR.repeat(2), "open"]);
  assertEquals(talk(redis, SET + SET.slice(0, -1)), [REDIS_ERROR, "open"]);
  assertEquals(talk(redis, `PING\r\nGET k\n${PING}`), [REDIS_ERROR.repeat(3), "open"]);
});

Deno.test("redis.reject: to what Redis does not answer there is no error, and one to what is no command", () => {
  assertEquals(talk(redis, "\r\n*0\r\n*-1\r\n"), ["", "open"]);
  for (const broken of ["*x\r\n", "*1\r\nPING\r\n", "*1\r\n$-1\r\n", "*1\r\n$x\r\n"]) {
    assertEquals(talk(redis, broken + PING), [REDIS_ERROR, "over"], broken);
  }
});

Deno.test("redis.reject, mysql.reject: where it is not the number of clients, it does not say so", () => {
  for (const reason of ["draining", "upstream_down"] as const) {
    assertEquals(talk(redis, PING, reason), [`-ERR ${WORDS}\r\n`, "open"]);
    assertEquals(opening(mysql, reason).slice(13), WORDS);
  }
});

Deno.test("mysql.reject: is an ERR packet, the first of the connection, with error 1040 and its SQL state", () => {
  const message = `Too many connections (${WORDS})`;
  const length = String.fromCharCode(1 + 2 + "#08004".length + message.length);
  assertEquals(opening(mysql), `${length}\0\0\0\xff\x10\x04#08004${message}`);
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
const BESIDE = ["answer", "ascii", "greetings", "service", "services"];

Deno.test("SERVICES: has each file of the folder that is a service, by its name, and the greetings", async () => {
  const files = modulesOf("lib/gate/services/")
    .map(({ path }) => path.replace(/^.*\/|\.ts$/g, ""))
    .filter((name) => !BESIDE.includes(name));
  assertEquals([...SERVICE_NAMES].sort(), [...files, ...GREETING_NAMES].sort());
  for (const name of SERVICE_NAMES) {
    const service = await loadService(name);
    if (!files.includes(name)) {
      assertEquals(opening(service), opening(greetingService(name as GreetingName)), name);
      continue;
    }
    const file = await import(`../../../lib/gate/services/${name}.ts`);
    assertEquals(service, file.service, name);
  }
});
