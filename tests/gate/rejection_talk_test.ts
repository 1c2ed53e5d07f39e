import { assertEquals, assertMatch } from "@std/assert";
import { LISTEN_MS, MAX_ANSWERING } from "../../lib/gate/goodbyes.ts";
import type { RejectFormat } from "../../lib/gate/gate_options.ts";
import { MAX_UNANSWERED } from "../../lib/gate/rejection_talk.ts";
import { settled } from "../support/fake_clock.ts";
import { Service } from "../support/service.ts";
import { type Client, until } from "../support/sockets.ts";
import { TestGate } from "../support/test_gate.ts";

const PING = "*1\r\n$4\r\nPING\r\n";
const ERROR = "-ERR max number of clients reached (full: 1 is connected and nobody may wait)\r\n";

async function full(service: Service, rejectAs: RejectFormat): Promise<TestGate> {
  const gate = await TestGate.open({ upstream: service.address, rejectAs, backlogSize: 0 });
  await gate.clients(1);
  return gate;
}

/** Reads so many characters. */
async function hear(client: Client, text: string): Promise<void> {
  const buffer = new Uint8Array(4096);
  let heard = "";
  while (heard.length < text.length) {
    const length = await client.socket.read(buffer);
    if (length === null) break;
    heard += String.fromCharCode(...buffer.subarray(0, length));
  }
  assertEquals(heard, text);
}

Deno.test("--reject-as redis: each command has one answer as it comes, and the end comes after two seconds", async () => {
  await using service = new Service();
  await using gate = await full(service, "redis");
  const [client] = await gate.clients(1) as [Client];
  for (const count of [1, 2]) {
    await client.say(PING.repeat(count));
    await hear(client, ERROR.repeat(count));
  }
  await gate.clock.advance(LISTEN_MS - 1);
  await client.say(PING);
  await hear(client, ERROR);
  await gate.clock.advance(1);
  assertEquals(await client.rest(), "");
});

Deno.test("--reject-as redis: who says nothing hears one error in the end", async () => {
  await using service = new Service();
  await using gate = await full(service, "redis");
  const [client] = await gate.clients(1) as [Client];
  await settled();
  await gate.clock.advance(LISTEN_MS);
  assertEquals(await client.rest(), ERROR);
});

Deno.test("--reject-as redis: beyond so many at once, one error and the end, and they are counted", async () => {
  await using service = new Service();
  await using gate = await full(service, "redis");
  const many = await gate.clients(MAX_ANSWERING + 2);
  await settled();
  for (const client of many.slice(-2)) assertEquals(await client.rest(), ERROR);
  await many[0]!.say(PING);
  await hear(many[0]!, ERROR);
  assertEquals(gate.gate.cutShort, 2);
  for (const client of many) client.close();
  await gate.clock.advance(5000);
  const total = (MAX_ANSWERING + 2).toLocaleString("en");
  const count = `${total} (backlog_full ${total}), 2 of them in brief`;
  assertEquals(gate.notes.at(-1)?.endsWith(count), true, gate.notes.at(-1));
});

Deno.test("--reject-as memcached: who says more than is listened to hears what can be said blindly", async () => {
  await using service = new Service();
  await using gate = await full(service, "memcached");
  const [client] = await gate.clients(1) as [Client];
  await client.say("x".repeat(MAX_UNANSWERED + 1));
  assertMatch(await client.rest(), /^SERVER_ERROR full: .*\r\n$/);
});

Deno.test("--reject-as memcached: who ends its side first is told all the same", async () => {
  await using service = new Service();
  await using gate = await full(service, "memcached");
  const [client] = await gate.clients(1) as [Client];
  await (client.socket as Deno.TcpConn).closeWrite();
  assertMatch(await client.rest(), /^SERVER_ERROR full: .*\r\n$/);
});

Deno.test("--reject-as mongodb: to who says nothing there is nothing to say but the end", async () => {
  await using service = new Service();
  await using gate = await full(service, "mongodb");
  const [client] = await gate.clients(1) as [Client];
  await settled();
  await gate.clock.advance(LISTEN_MS);
  assertEquals(await client.rest(), "");
});

Deno.test("--reject-as postgres: who asks in HTTP, or begins with TLS, is told so, and noted once", async () => {
  await using service = new Service();
  await using gate = await full(service, "postgres");
  for (let i = 0; i < 2; i++) {
    const [browser, secure] = await gate.clients(2) as [Client, Client];
    await browser.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assertMatch(
      await browser.rest(),
      /^HTTP\/1\.1 400 .*this is a port for postgres, not for HTTP\n$/s,
    );
    await secure.say("\x16\x03\x01\x02\0\x01\0\x01");
    assertEquals(await secure.rest(), "\x15\x03\x03\0\x02\x02P");
  }
  const noted = gate.notes.filter((note) => note.includes("at a gate for postgres"));
  assertEquals(noted.map((note) => note.replace(/, at a gate.*/, "")), [
    "warn: a client that is turned away begins with a request of HTTP",
    "warn: a client that is turned away begins with TLS",
  ]);
});

Deno.test("--reject-as close: what a client says is not answered, whatever it speaks", async () => {
  await using service = new Service();
  await using gate = await full(service, "close");
  const [client] = await gate.clients(1) as [Client];
  assertEquals(await client.rest(), "");
  await until("it is noted", () => gate.notes.length > 1);
});
