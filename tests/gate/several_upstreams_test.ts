import { assertEquals, assertMatch } from "@std/assert";
import { SILENT_ENDS } from "../../lib/gate/header_log.ts";
import { packet } from "../support/postgres_packet.ts";
import { type PoolKind, POOLS } from "../support/pools.ts";
import { type Behaviour, echo, Service } from "../support/service.ts";
import { type Client, connectResettable, until } from "../support/sockets.ts";
import { type Settings, TestGate } from "../support/test_gate.ts";

/** A request of PostgreSQL's clients to cancel a query. */
const CANCEL = packet(80877102, "12345678");

const CANCEL_TEXT = String.fromCharCode(...CANCEL);

const SSL_REQUEST = packet(80877103);

/** What a check is told: by a server that stops, and by one that asks for no password. */
const STOPPING = "E\0\0\0\x22SFATAL\0C57P03\0Mshutting down\0\0";
const AUTHENTICATED = "R\0\0\0\x08\0\0\0\0";

const STARTUP = "\0\0\0\x11\0\x03\0\0user\0ann\0\0";

/** How long an upstream may take to end. */
const LINGER_MS = 7000;

/** Says a name, and ends when the client does. */
function naming(name: string): Behaviour {
  return async (socket) => {
    await socket.write(new TextEncoder().encode(`${name}\n`));
    await echo(socket);
  };
}

/** A gate before several services, each of which says its name. */
class Lab implements AsyncDisposable {
  services: Service[];
  #stopped = new Set<Service>();
  readonly gate: TestGate;

  private constructor(services: Service[], gate: TestGate) {
    this.services = services;
    this.gate = gate;
  }

  static async open(
    kind: PoolKind,
    settings: Settings = {},
    behaviours: Behaviour[] = [naming("a"), naming("b")],
  ): Promise<Lab> {
    const services = behaviours.map((behaviour) => new Service(behaviour));
    const upstreams = services.map(({ address }) => address);
    return new Lab(services, await TestGate.open({ kind, upstreams, ...settings }));
  }

  /** What an upstream is called in notes. */
  name(at: number): string {
    return `the upstream 127.0.0.1:${this.services[at]?.address.port}`;
  }

  /** Ends one, and refuses who comes. */
  async stop(at: number): Promise<void> {
    const service = this.services[at]!;
    this.#stopped.add(service);
    await service[Symbol.asyncDispose]();
  }

  /** Has one back where it was. */
  restart(at: number, behaviour: Behaviour): void {
    this.services[at] = new Service(behaviour, this.services[at]?.address.port);
  }

  /** New clients, one after the other, and the names that they hear. */
  async names(count: number): Promise<[Client[], string]> {
    const clients: Client[] = [];
    let names = "";
    for (let i = 0; i < count; i++) {
      const client = await this.gate.client();
      names += await client.line();
      clients.push(client);
    }
    return [clients, names];
  }

  /** How many connections each has, as the gate counts. */
  get connections(): number[] {
    return this.gate.upstreams.map(({ connections }) => connections);
  }

