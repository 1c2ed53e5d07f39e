import { assertEquals, assertMatch } from "@std/assert";
import { REASON_TEXT } from "../../../lib/gate/reason_text.ts";
import { service as http } from "../../../lib/gate/services/http.ts";
import { service as mysql } from "../../../lib/gate/services/mysql.ts";
import { service as redis } from "../../../lib/gate/services/redis.ts";
import { SERVICE_NAMES, SERVICES } from "../../../lib/gate/services/services.ts";
import { REJECT_REASONS } from "../../../lib/pool/client.ts";
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
