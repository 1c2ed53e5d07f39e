/** A gate before a PostgreSQL that refuses, or ends, those whose sessions begin. */

import { assertEquals } from "@std/assert";
import { packet } from "../support/postgres_packet.ts";
import { type PoolKind, POOLS } from "../support/pools.ts";
import { Service } from "../support/service.ts";
import { until } from "../support/sockets.ts";
import { TestGate } from "../support/test_gate.ts";

const STARTUP = packet(3 << 16, "user\0ann\0database\0shop\0\0");
const CANCEL = packet(80877102, "12345678");
const CANCEL_BEGINS = "\x04\xd2\x16\x2e";
const AUTHENTICATED = "R\0\0\0\x08\0\0\0\0";
const SESSION = AUTHENTICATED + "S\0\0\0\x0fname\0value\0".repeat(30) + "Z\0\0\0\x05I";

/** An error as long as PostgreSQL's. */
function error(code: string, message: string): string {
  const fields =
    `SFATAL\0VFATAL\0C${code}\0M${message}\0Fpostmaster.c\0L2345\0RProcessStartupPacket\0\0`;
  return `E\0\0\0${String.fromCharCode(4 + fields.length)}${fields}`;
}

const STOPPING = error("57P03", "the database system is shutting down");
const UNKNOWN = AUTHENTICATED + error("3D000", 'database "shop" does not exist');

/** A gate before one PostgreSQL. */
class Lab implements AsyncDisposable {
  /** What a session is told as it begins; then it goes on where that is {@linkcode SESSION}. */
  says = SESSION;
  /** What a check is told. */
  tellsChecks = AUTHENTICATED;
  checks = 0;
  /** How many have asked for a session, or to cancel a query. */
  asked = 0;
  #service = new Service((socket) => this.#serve(socket));
  #gate: TestGate | undefined;

  static async open(kind: PoolKind, proxyProtocol?: "v1"): Promise<Lab> {
    const lab = new Lab();
    lab.#gate = await TestGate.open({
      ...{ kind, upstreams: [lab.#service.address], service: "postgres", checks: true },
      ...{ maxConnections: 2, proxyProtocol },
    });
    await until("it is asked for its health", () => lab.checks === 1);
    await lab.gate.counts(0, 0);
    return lab;
  }

  get gate(): TestGate {
    return this.#gate!;
  }

  async #serve(socket: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(200);
    const say = (text: string) => socket.write(Uint8Array.from(text, (c) => c.charCodeAt(0)));
    let first = "";
    // The header, where there is one, may come alone.
    while (first === "") {
      const length = await socket.read(buffer);
      if (length === null) return;
      first = String.fromCharCode(...buffer.subarray(0, length)).replace(/^PROXY.*\r\n/, "");
    }
    if (first.includes("poolgate")) {
      this.checks++;
      await say(this.tellsChecks);
      return;
    }
    this.asked++;
    if (first.startsWith(CANCEL_BEGINS, 4)) return;
    const { says } = this;
    await say(says);
    if (says === SESSION) await socket.read(buffer);
  }

  /** @returns All that a client hears that asks for a session, and ends when it has that. */
  async session(): Promise<string> {
    const client = await this.gate.client();
    await client.socket.write(STARTUP);
    let heard = "";
    const buffer = new Uint8Array(1000);
    for (;;) {
      const length = await client.socket.read(buffer);
      if (length === null) break;
      heard += String.fromCharCode(...buffer.subarray(0, length));
      if (heard === SESSION) await client.socket.closeWrite();
    }
    client.close();
    return heard;
  }

  /** PostgreSQL is back, and is found to be. */
  async start(): Promise<void> {
    this.says = SESSION;
    this.tellsChecks = AUTHENTICATED;
    await until("it is up", async () => {
      await this.gate.clock.advance(200);
      return this.gate.upstreams[0]?.up === true;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gate?.[Symbol.asyncDispose]();
    await this.#service[Symbol.asyncDispose]();
  }
}

for (const kind of POOLS) {
  for (const [name, words] of [["refused", STOPPING], ["ended without a word", ""]] as const) {
    Deno.test(`--service postgres: who is ${name}, as the first sign that PostgreSQL stops, is served when it is back${kind.name}`, async () => {
      await using lab = await Lab.open(kind);
      [lab.says, lab.tellsChecks] = [words, STOPPING];
      const session = lab.session();
      await until("it is found down", () => lab.gate.upstreams[0]?.up === false);
      await lab.start();
      assertEquals(await session, SESSION);
      assertEquals(lab.asked, 2);
      await lab.gate.counts(0, 0);
    });
  }

  Deno.test(`--service postgres: what a PostgreSQL that is up refuses is refused once, in its words${kind.name}`, async () => {
    await using lab = await Lab.open(kind);
    lab.says = UNKNOWN;
    assertEquals(await lab.session(), UNKNOWN);
    assertEquals([lab.asked, lab.checks], [1, 2]);
    lab.says = SESSION;
    assertEquals(await lab.session(), SESSION);
    await lab.gate.counts(0, 0);
    assertEquals([lab.asked, lab.checks], [2, 2]);
  });

  for (
    const [name, cancel, proxyProtocol] of [
      ["", CANCEL, undefined],
      [" with a key of 32 bytes", packet(80877102, "1234" + "k".repeat(32)), undefined],
      [" behind the header of --proxy-protocol", CANCEL, "v1"],
    ] as const
  ) {
    Deno.test(`--service postgres: a cancel${name} that has a place comes once, also where PostgreSQL stops${kind.name}`, async () => {
      await using lab = await Lab.open(kind, proxyProtocol);
      lab.tellsChecks = STOPPING;
      const client = await lab.gate.client();
      await client.socket.write(cancel);
      assertEquals(await client.rest(), "");
      client.close();
      await lab.gate.counts(0, 0);
      assertEquals([lab.asked, lab.checks], [1, 1]);
    });
  }
}