  /** Waits until one is not down any more. */
  async up(at: number): Promise<void> {
    await until("it is up again", async () => {
      await this.gate.clock.advance(200);
      return this.gate.upstreams[at]?.up === true;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gate[Symbol.asyncDispose]();
    for (const service of this.services) {
      if (!this.#stopped.has(service)) await service[Symbol.asyncDispose]();
    }
  }
}

/** A PostgreSQL that says its name as it begins a session, unless it stops. */
function postgres(name: string, stops: () => boolean): Behaviour {
  return async (socket) => {
    const buffer = new Uint8Array(200);
    const hear = async () =>
      new TextDecoder().decode(buffer.subarray(0, await socket.read(buffer) ?? 0));
    const say = (text: string) => socket.write(new TextEncoder().encode(text));
    const first = await hear();
    if (first.includes("poolgate")) {
      await say(stops() ? STOPPING : AUTHENTICATED);
      return;
    }
    await say("N");
    if (stops()) return;
    await say(`${name}${await hear()}${" welcomes you".repeat(30)}\n`);
    await echo(socket);
  };
}

/** A gate for PostgreSQL before two services, and what each of these has heard first. */
async function openHearing(kind: PoolKind, maxConnections: number) {
  const heard: string[] = [];
  const hearing = (name: string): Behaviour => async (socket) => {
    const buffer = new Uint8Array(200);
    const length = await socket.read(buffer) ?? 0;
    heard.push(`${name} ${String.fromCharCode(...buffer.subarray(0, length))}`);
    if (length !== CANCEL.length) await echo(socket);
  };
  const settings = { service: "postgres", maxConnections } as const;
  return { heard, lab: await Lab.open(kind, settings, [hearing("a"), hearing("b")]) };
}

for (const kind of POOLS) {
  Deno.test(`several --upstream: one limit for all, and the next goes where the fewest are${kind.name}`, async () => {
    await using lab = await Lab.open(kind, { maxConnections: 4 });
    const [clients, names] = await lab.names(4);
    assertEquals([names, lab.connections], ["abab", [2, 2]]);
    const [waiting] = await lab.gate.clients(1) as [Client];
    await lab.gate.counts(4, 1);
    clients[1]?.close();
    assertEquals(await waiting.line(), "b");
    assertEquals([lab.connections, lab.services.map(({ peak }) => peak)], [[2, 2], [2, 2]]);
  });

  Deno.test(`several --upstream: one that is down is passed over, its clients see nothing, and it is back in time${kind.name}`, async () => {
    await using lab = await Lab.open(kind, { maxConnections: 6 });
    await lab.stop(0);
    const [, names] = await lab.names(3);
    assertEquals([names, lab.connections], ["bbb", [0, 3]]);
    assertEquals(lab.gate.stats.rejectedTotal, 0);
    assertMatch(
      lab.gate.notes.at(-1) ?? "",
      new RegExp(
        `^error: ${lab.name(0)} is down, the others take its clients: .*refused`,
      ),
    );
    lab.restart(0, naming("a"));
    await lab.up(0);
    assertEquals(lab.gate.notes.at(-1), `info: ${lab.name(0)} is up again`);
    const upstream = `127.0.0.1:${lab.services[0]?.address.port}`;
    const events = lab.gate.events.map(({ event, upstream }) => [event, upstream]);
    assertEquals(events.slice(1), [["upstream_down", upstream], ["upstream_up", upstream]]);
    assertEquals((await lab.names(3))[1], "aaa");
  });

  Deno.test(`several --upstream: --upstream-order first has the others stand by${kind.name}`, async () => {
    await using lab = await Lab.open(kind, { maxConnections: 9, upstreamOrder: "first" });
    assertEquals((await lab.names(3))[1], "aaa");
    await lab.stop(0);
    assertEquals((await lab.names(2))[1], "bb");
    lab.restart(0, naming("a"));
    await lab.up(0);
    assertEquals((await lab.names(2))[1], "aa");
  });

  Deno.test(`several --upstream: while all are down nobody is let in, and the first that is back takes those who wait${kind.name}`, async () => {
    await using lab = await Lab.open(kind, { maxConnections: 2, backlogSize: 3 });
    for (const at of [0, 1]) await lab.stop(at);
    const first = await lab.gate.client();
    await until("both are found down", () => lab.gate.upstreams.every(({ up }) => !up));
    assertMatch(lab.gate.notes.at(-1) ?? "", /is down, nobody is let in: /);
    const others = await lab.gate.clients(3);
    await lab.gate.counts(1, 3);
    lab.restart(1, naming("b"));
    await lab.up(1);
    const heard = [await first.line(), await others[0]?.line()];
    assertEquals([heard, lab.connections], [["b", "b"], [0, 2]]);
    first.close();
    others[0]?.close();
    assertEquals([await others[1]?.line(), await others[2]?.line()], ["b", "b"]);
  });

  Deno.test(`several --upstream: who finds all down has no connection in time, and is told${kind.name}`, async () => {
    await using lab = await Lab.open(kind, { connectTimeoutMs: 1000, rejectAs: "line" });
    for (const at of [0, 1]) await lab.stop(at);
    const client = await lab.gate.client();
    await until("both are found down", () => lab.gate.upstreams.every(({ up }) => !up));
    await lab.gate.clock.advance(1000);
    assertMatch(await client.rest(), /the service cannot be reached/);
    assertEquals(lab.connections, [0, 0]);
  });

  Deno.test(`several --upstream: a place is free when its own upstream has ended${kind.name}`, async () => {
    const { promise: work, resolve: finish } = Promise.withResolvers<void>();
    const slow: Behaviour = async (socket) => {
      await socket.write(new TextEncoder().encode("a\n"));
      await work;
    };
    await using lab = await Lab.open(
      kind,
      { maxConnections: 2, upstreamLingerMs: LINGER_MS },
      [slow, naming("b")],
    );
    const lost = await connectResettable(Number(lab.gate.address.split(":")[1]));
    await until("it is joined to the slow one", () => lab.services[0]?.open === 1);
    const [[second], name] = await lab.names(1);
    const [third] = await lab.gate.clients(1) as [Client];
    lost.resetAndDestroy();
    await lab.gate.counts(2, 1);
    assertEquals([name, lab.connections], ["b", [1, 1]]);
    second?.close();
    assertEquals(await third.line(), "b");
    assertEquals(lab.connections, [1, 1]);
    finish();
    await lab.gate.counts(1, 0);
    assertEquals(lab.connections, [0, 1]);
  });

  for (const maxConnections of [1, 5]) {
    Deno.test(`several --upstream: a cancel of PostgreSQL goes to each, of ${maxConnections} places${kind.name}`, async () => {
      const { heard, lab: opened } = await openHearing(kind, maxConnections);
      await using lab = opened;
      const [first, second] = await lab.gate.clients(2) as [Client, Client];
      await first.say(STARTUP);
      await until("the first is joined", () => heard.length === 1);
      await second.socket.write(CANCEL);
      assertEquals(await second.rest(), "");
      assertEquals(heard.sort(), [`a ${STARTUP}`, `a ${CANCEL_TEXT}`, `b ${CANCEL_TEXT}`].sort());
      await lab.gate.counts(1, 0);
      assertEquals(lab.gate.stats.rejectedTotal, 0);
    });
  }

  Deno.test(`several --upstream: who speaks PostgreSQL is joined as soon as it has spoken, or after 5 s, or leaves${kind.name}`, async () => {
    const { heard, lab: opened } = await openHearing(kind, 5);
    await using lab = opened;
    const [first, second, third] = await lab.gate.clients(3) as [Client, Client, Client];
    await lab.gate.counts(3, 0);
    assertEquals(lab.connections, [0, 0]);
    third.close();
    await lab.gate.counts(2, 0);
    await first.say(STARTUP);
    await until("it is joined", () => heard.length === 1);
    assertEquals(lab.services.map(({ served }) => served), [1, 0]);
    await lab.gate.clock.advance(5000);
    await until("the silent one is joined, too", () => lab.services[1]?.served === 1);
    await second.say("late");
    await until("it is heard", () => heard.length === 2);
    assertEquals(heard, [`a ${STARTUP}`, "b late"]);
    const [encrypting] = await lab.gate.clients(1) as [Client];
    await encrypting.socket.write(packet(80877103));
    await until("it is joined without more words", () => heard.length === 3);
  });

  Deno.test(`several --upstream: a client that a PostgreSQL refuses which stops goes on at another one at once${kind.name}`, async () => {
    let stopping = false;
    await using lab = await Lab.open(
      kind,
      { service: "postgres", checks: true, maxConnections: 2 },
      [postgres("a", () => stopping), postgres("b", () => false)],
    );
    await until("both are asked", () => lab.services.every(({ served }) => served === 1));
    await lab.gate.counts(0, 0);
    stopping = true;
    const client = await lab.gate.client();
    await client.socket.write(SSL_REQUEST);
    await client.socket.read(new Uint8Array(1));
    await until("the first is found down", () => lab.gate.upstreams[0]?.up === false);
    await client.say(STARTUP);
    assertEquals((await client.line())?.startsWith(`b${STARTUP} welcomes`), true);
    assertEquals([lab.connections, lab.gate.stats.active], [[0, 1], 1]);
    client.close();
    await lab.gate.counts(0, 0);
    assertEquals(lab.connections, [0, 0]);
  });

  Deno.test(`several --upstream: each gets the header of --proxy-protocol, and is named where it seems not to take it${kind.name}`, async () => {
    const heard: string[] = [];
    const takes: Behaviour = async (socket) => {
      const buffer = new Uint8Array(200);
      const length = await socket.read(buffer) ?? 0;
      heard.push(new TextDecoder().decode(buffer.subarray(0, length)));
      await naming("b")(socket);
    };
    const refuses: Behaviour = async (socket) => {
      await socket.read(new Uint8Array(200));
    };
    await using lab = await Lab.open(
      kind,
      { proxyProtocol: "v1", upstreamOrder: "first" },
      [refuses, takes],
    );
    for (let turn = 0; turn < SILENT_ENDS; turn++) {
      const client = await lab.gate.client();
      assertEquals(await client.rest(), "");
      client.close();
      await lab.gate.counts(0, 0);
    }
    assertEquals(
      lab.gate.notes.at(-1),
      `warn: ${lab.name(0)} has ended 5 connections in a row without a byte: ` +
        "it may not take the PROXY header (--proxy-protocol v1)",
    );
    await lab.stop(0);
    assertEquals((await lab.names(1))[1], "b");
    assertMatch(heard[0] ?? "", /^PROXY TCP4 127\.0\.0\.1 /);
  });

  Deno.test(`several --upstream: each is checked by itself, in a place as long as others are up${kind.name}`, async () => {
    const answers = ["+PONG\r\n", "+PONG\r\n"];
    const pings = [0, 0];
    let [open, peak] = [0, 0];
    const redis = (at: number): Behaviour => async (socket) => {
      open++;
      peak = Math.max(peak, open);
      const buffer = new Uint8Array(200);
      for (;;) {
        const length = await socket.read(buffer);
        if (length === null) break;
        const ping = new TextDecoder().decode(buffer.subarray(0, length)).includes("PING");
        if (ping) pings[at]!++;
        await socket.write(new TextEncoder().encode(ping ? answers[at] : `${"ab"[at]}\n`));
      }
      open--;
    };
    const places = 3;
    const check = { intervalMs: 2000, fall: 3, rise: 2, path: "/", status: undefined };
    await using lab = await Lab.open(
      kind,
      { service: "redis", checks: true, check, maxConnections: places, backlogSize: 9 },
      [redis(0), redis(1)],
    );
    const { gate } = lab;
    await until("both are asked", () => pings.every((count) => count > 0));
    await gate.counts(0, 0);

    answers[1] = "-LOADING\r\n";
    await until("one is found down", async () => {
      await gate.clock.advance(500);
      return gate.upstreams[1]?.up === false;
    });
    const note = gate.notes.at(-1) ?? "";
    assertEquals(
      note.startsWith(`error: ${lab.name(1)} is down, the others take its clients: `),
      true,
    );
    await until("no check is under way", () => open === 0);
    peak = 0;

    const clients = await gate.clients(places + 2);
    await gate.counts(places, 2);
    for (const client of clients.slice(0, places)) {
      await client.say("x");
      assertEquals(await client.line(), "a");
    }
    const before = pings[1]!;
    for (let turn = 0; turn < 20; turn++) await gate.clock.advance(1000);
    assertEquals([pings[1], open], [before, places], "there is no room to ask");

    answers[1] = "+PONG\r\n";
    clients[0]?.close();
    await until("it is asked in the room of one that has ended", () => pings[1] === before + 1);
    await until("the next is joined", async () => {
      await gate.clock.advance(20);
      return lab.connections[0]! + lab.connections[1]! === places;
    });
    clients[1]?.close();
    await until("it is up", async () => {
      await gate.clock.advance(100);
      return gate.upstreams[1]?.up === true;
    });
    clients[2]?.close();
    await gate.counts(2, 0);
    const [next] = await gate.clients(1) as [Client];
    await next.say("x");
    assertEquals([await next.line(), peak], ["b", places]);
  });
}
