import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DRAIN_LINGER_MS } from "../../lib/gate/gate.ts";
import type { RejectFormat } from "../../lib/gate/gate_options.ts";
import { SILENT_ENDS } from "../../lib/gate/header_log.ts";
import { proxyHeader } from "../../lib/gate/proxy_protocol.ts";
import { REASON_TEXT } from "../../lib/gate/reason_text.ts";
import { writeAll } from "../../lib/io/byte_stream.ts";
import { listen } from "../../lib/io/network.ts";
import type { Socket } from "../../lib/io/socket.ts";
import { settled } from "../support/fake_clock.ts";
import { type Behaviour, echo, Service } from "../support/service.ts";
import {
  type Client,
  connectResettable,
  freePort,
  resettable,
  until,
  untilStill,
} from "../support/sockets.ts";
import { packet } from "../support/postgres_packet.ts";
import { POOLS } from "../support/pools.ts";
import { ANY_PORT, type Settings, TestGate } from "../support/test_gate.ts";

async function hear(client: Client, text: string): Promise<void> {
  const buffer = new Uint8Array(4096);
  let heard = "";
  while (heard.length < text.length) {
    const length = await client.socket.read(buffer);
    if (length === null) break;
    heard += new TextDecoder().decode(buffer.subarray(0, length));
  }
  assertEquals(heard, text);
}

/** How long the upstream may take to end. */
const LINGER_MS = 7000;

/** A request of PostgreSQL's clients to cancel a query. */
const CANCEL = packet(80877102, "12345678");

const PING = "*1\r\n$4\r\nPING\r\n";
const POSTGRES_STARTUP = "\0\0\0\x11\0\x03\0\0user\0ann\0\0";

const SSL_REQUEST = "\0\0\0\x08\x04\xd2\x16\x2f";

/** What a check is told: by a server that stops, and by one that asks for no password. */
const STOPPING = "E\0\0\0\x22SFATAL\0C57P03\0Mshutting down\0\0";
const AUTHENTICATED = "R\0\0\0\x08\0\0\0\0";

const rejections: [RejectFormat, string, RegExp][] = [
  ["close", "", /^$/],
  [
    "line",
    "",
    /^{"src": "gate", "dest": "127.0.0.1:\d+", "body": {"type": "pool_connect_ok", "status": "rejected", "active": 1, "queued": 0, "msg_id": 0}}\n$/,
  ],
  ["http", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 503 .*\r\nRetry-After: \d+\r\n/],
  [
    "http",
    `POST / HTTP/1.1\r\nContent-Length: 50000\r\n\r\n${"x".repeat(50_000)}`,
    /\nfull: 1 is connected and nobody may wait\n$/,
  ],
  [
    "postgres",
    POSTGRES_STARTUP,
    /^E\0\0\0.SFATAL\0VFATAL\0C53300\0Mfull: 1 is connected and nobody may wait\0\0$/,
  ],
  ["mysql", "", /^.{13}Too many connections \(full: 1 is connected and nobody may wait\)$/s],
];

