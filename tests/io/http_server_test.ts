import { assertEquals, assertMatch } from "@std/assert";
import {
  ANSWER_MS,
  httpServer,
  MAX_CONNECTIONS,
  NEXT_REQUEST_MS,
  REQUEST_MS,
} from "../../lib/io/http_server.ts";
import { listen } from "../../lib/io/network.ts";
import type { HttpServer } from "../../lib/io/socket.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { Client, until } from "../support/sockets.ts";
import { ANY_PORT } from "../support/test_gate.ts";

const GET = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

/** A server, until the test disposes of it. */
class TestServer implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly failures: unknown[] = [];
  #closing: Promise<void> | undefined;
  #server!: HttpServer;
  #clients: Client[] = [];

  static async open(answer: (request: Request) => Promise<Response>): Promise<TestServer> {
    const server = new TestServer();
    const { clock } = server;
    const listener = await listen(ANY_PORT);
    server.#server = httpServer({ listener, clock, note: () => {} })(
      answer,
      (error) => server.failures.push(error),
    );
    return server;
  }

  get url(): string {
    return `http://${this.#server.address}/`;
  }

  /** A connection on which something has been sent. */
  async client(text = ""): Promise<Client> {
    const client = await Client.to(this.#server.address);
    this.#clients.push(client);
    await client.say(text);
    return client;
  }

  /** The status of the answer to what is sent on a connection of its own. */
  async status(text: string): Promise<string> {
    const client = await this.client(text);
    return (await client.line())?.split(" ")[1] ?? "none";
  }

  close(): Promise<void> {
    return this.#closing ??= this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) {
      try {
        client.close();
      } catch {
        // The test has closed it already.
      }
    }
    await this.close();
  }
}

/** An answer that says how long it is. */
function whole(text: string): Promise<Response> {
  return Promise.resolve(new Response(text, { headers: { "content-length": `${text.length}` } }));
}

/** Answers with the method, the URL and `Host` of the request, and its body. */
async function mirror(request: Request): Promise<Response> {
  const { method, url, headers } = request;
  return await whole(`${method} ${url} ${headers.get("host")} ${await request.text()}\n`);
}

/** The body of an answer to what is sent, of one line. */
async function mirrored(server: TestServer, text: string): Promise<string | undefined> {
  const client = await server.client(text);
  for (let line = await client.line(); line !== undefined; line = await client.line()) {
    if (line === "\r") return await client.line();
  }
}

Deno.test("httpServer: an answer that rejects is a 500, and told to no one but the program", async () => {
  await using server = await TestServer.open(() => Promise.reject("why"));
  const response = await fetch(server.url);
  assertEquals([response.status, await response.text()], [500, ""]);
  assertEquals(server.failures, ["why"]);
});

const requests: [string, string, string][] = [
  ["a path", "GET /a?b HTTP/1.1\r\nhost: X:1\r\n\r\n", "GET http://x:1/a?b X:1 "],
  [
    "an absolute target, whatever Host is",
    "GET http://other/a HTTP/1.1\r\nhost: x\r\n\r\n",
    "GET http://other/a x ",
  ],
  ["two Hosts, as one", "GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n", "400"],
  ["no Host in HTTP/1.0", "GET /a HTTP/1.0\r\n\r\n", "GET http://localhost/a null "],
  ["an empty Host", "GET /a HTTP/1.1\r\nhost:\r\n\r\n", "GET http://localhost/a  "],
  ["a body", "PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi", "PUT http://x/ x hi"],
  [
    "a body in chunks",
    "PUT / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
    "PUT http://x/ x hi",
  ],
  [
    "a body that waits to be asked for",
    "PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\nhi",
    "HTTP/1.1 200 OK\r",
  ],
  [
    "the wish for another protocol, as without it",
    "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    "GET http://x/ x ",
  ],
];

for (const [what, text, heard] of requests) {
  Deno.test(`httpServer: takes ${what}`, async () => {
    await using server = await TestServer.open(mirror);
    if (heard === "400") assertEquals(await server.status(text), heard);
    else assertEquals(await mirrored(server, text), heard);
  });
}

const nonsense: [string, string][] = [
  ["nonsense\r\n\r\n", "400"],
  ["GET / HTTP/1.1\r\n\r\n", "400"],
  ["GET a HTTP/1.1\r\nhost: x\r\n\r\n", "400"],
  ["OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n", "400"],
  ["TRACE / HTTP/1.1\r\nhost: x\r\n\r\n", "400"],
  ["GET ftp://x/ HTTP/1.1\r\nhost: x\r\n\r\n", "400"],
  ["GET / HTTP/1.1\r\nhost: a/b\r\n\r\n", "400"],
  ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"],
  [`GET / HTTP/1.1\r\nhost: x\r\nlong: ${"x".repeat(20_000)}\r\n\r\n`, "431"],
];

for (const [text, status] of nonsense) {
  Deno.test(`httpServer: answers ${JSON.stringify(text.slice(0, 40))} with ${status}`, async () => {
    await using server = await TestServer.open(() => whole("never"));
    assertEquals(await server.status(text), status);
    assertEquals(server.failures, []);
  });
}

Deno.test("httpServer: keeps a connection for another request, and answers those sent together in order", async () => {
  let asked = 0;
  await using server = await TestServer.open(() => whole(`${++asked}\n`));
  const client = await server.client(GET + GET);
  const heard: string[] = [];
  for (let answers = 0; answers < 3;) {
    const line = await client.line() ?? "";
    if (/^\d$/.test(line)) {
      heard.push(line);
      if (++answers === 2) await client.say(GET);
    }
  }
  assertEquals(heard, ["1", "2", "3"]);
});

