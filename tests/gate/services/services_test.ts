import { assertEquals, assertMatch } from "@std/assert";
import {
  httpFarewell,
  lineFarewell,
  mysqlFarewell,
  REASON_TEXT,
  redisFarewell,
  type RejectReason,
} from "../../../lib/gate/reason_text.ts";

const REASONS = Object.keys(REASON_TEXT) as RejectReason[];

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("lineFarewell: a full pool is a rejected connect with its counts", () => {
  const body = lineFarewell("backlog_full", { active: 2, queued: 3 });
  assertEquals(body, { type: "pool_connect_ok", status: "rejected", active: 2, queued: 3 });
});

for (const reason of REASONS.filter((reason) => reason !== "backlog_full")) {
  Deno.test(`lineFarewell: ${reason} is error 11, without counts`, () => {
    const body = lineFarewell(reason, { active: 2, queued: 3 });
    assertEquals(body, { type: "error", code: 11, text: REASON_TEXT[reason] });
  });
}

for (const reason of REASONS) {
  Deno.test(`httpFarewell: ${reason} is a whole 503 that says when to come back`, async () => {
    const [head = "", body = ""] = text(httpFarewell(reason)).split("\r\n\r\n");
    const [status, ...lines] = head.split("\r\n");
    assertEquals(status, "HTTP/1.1 503 Service Unavailable");
    const headers = new Headers(lines.map((line) => line.split(": ") as [string, string]));
    assertEquals(headers.get("content-length"), String(body.length));
    assertMatch(headers.get("retry-after") ?? "", /^[1-9]\d*$/);
    assertEquals(headers.get("connection"), "close");
    assertEquals(await new Response(body).text(), `${REASON_TEXT[reason]}\n`);
  });
}

Deno.test("redisFarewell: is the error of Redis itself", () => {
  assertEquals(text(redisFarewell()), "-ERR max number of clients reached\r\n");
});

Deno.test("mysqlFarewell: is an ERR packet, the first of the connection, with error 1040", () => {
  const packet = mysqlFarewell();
  const message = "Too many connections";
  const length = 1 + 2 + message.length;
  assertEquals([...packet.subarray(0, 7)], [length, 0, 0, 0, 0xff, 0x10, 0x04]);
  assertEquals(text(packet.subarray(7)), message);
});