for (const kind of POOLS) {
  const forwarding = async (service: Service, settings: Settings = {}): Promise<TestGate> =>
    await TestGate.open({ kind, upstream: service.address, ...settings });

  Deno.test(`--upstream: joins those with a place, holds the others with what they said, first come first served${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service, { maxConnections: 2 });
    const clients = await gate.clients(4);
    for (const [at, client] of clients.entries()) await client.say(`hello ${at}`);
    for (const at of [0, 1]) await hear(clients[at]!, `<hello ${at}>`);
    assertEquals([service.served, gate.stats.queued], [2, 2]);
    clients[1]!.close();
    await hear(clients[2]!, "<hello 2>");
    await clients[2]!.say("again");
    await hear(clients[2]!, "<again>");
    clients[0]!.close();
    await hear(clients[3]!, "<hello 3>");
    assertEquals([service.served, service.peak], [4, 2]);
  });

  Deno.test(`--upstream: a client that ends its side still gets its answer, and then the place is free${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service);
    const [client] = await gate.clients(1) as [Client];
    await client.say("hello");
    await hear(client, "<hello>");
    await client.say("again");
    await (client.socket as Deno.TcpConn).closeWrite();
    assertEquals(await client.rest(), "<again>");
    await gate.counts(0, 0);
  });

  Deno.test(`--upstream: an upstream that speaks first is heard by who has waited without a word${kind.name}`, async () => {
    await using service = new Service(async (socket) => {
      await socket.write(new TextEncoder().encode("welcome"));
      await echo(socket);
    });
    await using gate = await forwarding(service);
    const [first, second] = await gate.clients(2) as [Client, Client];
    await hear(first, "welcome");
    first.close();
    await hear(second, "welcome");
  });

  Deno.test(`--upstream: who hangs up while waiting leaves at once, and nobody is joined for it${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service);
    const [first, second, third] = await gate.clients(3) as [Client, Client, Client];
    await first.say("x");
    await hear(first, "<x>");
    await second.say("never to be heard");
    second.close();
    await gate.counts(1, 1);
    await third.say("hello");
    first.close();
    await hear(third, "<hello>");
    assertEquals([service.served, gate.stats.promotedTotal], [2, 1]);
  });

  Deno.test(`--upstream: when the upstream closes, so does the client, and its place is free${kind.name}`, async () => {
    await using service = new Service((socket) => socket.read(new Uint8Array(1)).then(() => {}));
    await using gate = await forwarding(service);
    const [first, second] = await gate.clients(2) as [Client, Client];
    await first.say("x");
    assertEquals(await first.rest(), "");
    first.close();
    await second.say("x");
    assertEquals(await second.rest(), "");
  });

  Deno.test(`--upstream: a client that is reset frees its place${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service);
    const lost = resettable(Number(gate.address.split(":")[1]));
    await gate.counts(1, 0);
    lost.resetAndDestroy();
    await gate.counts(0, 0);
    await until("the upstream is left too", () => service.open === 0);
  });

  Deno.test(`--listen: a client that was reset before it was accepted is passed over${kind.name}`, async () => {
    const door = await listen(ANY_PORT);
    const lost = resettable(Number(door.address.split(":")[1]));
    await new Promise((resolve) => lost.once("connect", resolve));
    lost.resetAndDestroy();
    await using gate = new TestGate(door, { kind });
    assertStringIncludes(await (await gate.client()).line() ?? "", "connected");
    assertEquals([gate.notes.length, gate.stats.connectedTotal], [1, 1]);
  });

  Deno.test(`--upstream: an upstream that refuses is tried again, and the first bytes are kept${kind.name}`, async () => {
    const port = freePort();
    await using gate = await TestGate.open({
      kind,
      upstream: { transport: "tcp", hostname: "127.0.0.1", port },
      maxConnections: 2,
    });
    const clients = await gate.clients(1);
    await until("it is down", () => gate.notes.length > 1);
    clients.push(...await gate.clients(2));
    await gate.counts(1, 2);
    for (const [at, client] of clients.entries()) await client.say(`hello ${at}`);
    await gate.clock.advance(100);
    await using service = new Service(echo, port);
    await until("it is up", async () => {
      await gate.clock.advance(1000);
      return gate.notes.length > 2;
    });
    for (const at of [0, 1]) await hear(clients[at]!, `<hello ${at}>`);
    clients[0]!.close();
    await hear(clients[2]!, "<hello 2>");
    assert(service.served >= 3, `${service.served} connections for three clients`);
    assertEquals(gate.notes.slice(1).map((note) => note.replace(/: Conn.*/, "")), [
      "error: the upstream is down, nobody is let in",
      "info: the upstream is up again",
    ]);
  });

  Deno.test(`--connect-timeout: who has a place is told that there is no upstream, and the queue keeps waiting${kind.name}`, async () => {
    const upstream = { transport: "tcp" as const, hostname: "127.0.0.1", port: freePort() };
    await using gate = await TestGate.open({
      kind,
      upstream,
      rejectAs: "redis",
      connectTimeoutMs: 5000,
      queueTimeoutMs: 20_000,
    });
    const [first, second] = await gate.clients(2) as [Client, Client];
    await until("it is down", () => gate.notes.length > 1);
    await gate.clock.advance(4999);
    await gate.counts(1, 1);
    await gate.clock.advance(1);
    await first.say(PING);
    await hear(first, "-ERR the service cannot be reached\r\n");
    await gate.counts(0, 1);
    await gate.clients(1);
    await gate.counts(0, 2);
    await gate.clock.advance(14_999);
    await gate.counts(0, 2);
    await gate.clock.advance(1);
    await second.say(PING);
    await hear(second, "-ERR the service cannot be reached\r\n");
    await gate.counts(0, 1);
  });

  Deno.test(`--connect-timeout: who hangs up while the upstream is down gives its place back at once${kind.name}`, async () => {
    const upstream = { transport: "tcp" as const, hostname: "127.0.0.1", port: freePort() };
    await using gate = await TestGate.open({ kind, upstream });
    const [first] = await gate.clients(1) as [Client];
    await until("it is down", () => gate.notes.length > 1);
    first.close();
    await gate.counts(0, 0);
    assertEquals(gate.stats.rejectedTotal, 0);
  });

  for (const [rejectAs, said, heard] of rejections) {
    Deno.test(`--reject-as ${rejectAs}: reaches a client that has said ${said.length} bytes, and ends${kind.name}`, async () => {
      await using service = new Service();
      await using gate = await forwarding(service, { rejectAs, backlogSize: 0 });
      const [, second] = await gate.clients(2) as [Client, Client];
      await second.say(said);
      assertMatch(await second.rest(), heard);
      assertEquals(gate.stats.rejectedTotal, 1);
    });
  }

  Deno.test(`--reject-as postgres: encryption is declined first, whether asked for before or after${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service, { rejectAs: "postgres", queueTimeoutMs: 1000 });
    const [, second] = await gate.clients(2) as [Client, Client];
    const send = (text: string) =>
      second.socket.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    await send(SSL_REQUEST);
    await settled();
    await gate.clock.advance(1000);
    await hear(second, "N");
    await send(POSTGRES_STARTUP);
    assertMatch(await second.rest(), /^E.*C53300\0/s);
  });

  for (const rejectAs of ["postgres", "close", "line"] as const) {
    for (const [where, backlogSize] of [["waits", 5], ["is rejected", 0]] as const) {
      Deno.test(`--service postgres: a request to cancel of a client that ${where} goes to the upstream, as ${rejectAs}${kind.name}`, async () => {
        await using service = new Service();
        const settings = { service: "postgres", rejectAs, backlogSize } as const;
        await using gate = await forwarding(service, settings);
        const [first, second] = await gate.clients(2) as [Client, Client];
        await first.say("x");
        await hear(first, "<x>");
        const { served } = service;
        await second.socket.write(CANCEL.subarray(0, 10));
        await second.socket.write(CANCEL.subarray(10));
        await until("the upstream has it", () => service.served === served + 1);
        await gate.counts(1, 0);
        // What it says is nobody's; the client hears its end, and not before.
        assertEquals(service.open, 2);
        service.end();
        assertMatch(await second.rest(), rejectAs === "line" && backlogSize === 0 ? /^{/ : /^$/);
      });
    }
  }

  Deno.test(`--service postgres: a request to cancel comes behind the header of --proxy-protocol${kind.name}`, async () => {
    const heard: string[] = [];
    await using service = new Service(async (socket) => {
      const buffer = new Uint8Array(200);
      const length = await socket.read(buffer);
      heard.push(String.fromCharCode(...buffer.subarray(0, length ?? 0)));
      if (heard.length === 1) await echo(socket);
    });
    const settings = { service: "postgres", proxyProtocol: "v1" } as const;
    await using gate = await forwarding(service, settings);
    const [, second] = await gate.clients(2) as [Client, Client];
    await until("the first is joined", () => heard.length === 1);
    await second.socket.write(CANCEL);
    assertEquals(await second.rest(), "");
    assertMatch(heard[1] ?? "", /^PROXY TCP4 127\.0\.0\.1 .*\r\n/);
    assertEquals(heard[1]?.split("\r\n")[1], String.fromCharCode(...CANCEL));
  });

  Deno.test(`--reject-as postgres: lets requests to cancel pass, too${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service, { rejectAs: "postgres" });
    const [first, second] = await gate.clients(2) as [Client, Client];
    await first.say("x");
    await hear(first, "<x>");
    await second.socket.write(CANCEL);
    await until("the upstream has it", () => service.served === 2);
    await gate.counts(1, 0);
    service.end();
    assertEquals(await second.rest(), "");
  });

  Deno.test(`--service postgres: what a client with a place says is not looked at${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service, { service: "postgres" });
    const [first] = await gate.clients(1) as [Client];
    await first.socket.write(CANCEL);
    await hear(first, `<${new TextDecoder().decode(CANCEL)}>`);
    await gate.counts(1, 0);
  });

  Deno.test(`--service postgres: another client waits, whatever it says${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service, { service: "postgres" });
    const [first, second] = await gate.clients(2) as [Client, Client];
    await second.say(POSTGRES_STARTUP);
    await settled();
    await gate.counts(1, 1);
    first.close();
    await hear(second, `<${POSTGRES_STARTUP}>`);
  });

  for (
    const [what, word, asked] of [
      ["the upstream has the last word and ends it", "tell", true],
      ["the client has the last word and the upstream ends it", "quit", false],
      ["the client ends it", "stay", false],
    ] as const
  ) {
    Deno.test(`--service redis: ${asked ? "is asked for its health" : "is left alone"} when ${what}${kind.name}`, async () => {
      let pings = 0;
      const answers = { PING: "+PONG\r\n", tell: "goodbye", quit: "", stay: "welcome" };
      await using service = new Service(async (socket) => {
        const buffer = new Uint8Array(100);
        const heard = new TextDecoder().decode(buffer.subarray(0, await socket.read(buffer) ?? 0));
        const answer = heard.includes("PING") ? "PING" : heard as keyof typeof answers;
        if (answer === "PING") pings++;
        await socket.write(new TextEncoder().encode(answers[answer]));
        if (answer === "stay") await socket.read(buffer);
      });
      const settings = { service: "redis", checks: true, maxConnections: 2 } as const;
      await using gate = await forwarding(service, settings);
      await until("it has been asked at the start", () => pings === 1);
      await gate.counts(0, 0);
      const [client] = await gate.clients(1) as [Client];
      await client.say(word);
      if (word === "stay") await hear(client, "welcome");
      else assertEquals(await client.rest(), answers[word]);
      client.close();
      if (asked) await until("it is asked", () => pings === 2);
      await gate.counts(0, 0);
      await untilStill(() => pings);
      assertEquals(pings, asked ? 2 : 1);
    });
  }

  for (
    const [version, header] of [
      ["v1", "PROXY UNKNOWN\r\n"],
      ["v2", "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"],
    ] as const
  ) {
    Deno.test(`--proxy-protocol ${version}: a check comes from the gate itself, and says so${kind.name}`, async () => {
      let heard = "";
      await using service = new Service(async (socket) => {
        const buffer = new Uint8Array(100);
        const length = await socket.read(buffer) ?? 0;
        heard += new TextDecoder().decode(buffer.subarray(0, length));
        await socket.write(new TextEncoder().encode("+PONG\r\n"));
      });
      const settings = { service: "redis", checks: true, proxyProtocol: version } as const;
      await using gate = await forwarding(service, settings);
      await until("it has been asked", () => heard !== "");
      assertEquals(heard, `${header}*1\r\n$4\r\nPING\r\n`);
      await gate.counts(0, 0);
    });
  }

  for (const goes of [false, true]) {
    const end = goes ? "that goes meanwhile is not" : "is connected again when that is back";
    Deno.test(`--service postgres: a client that a server refuses which stops ${end}${kind.name}`, async () => {
      const welcome = "a session that begins ".repeat(20);
      let stopping = false;
      let dropped = 0;
      await using service = new Service(async (socket) => {
        const buffer = new Uint8Array(1024);
        const hear = async () =>
          new TextDecoder().decode(buffer.subarray(0, await socket.read(buffer) ?? 0));
        const say = (text: string) => socket.write(new TextEncoder().encode(text));
        let first = await hear();
        if (first === SSL_REQUEST) await say("N");
        if (first === SSL_REQUEST && !stopping) first = await hear();
        if (first.includes("poolgate")) {
          await say(stopping ? STOPPING : AUTHENTICATED);
        } else if (stopping) {
          dropped++;
        } else {
          await say(`${welcome}${first}`);
          await socket.read(buffer);
        }
      });
      const settings = { service: "postgres", checks: true } as const;
      await using gate = await forwarding(service, settings);
      await until("it has been asked at the start", () => service.served === 1);
      await gate.counts(0, 0);
      stopping = true;
      const [client] = await gate.clients(1) as [Client];
      await client.say(SSL_REQUEST);
      await hear(client, "N");
      await until("the server is found down", async () => {
        await gate.clock.advance(10);
        return gate.notes.some((note) => note.includes("is down"));
      });
      assertEquals([dropped, gate.stats.active], [1, 1]);
      if (goes) {
        client.close();
        await gate.counts(0, 0);
      }
      stopping = false;
      await until("the server is found up again", async () => {
        await gate.clock.advance(100);
        return gate.notes.some((note) => note.includes("is up again"));
      });
      if (goes) return;
      await client.say(POSTGRES_STARTUP);
      await hear(client, `${welcome}${POSTGRES_STARTUP}`);
      client.close();
      await gate.counts(0, 0);
    });
  }

  Deno.test(`--reject-as http: who has waited, and spoken, is told when its time is up${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service, { rejectAs: "http", queueTimeoutMs: 1000 });
    const [, second] = await gate.clients(2) as [Client, Client];
    await second.say("GET / HTTP/1.1\r\n");
    await settled();
    await gate.clock.advance(1000);
    assertStringIncludes(await second.rest(), "no place became free in 1 second\n");
    await gate.counts(1, 0);
  });

  Deno.test(`--reject-as: who does not end after the last word is closed after a moment${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service, { rejectAs: "smtp", backlogSize: 0 });
    const [, second] = await gate.clients(2) as [Client, Client];
    assertStringIncludes(await second.rest(), "421");
    await gate.clock.advance(1000);
    await until("it is closed", () => second.say("x").then(() => false, () => true));
  });

  Deno.test(`--proxy-protocol: the upstream hears the client's address before its first byte${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service, { proxyProtocol: "v1" });
    const [client] = await gate.clients(1) as [Client];
    const [ip, port] = client.name.split(":");
    const header = `PROXY TCP4 ${ip} 127.0.0.1 ${port} ${gate.address.split(":")[1]}\r\n`;
    await hear(client, `<${header}>`);
    await client.say("hello");
    await hear(client, "<hello>");
  });

  Deno.test(`--proxy-protocol: the header is one write, as soon as there is a connection${kind.name}`, async () => {
    for (const version of ["v1", "v2"] as const) {
      const writes: Uint8Array[] = [];
      const end = Promise.withResolvers<null>();
      const upstream: Socket = {
        read: () => end.promise,
        write: (bytes) => {
          writes.push(bytes.slice());
          return bytes.length;
        },
        closeWrite: () => Promise.resolve(end.resolve(null)),
        close: () => end.resolve(null),
      };
      const dial = () => Promise.resolve(upstream);
      const settings = { kind, proxyProtocol: version };
      await using gate = new TestGate(await listen(ANY_PORT), settings, "gate", dial);
      const [client] = await gate.clients(1) as [Client];
      await until("it is written", () => writes.length > 0);
      const [ip = "", port] = client.name.split(":");
      const route = {
        client: { ip, port: Number(port) },
        gate: { ip, port: Number(gate.address.split(":")[1]) },
      };
      await client.say("hello");
      await until("the client is heard", () => writes.length > 1);
      const hello = new TextEncoder().encode("hello");
      assertEquals(writes, [proxyHeader(version, route), hello]);
    }
  });

  Deno.test(`--proxy-protocol: one note says that an upstream that hangs up may not take it${kind.name}`, async () => {
    let answers = false;
    await using service = new Service(async (socket) => {
      await socket.read(new Uint8Array(1024));
      if (answers) await socket.write(new TextEncoder().encode("hello"));
    });
    await using gate = await forwarding(service, { proxyProtocol: "v1", maxConnections: 99 });
    const come = async (times: number) => {
      for (let i = 0; i < times; i++) {
        const [client] = await gate.clients(1) as [Client];
        assertEquals(await client.rest(), answers ? "hello" : "");
        client.close();
        await gate.counts(0, 0);
      }
    };
    const notes = () => gate.notes.filter((note) => note.includes("PROXY header"));
    await come(SILENT_ENDS - 1);
    answers = true;
    await come(1);
    answers = false;
    await come(SILENT_ENDS - 1);
    assertEquals(notes(), []);
    await come(3);
    assertEquals(notes().length, 1);
  });

  Deno.test(`--proxy-protocol: clients that leave first say nothing of the header${kind.name}`, async () => {
    await using service = new Service(async (socket) => {
      const buffer = new Uint8Array(1024);
      while (await socket.read(buffer) !== null);
    });
    await using gate = await forwarding(service, { proxyProtocol: "v1", idleTimeoutMs: 1000 });
    for (let i = 0; i < 3 * SILENT_ENDS; i++) {
      const [client] = await gate.clients(1) as [Client];
      await until("the service has it", () => service.served === i + 1);
      if (i % 3 === 0) await client.say("one way");
      if (i % 3 === 1) await gate.clock.advance(1000);
      client.close();
      await gate.counts(0, 0);
    }
    assertEquals(gate.notes.filter((note) => note.startsWith("warn")), []);
  });

  Deno.test(`--max-waiting-per-source: who is turned away hears which limit it was${kind.name}`, async () => {
    await using service = new Service();
    const limit = { maxWaitingPerSource: 1, rejectAs: "smtp" } as const;
    await using gate = await forwarding(service, limit);
    const [, , third] = await gate.clients(3) as [Client, Client, Client];
    assertStringIncludes(await third.rest(), REASON_TEXT.waiting_per_source);
    await gate.counts(1, 1);
  });

  Deno.test(`--max-lifetime: ends a joined connection amidst its work, and frees the place when the upstream has ended${kind.name}`, async () => {
    let told = 0;
    const ends: (() => void)[] = [];
    await using service = new Service(async (socket) => {
      const end = new Promise<void>((resolve) => ends.push(resolve));
      const buffer = new Uint8Array(64);
      while (await socket.read(buffer) !== null);
      told++;
      await end;
    });
    await using gate = await forwarding(service, { maxLifetimeMs: 1000 });
    const [first] = await gate.clients(2) as [Client, Client];
    for (let turn = 1; turn <= 2; turn++) {
      await first.say("x");
      await until("it is passed on", () => gate.gate.traffic.received === turn);
      await gate.clock.advance(500);
    }
    assertEquals(await first.rest(), "");
    await until("the upstream hears the end", () => told === 1);
    await gate.quiet();
    assertEquals([gate.stats.active, gate.stats.queued, service.served], [1, 1, 1]);
    ends[0]!();
    await until("the next one is joined", () => service.served === 2);
    await gate.counts(1, 0);
    ends[1]?.();
  });

  Deno.test(`--idle-timeout: a joined connection that is silent for so long is closed, one that speaks is not${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service, { maxConnections: 2, idleTimeoutMs: 1000 });
    const [silent, speaker] = await gate.clients(2) as [Client, Client];
    for (const client of [silent, speaker]) {
      await client.say("x");
      await hear(client, "<x>");
    }
    await gate.clock.advance(900);
    await speaker.say("y");
    await hear(speaker, "<y>");
    await gate.clock.advance(900);
    assertEquals(await silent.rest(), "");
    await speaker.say("z");
    await hear(speaker, "<z>");
  });

  Deno.test(`--upstream: a client that ignores the end of the upstream does not keep its place${kind.name}`, async () => {
    let heard = 0;
    await using service = new Service(async (socket) => {
      await socket.closeWrite();
      while (await socket.read(new Uint8Array(9)) !== null) heard++;
    });
    await using gate = await forwarding(service);
    const [first] = await gate.clients(1) as [Client];
    assertEquals(await first.rest(), "");
    await gate.clock.advance(29_000);
    await first.say("still here");
    await until("it has been passed on", () => heard > 0);
    await gate.clock.advance(29_000);
    await gate.counts(1, 0);
    await gate.clock.advance(1000);
    await gate.counts(0, 0);
  });

  Deno.test(`--idle-timeout: one that speaks to an upstream that never answers is not silent${kind.name}`, async () => {
    const listening: Behaviour = async (socket) => {
      const buffer = new Uint8Array(64);
      while (await socket.read(buffer) !== null);
    };
    await using service = new Service(listening);
    await using gate = await forwarding(service, { idleTimeoutMs: 1000 });
    const [speaker] = await gate.clients(1) as [Client];
    for (let turn = 1; turn <= 3; turn++) {
      await speaker.say("x");
      await until("it is passed on", () => gate.gate.traffic.received === turn);
      await gate.clock.advance(900);
    }
    assertEquals(gate.stats.active, 1);
    await gate.clock.advance(100);
    await gate.counts(0, 0);
  });

  for (const end of ["--idle-timeout", "pool_disconnect", "drain"] as const) {
    Deno.test(`${end}: ends a connection whose upstream takes nothing any more, on both sides${kind.name}`, async () => {
      await using service = new Service(() => new Promise(() => {}));
      const gate = await forwarding(service, {
        ...{ idleTimeoutMs: 60_000, drainTimeoutMs: 1000, upstreamLingerMs: LINGER_MS },
      });
      const [client] = await gate.clients(1) as [Client];
      let sent = 0;
      let closed = false;
      const flood = (async () => {
        for (const chunk = "x".repeat(65_536);; sent += chunk.length) await client.say(chunk);
      })().catch(() => closed = true);
      await untilStill(() => sent);
      if (end === "pool_disconnect") await gate.disconnect(client.name);
      if (end === "drain") gate.gate.drain();
      await gate.clock.advance(end === "drain" ? 1000 : end === "--idle-timeout" ? 60_000 : 0);
      await until("the client is closed", () => closed);
      await gate.clock.advance((end === "drain" ? DRAIN_LINGER_MS : LINGER_MS) - 1);
      await gate.counts(1, 0);
      await gate.clock.advance(1);
      await gate.counts(0, 0);
      gate.gate.drain();
      await gate.running;
      client.close();
      await flood;
    });
  }

  for (const what of ["reset", "evicted"]) {
    Deno.test(`--upstream: a client that is ${what} keeps its place while the service works for it${kind.name}`, async () => {
      let working = 0;
      let most = 0;
      await using service = new Service(async (socket) => {
        if (await socket.read(new Uint8Array(1)) === null) return;
        most = Math.max(most, ++working);
        await new Promise((resolve) => setTimeout(resolve, 30));
        working--;
        await socket.write(new Uint8Array(1));
      });
      await using gate = await forwarding(service, { maxConnections: 2, backlogSize: 50, kind });
      for (let i = 0; i < 20; i++) {
        const { arrived } = gate;
        const client = await connectResettable(Number(gate.address.split(":")[1]));
        const name = `127.0.0.1:${client.localPort}`;
        client.write("x");
        await until("it has arrived", () => gate.arrived > arrived);
        await new Promise((resolve) => setTimeout(resolve, 3));
        if (what === "reset") client.resetAndDestroy();
        else assertEquals((await gate.disconnect(name))?.promoted, null);
      }
      await gate.counts(0, 0);
      assertEquals([most, working], [2, 0]);
    });
  }

  for (const lingerMs of [5000, 0]) {
    Deno.test(`--upstream-linger ${lingerMs}ms: is how long a service may go on for a client that is gone${kind.name}`, async () => {
      const ended = Promise.withResolvers<void>();
      let left = false;
      await using service = new Service(async (socket) => {
        await socket.write(new TextEncoder().encode("!"));
        while (await socket.read(new Uint8Array(9)) !== null);
        left = true;
        await ended.promise;
      });
      await using gate = await forwarding(service, { upstreamLingerMs: lingerMs, kind });
      const lost = resettable(Number(gate.address.split(":")[1]));
      await new Promise((resolve) => lost.once("data", resolve));
      lost.resetAndDestroy();
      await until("the service is left", () => left);
      if (lingerMs > 0) {
        await gate.clock.advance(lingerMs - 1);
        await gate.counts(1, 0);
        await gate.clock.advance(1);
      }
      await gate.counts(0, 0);
      ended.resolve();
    });
  }

  Deno.test(`--upstream: the last word of a service reaches a client that still sends${kind.name}`, async () => {
    await using service = new Service(async (socket) => {
      await socket.read(new Uint8Array(10));
      await socket.write(new Uint8Array(100).fill(120));
    });
    await using gate = await forwarding(service, { maxConnections: 60, kind });
    const heard = await Promise.all(Array.from({ length: 60 }, async () => {
      const client = await gate.client();
      await client.say("u".repeat(100_000)).catch(() => {});
      const { length } = await client.rest();
      client.close();
      return length;
    }));
    assertEquals(heard, Array(60).fill(100));
    await gate.counts(0, 0);
  });

  Deno.test(`--upstream: who hangs up during the dial keeps its place until that connection has ended${kind.name}`, async () => {
    const ended = Promise.withResolvers<void>();
    await using service = new Service(async (socket) => {
      while (await socket.read(new Uint8Array(9)) !== null);
      await ended.promise;
    });
    const { hostname, port } = service.address;
    const held = Promise.withResolvers<void>();
    const dial = () => held.promise.then(() => Deno.connect({ hostname, port }));
    await using gate = new TestGate(await listen(ANY_PORT), { kind }, "gate", dial);
    const clients = await gate.clients(2);
    await gate.clock.advance(250);
    clients[0]!.close();
    await settled();
    held.resolve();
    await until("it is dialled", () => service.served === 1);
    await gate.counts(1, 1);
    ended.resolve();
    await until("the next one is dialled for", () => service.served === 2);
    assertEquals(service.peak, 1);
    clients[1]!.close();
  });

  Deno.test(`--upstream: a request whose client has ended its side waits for a slow dial${kind.name}`, async () => {
    await using service = new Service();
    const { hostname, port } = service.address;
    const held = Promise.withResolvers<void>();
    const dial = () => held.promise.then(() => Deno.connect({ hostname, port }));
    await using gate = new TestGate(await listen(ANY_PORT), { kind }, "gate", dial);
    const [client] = await gate.clients(1) as [Client];
    await client.say("hello");
    await (client.socket as Deno.TcpConn).closeWrite();
    await gate.clock.advance(5000);
    await settled();
    held.resolve();
    assertEquals(await client.rest(), "<hello>");
  });

  Deno.test(`--upstream: waiting clients that were reset leave, whatever they have sent${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service, { backlogSize: 5, kind });
    const [first] = await gate.clients(1) as [Client];
    const ghosts = Array.from({ length: 5 }, () => resettable(Number(gate.address.split(":")[1])));
    await gate.counts(1, 5);
    for (const ghost of ghosts) ghost.write(new Uint8Array(200_000));
    await until("they have sent what is kept", async () => {
      await gate.clock.advance(0);
      return gate.clock.timers > 0;
    });
    for (const ghost of ghosts) ghost.resetAndDestroy();
    await until("all are gone", async () => {
      await gate.clock.advance(1000);
      return gate.stats.queued === 0;
    });
    await first.say("x");
    await hear(first, "<x>");
  });

  Deno.test(`--upstream: one with a place that is reset during the dial leaves, whatever it has sent${kind.name}`, async () => {
    const answer = Promise.withResolvers<Socket>();
    const settings = { kind, connectTimeoutMs: 0 };
    await using gate = new TestGate(await listen(ANY_PORT), settings, "gate", () => answer.promise);
    const ghost = await connectResettable(Number(gate.address.split(":")[1]));
    await gate.counts(1, 0);
    await gate.clock.advance(250);
    const { timers } = gate.clock;
    ghost.write(new Uint8Array(200_000));
    await until("as much is kept as may be", () => gate.clock.timers > timers);
    ghost.resetAndDestroy();
    await until("it is gone", async () => {
      await gate.clock.advance(1000);
      return gate.stats.active === 0;
    });
  });

  Deno.test(`--backlog-size 0: who comes while the upstream is down is told so${kind.name}`, async () => {
    const upstream = { transport: "tcp" as const, hostname: "127.0.0.1", port: freePort() };
    const settings: Settings = { upstream, maxConnections: 2, backlogSize: 0, rejectAs: "smtp" };
    await using gate = await TestGate.open({ ...settings, kind });
    await gate.clients(1);
    await until("it is down", () => gate.notes.some((note) => note.includes("upstream is down")));
    const [second] = await gate.clients(1) as [Client];
    assertStringIncludes(await second.rest(), REASON_TEXT.upstream_down);
  });

  Deno.test(`--connect-timeout: who hangs up while the upstream does not answer gives its place back soon${kind.name}`, async () => {
    const answer = Promise.withResolvers<Socket>();
    await using gate = new TestGate(await listen(ANY_PORT), { kind }, "gate", () => answer.promise);
    const [client] = await gate.clients(1) as [Client];
    client.close();
    await until("its end is seen", async () => {
      await gate.clock.advance(250);
      return gate.stats.active === 0;
    });
    assertEquals([gate.stats.rejectedTotal, gate.notes.length], [0, 1]);
  });

  Deno.test(`drain: who waits for the upstream is joined to it when it has a place${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service, { rejectAs: "http" });
    const [first, second] = await gate.clients(2) as [Client, Client];
    gate.gate.drain();
    await second.say("y");
    first.close();
    await hear(second, "<y>");
    second.close();
    await gate.running;
    assertEquals(gate.stats.rejectedTotal, 0);
  });

  Deno.test(`--drain-queue reject: who waits for the upstream is told, in its protocol; who is joined may go on${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service, { rejectAs: "smtp", drainQueue: "reject" });
    const [first, second] = await gate.clients(2) as [Client, Client];
    await first.say("x");
    await hear(first, "<x>");
    gate.gate.drain();
    assertStringIncludes(await second.rest(), REASON_TEXT.draining);
    await first.say("y");
    await hear(first, "<y>");
  });

  Deno.test(`pool_disconnect: of a joined connection, from stdin, closes both sides${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service);
    const [first] = await gate.clients(1) as [Client];
    await first.say("x");
    await hear(first, "<x>");
    await gate.disconnect(first.name);
    assertEquals(await first.rest(), "");
    await until("the upstream is left too", () => service.open === 0);
    await gate.counts(0, 0);
    assertEquals(gate.stats.disconnectedTotal, 1);
  });

  Deno.test(`storm: many turned away are noted once, and counted when it is over${kind.name}`, async () => {
    await using service = new Service();
    await using gate = await forwarding(service, { backlogSize: 0 });
    const clients = await gate.clients(20);
    for (const client of clients.slice(1)) assertEquals(await client.rest(), "");
    assertEquals(gate.notes.length, 2);
    await gate.clock.advance(10_000);
    assertEquals(gate.notes.slice(1), [
      "warn: turning connections away: too many connections, and the queue is full",
      "warn: connections turned away in 0.0 s: 19 (backlog_full 19)",
    ]);
  });
}