Deno.test("httpServer: a half request ends at its time limit, however its bytes drip", async () => {
  await using server = await TestServer.open(() => whole("ok"));
  const client = await server.client("GET / HT");
  const silent = await server.client();
  // Answered: the two before it have been accepted.
  await (await fetch(server.url)).text();
  await server.clock.advance(REQUEST_MS - 1);
  await client.say("TP/1.1\r\n");
  await server.clock.advance(1);
  assertEquals([await client.rest(), await silent.rest()], ["", ""]);
});

Deno.test("httpServer: a connection may be silent for longer between two requests", async () => {
  await using server = await TestServer.open(() => whole("ok\n"));
  const client = await server.client(GET);
  while (await client.line() !== "ok");
  await server.clock.advance(NEXT_REQUEST_MS - 1);
  await client.say(GET);
  while (await client.line() !== "ok");
  await server.clock.advance(NEXT_REQUEST_MS);
  assertEquals(await client.line(), undefined);
});

Deno.test("httpServer: an answer that is not taken ends at its time limit, one that lasts does not", async () => {
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  const long = "x".repeat(50_000_000);
  await using server = await TestServer.open(({ url }) =>
    url.endsWith("/long") ? whole(long) : Promise.resolve(
      new Response(new ReadableStream({ start: (stream) => void streams.push(stream) })),
    )
  );
  const slow = await server.client(GET.replace("/", "/long"));
  const viewer = await server.client(GET);
  await slow.line();
  await until("the stream is open", () => streams.length === 1);
  await server.clock.advance(ANSWER_MS);
  assertEquals((await slow.rest()).length < long.length, true);
  streams[0]!.enqueue(new TextEncoder().encode("still here\n"));
  streams[0]!.close();
  while (await viewer.line() !== "still here");
});

Deno.test("httpServer: what is left of an answered request is dropped, and its connection ends", async () => {
  await using server = await TestServer.open(() => whole("no\n"));
  const client = await server.client("PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf");
  const heard = await client.rest();
  assertMatch(heard, /^HTTP\/1.1 200 OK\r\n[^]*connection: close\r\n[^]*\r\nno\n$/i);
});

Deno.test("httpServer: a stream is cancelled when who takes it has gone", async () => {
  let cancelled = 0;
  await using server = await TestServer.open(() =>
    Promise.resolve(new Response(new ReadableStream({ cancel: () => void cancelled++ })))
  );
  const client = await server.client(GET);
  await server.client();
  client.close();
  await until("it is cancelled", () => cancelled === 1);
});

Deno.test("httpServer: a stream is cancelled when who asked for it has gone before it began", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  let cancelled = 0;
  await using server = await TestServer.open(async ({ url }) => {
    if (!url.endsWith("/stream")) return await whole("ok");
    asked++;
    await promise;
    return new Response(new ReadableStream({ cancel: () => void cancelled++ }));
  });
  const client = await server.client(GET.replace("/", "/stream"));
  await until("it is asked for", () => asked === 1);
  client.close();
  // Time enough for the end to be seen: it came before these requests.
  for (let times = 0; times < 10; times++) await server.status(GET);
  resolve();
  await until("it is cancelled", () => cancelled === 1);
});

Deno.test("httpServer: a stream that fails breaks off, and is told to no one", async () => {
  await using server = await TestServer.open(() =>
    Promise.resolve(new Response(new ReadableStream({ pull: () => Promise.reject("why") })))
  );
  const client = await server.client(GET);
  assertEquals((await client.rest()).endsWith("0\r\n\r\n"), false);
  assertEquals(server.failures, []);
});

Deno.test("httpServer: the oldest half request gives way to a new connection, what is being answered does not", async () => {
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  await using server = await TestServer.open(({ url }) =>
    url.endsWith("/stream")
      ? Promise.resolve(
        new Response(new ReadableStream({ start: (stream) => void streams.push(stream) })),
      )
      : whole("ok")
  );
  const viewer = await server.client(GET.replace("/", "/stream"));
  await until("the stream is open", () => streams.length === 1);
  const halves: Client[] = [];
  for (let count = 0; count < MAX_CONNECTIONS - 1; count++) halves.push(await server.client("GET"));
  assertEquals(await server.status(GET), "200");
  assertEquals(await halves[0]!.line(), undefined);
  await halves[1]!.say(GET.slice("GET".length));
  assertMatch(await halves[1]!.line() ?? "", /200/);
  streams[0]!.enqueue(new TextEncoder().encode("still here\n"));
  while (await viewer.line() !== "still here");
  streams[0]!.close();
});

Deno.test("httpServer: when all are being answered, a new connection is closed", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  await using server = await TestServer.open(async () => {
    asked++;
    await promise;
    return await whole("ok\n");
  });
  const clients: Client[] = [];
  for (let count = 0; count < MAX_CONNECTIONS; count++) clients.push(await server.client(GET));
  await until("all wait for an answer", () => asked === MAX_CONNECTIONS);
  assertEquals(await (await server.client()).rest(), "");
  resolve();
  for (const client of clients) while (await client.line() !== "ok");
  assertEquals(await server.status(GET), "200");
});

Deno.test("httpServer.close: ends those that wait for a request, and waits for those that are being answered", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  await using server = await TestServer.open(async () => {
    asked++;
    await promise;
    return await whole("ok");
  });
  const half = await server.client("GET");
  const answered = await server.client(GET);
  await until("one is being answered", () => asked === 1);
  let closed = false;
  const closing = server.close().then(() => closed = true);
  assertEquals(await half.rest(), "");
  assertEquals(closed, false);
  resolve();
  assertMatch(await answered.rest(), /ok$/);
  await closing;
});
