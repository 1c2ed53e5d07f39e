import { assertEquals } from "@std/assert";
import { foreignAnswer, foreignLanguage } from "../../lib/gate/foreign.ts";
import { latin1 } from "../support/rejections.ts";

const HELLO = "\x16\x03\x01\x02\0\x01";
const language = (text: string, service: "http" | "redis" | "modbus" = "redis") =>
  foreignLanguage(latin1(text), service);

Deno.test("foreignLanguage: a ClientHello is TLS at every gate, and unknown until it is told", () => {
  for (let length = 1; length < HELLO.length; length++) {
    assertEquals(language(HELLO.slice(0, length)), "unknown");
  }
  assertEquals([language(HELLO), language(HELLO, "http")], ["TLS", "TLS"]);
});

Deno.test("foreignLanguage: another record, or a number of Modbus that looks like one, is none", () => {
  for (const text of ["\x16\x03\0", "\x16\x04", "\x16\x03\x01\0\x04\x02", "\x15\x03\x01"]) {
    assertEquals(language(text, "modbus"), undefined);
  }
});

Deno.test("foreignLanguage: a line of a request is HTTP, but at a gate for it", () => {
  const line = "GET /x HTTP/1.1\r\n";
  for (let length = 1; length < line.length; length++) {
    assertEquals(language(line.slice(0, length)), "unknown", line.slice(0, length));
  }
  assertEquals([language(line), language(line, "http")], ["HTTP", undefined]);
  assertEquals(language("POST / HTTP/1.0\n"), "HTTP");
});

Deno.test("foreignLanguage: a command that only begins like one is none", () => {
  for (
    const text of ["GET key\r\n", "PING", "GETSET", "PRI * HTTP/2.0\r\n", `GET ${"x".repeat(1020)}`]
  ) {
    assertEquals(language(text), undefined, text);
  }
});

Deno.test("foreignAnswer: is an alert of TLS, or a whole 400 that says what the port is for", () => {
  assertEquals([...foreignAnswer("TLS", "redis")], [21, 3, 3, 0, 2, 2, 80]);
  const body = "this is a port for redis, not for HTTP\n";
  assertEquals(
    String.fromCharCode(...foreignAnswer("HTTP", "redis")),
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 39\r\n" +
      `Connection: close\r\n\r\n${body}`,
  );
});