// To a pool that answers later, the end of a client's bytes is a hang-up until it has.
Deno.test("--upstream: a client that says all and ends its side at once gets its answer", async () => {
  await using service = new Service();
  await using gate = await TestGate.open({ upstream: service.address });
  const [client] = await gate.clients(1) as [Client];
  await client.say("hello");
  await (client.socket as Deno.TcpConn).closeWrite();
  assertEquals(await client.rest(), "<hello>");
  await gate.counts(0, 0);
});

/** More than a client's kernel takes that does not read, and less than both ends of a socket hold. */
const LONG_TEXT = "x".repeat(1024 * 1024);

for (const first of ["client", "upstream"]) {
  Deno.test(`--upstream: where the ${first} ends first, and the client reads late, neither side loses a byte`, async () => {
    const clientEnded = Promise.withResolvers<void>();
    let received = 0;
    await using service = new Service(async (socket) => {
      if (first === "client") await clientEnded.promise;
      await writeAll(socket, new TextEncoder().encode(LONG_TEXT));
      await socket.closeWrite();
      const buffer = new Uint8Array(64 * 1024);
      for (let length; (length = await socket.read(buffer)) !== null;) received += length;
    });
    await using gate = await TestGate.open({ upstream: service.address });
    const [client] = await gate.clients(1) as [Client];
    if (first === "upstream") await until("it is told", () => gate.gate.traffic.sent > 1e6);
    await client.say(LONG_TEXT);
    await (client.socket as Deno.TcpConn).closeWrite();
    clientEnded.resolve();
    await gate.counts(0, 0);
    assertEquals((await client.rest()).length, LONG_TEXT.length);
    assertEquals(received, LONG_TEXT.length);
  });
}

Deno.test("--upstream: a client that still sends to an upstream that is gone hears all that it was told", async () => {
  await using service = new Service((socket) =>
    writeAll(socket, new TextEncoder().encode(LONG_TEXT))
  );
  await using gate = await TestGate.open({ upstream: service.address });
  const [client] = await gate.clients(1) as [Client];
  await until("the upstream is gone", () => service.served === 1 && service.open === 0);
  await until("the client is told", () => gate.gate.traffic.sent === LONG_TEXT.length);
  await until("its place is free", async () => {
    await client.say("more");
    return gate.stats.active === 0;
  });
  await client.say("and more");
  assertEquals((await client.rest()).length, LONG_TEXT.length);
});
