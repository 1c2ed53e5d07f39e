/** N at the service: whatever ends a client, its place is another's only when its upstream has ended. */

import type { Socket } from "node:net";
import { assertEquals } from "@std/assert";
import { DRAIN_LINGER_MS } from "../../lib/gate/gate.ts";
import { whenKnown } from "../../lib/pool/later.ts";
import type { ReplyBody, Request } from "../../lib/protocol/messages.ts";
import { type PoolKind, POOLS } from "../support/pools.ts";
import { Service } from "../support/service.ts";
import { type Client, connectResettable, until } from "../support/sockets.ts";
import { type Settings, TestGate } from "../support/test_gate.ts";

const LINGER_MS = 7000;

/** More than the kernel holds: whoever sends it has to be read. */
const ANSWER = new Uint8Array(16 * 1024 * 1024);

/** A service that works on a request for as long as the test wants, whatever becomes of who asked. */
class Slow implements AsyncDisposable {
  #service: Service;
  #finish: (() => void)[] = [];
  /** On how many requests it works. */
  atWork = 0;
  /** The most that there were at once. */
  peak = 0;
  /** How many that asked have ended their side. */
  left = 0;

  constructor() {
    this.#service = new Service(async (socket) => {
      const buffer = new Uint8Array(100);
      if (await socket.read(buffer) === null) return;
      this.peak = Math.max(this.peak, ++this.atWork);
      const done = new Promise<void>((resolve) => this.#finish.push(resolve));
      const ended = this.#untilLeft(socket);
      await done;
      this.atWork--;
      for (let sent = 0; sent < ANSWER.length;) sent += await socket.write(ANSWER.subarray(sent));
      await socket.closeWrite();
      await ended;
    });
  }

  get address() {
    return this.#service.address;
  }

  /** Ends the work on the first request. */
  finish(): void {
    this.#finish.shift()?.();
  }

  async #untilLeft(socket: Deno.TcpConn): Promise<void> {
    while (await socket.read(new Uint8Array(1)).catch(() => null) !== null);
    this.left++;
    // It does not end with that: whoever passes it on finds nobody, and is to wait all the same.
    await socket.write(new Uint8Array(1)).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#finish.length > 0) this.finish();
    await this.#service[Symbol.asyncDispose]();
  }
}

/** A gate before a slow service. */
class Lab implements AsyncDisposable {
  readonly slow: Slow;
  readonly gate: TestGate;

  private constructor(slow: Slow, gate: TestGate) {
    this.slow = slow;
    this.gate = gate;
  }

  static async open(kind: PoolKind, settings: Settings = {}): Promise<Lab> {
    const slow = new Slow();
    const upstream = slow.address;
    return new Lab(
      slow,
      await TestGate.open({ kind, upstream, upstreamLingerMs: LINGER_MS, ...settings }),
    );
  }

  /** A client that can be reset. */
  async resettable(): Promise<Socket> {
    return await connectResettable(Number(this.gate.address.split(":")[1]));
  }

  /** A client that asks, and is at work. */
  async asking(): Promise<Client> {
    const [client] = await this.gate.clients(1) as [Client];
    await client.say("request");
    await until("it is at work", () => this.slow.atWork === 1);
    return client;
  }

  /** The first is at work, and another one waits for its place. */
  async begin(): Promise<Socket> {
    const { gate, slow } = this;
    const first = await this.resettable();
    first.write("request");
    await until("the first is at work", () => slow.atWork === 1);
    const [second] = await gate.clients(1) as [Client];
    await second.say("request");
    return first;
  }

  /** Waits until the upstream knows that its client has gone. */
  async left(): Promise<void> {
    await until("the upstream is left", () => this.slow.left === 1);
  }

  /** Nothing is free until the upstream has ended, or its linger is over. */
  async holds(active: number, queued: number): Promise<void> {
    const { gate, slow } = this;
    await this.left();
    await gate.clock.advance(LINGER_MS - 1);
    await gate.quiet();
    await gate.counts(active, queued);
    assertEquals([slow.atWork, slow.peak], [1, 1]);
  }

  /** Ends the service first: a client that has only ended its side waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.slow[Symbol.asyncDispose]();
    await this.gate[Symbol.asyncDispose]();
  }
}

const IDLE_MS = 60_000;

const endings: [string, (lab: Lab, first: Socket) => void | Promise<void>, Settings][] = [
  ["a reset", (_, first) => void first.resetAndDestroy(), {}],
  ["--idle-timeout", ({ gate }) => gate.clock.advance(IDLE_MS), { idleTimeoutMs: IDLE_MS }],
  [
    "pool_disconnect",
    ({ gate }, { localPort }) => void gate.disconnect(`127.0.0.1:${localPort}`),
    {},
  ],
];

for (const kind of POOLS) {
  // Silence ends nobody who waits.
  for (const [ending, end] of endings.filter(([name]) => name !== "--idle-timeout")) {
    Deno.test(`--upstream-linger: of 50 clients that ask, each ended by ${ending}, never more than N are at work${kind.name}`, async () => {
      await using lab = await Lab.open(kind, { maxConnections: 2, backlogSize: 100 });
      const { gate, slow } = lab;
      for (let i = 0; i < 50; i++) {
        const { arrived } = gate;
        const client = await lab.resettable();
        client.write("request");
        await until("it has arrived", () => gate.arrived > arrived);
        if (i < 2) await until("it is at work", () => slow.atWork === i + 1);
        await end(lab, client);
      }
      await until("both at work are left", () => slow.left === 2);
      await gate.counts(2, 0);
      assertEquals([slow.atWork, slow.peak], [2, 2]);
      for (let i = 0; i < 2; i++) slow.finish();
      await gate.counts(0, 0);
      const client = await lab.asking();
      slow.finish();
      assertEquals((await client.rest()).length, ANSWER.length);
    });
  }

  for (const [ending, end, settings] of endings) {
    Deno.test(`--upstream-linger: after ${ending}, the place is free when the upstream has ended${kind.name}`, async () => {
      await using lab = await Lab.open(kind, settings);
      const { gate, slow } = lab;
      await end(lab, await lab.begin());
      await lab.holds(1, 1);
      slow.finish();
      await gate.counts(1, 0);
      await until("the second is at work", () => slow.atWork === 1);
      assertEquals([slow.peak, gate.stats.disconnectedTotal], [1, 1]);
    });

    Deno.test(`--upstream-linger: after ${ending}, the place is free when the linger is over${kind.name}`, async () => {
      await using lab = await Lab.open(kind, settings);
      const { gate, slow } = lab;
      await end(lab, await lab.begin());
      await lab.holds(1, 1);
      await gate.clock.advance(1);
      await gate.counts(1, 0);
      await until("the second is at work, too", () => slow.atWork === 2);
    });

    Deno.test(`--upstream-linger 0: after ${ending}, the place is free at once${kind.name}`, async () => {
      await using lab = await Lab.open(kind, { ...settings, upstreamLingerMs: 0 });
      const { gate, slow } = lab;
      await end(lab, await lab.begin());
      await gate.counts(1, 0);
      await until("the second is at work, too", () => slow.atWork === 2);
    });
  }

  for (const leaving of [false, true]) {
    Deno.test(`--cluster-lost cut: the upstream of one ${leaving ? "that leaves already" : "with a place"} is closed at once${kind.name}`, async () => {
      await using lab = await Lab.open(kind);
      const { gate, slow } = lab;
      const { localPort } = await lab.begin();
      const id = `127.0.0.1:${localPort}`;
      const client = gate.pool.find(id)!;
      if (leaving) {
        gate.disconnect(id);
        await lab.left();
      }
      // As the pool does it: here it loses no lease.
      client.reason = "cluster_lost";
      client.holder?.changed(client);
      await gate.counts(1, 0);
      assertEquals([client.state, client.reason], ["left", "cluster_lost"]);
      await until("the second is at work, too", () => slow.atWork === 2);
    });
  }

  Deno.test(`pool_disconnect: is answered while the upstream goes on; who waits at stdin is told of its place later${kind.name}`, async () => {
    await using lab = await Lab.open(kind);
    const { gate, slow } = lab;
    const client = await lab.asking();
    const announced: ReplyBody[] = [];
    const ask = async (operation: Request["operation"]): Promise<ReplyBody> => {
      const answer = gate.node.answer(
        { type: "request", src: "c1", dest: "n1", msgId: "1", operation },
        { announce: (_, body) => announced.push(body) },
      );
      return await new Promise((resolve) => whenKnown(answer, resolve));
    };
    await ask({ type: "pool_connect", clientId: "ann", notify: true });
    for (let i = 0; i < 2; i++) {
      assertEquals(await ask({ type: "pool_disconnect", clientId: client.name }), {
        type: "pool_disconnect_ok",
        ...{ promoted: null, active: 1, queued: 1 },
      });
    }
    assertEquals(await client.rest(), "");
    await gate.quiet();
    assertEquals([slow.atWork, announced], [1, []]);
    slow.finish();
    await until("ann is told", () => announced.length > 0);
    await gate.quiet();
    const told = { type: "pool_promoted" as const, clientId: "ann", active: 1, queued: 0 };
    assertEquals([announced, slow.atWork], [[told], 0]);
  });

  Deno.test(`--upstream-linger: is not for a client that has only ended its side, which may want its answer${kind.name}`, async () => {
    await using lab = await Lab.open(kind);
    const { gate, slow } = lab;
    const client = await lab.asking();
    await (client.socket as Deno.TcpConn).closeWrite();
    await lab.holds(1, 0);
    await gate.clock.advance(10 * LINGER_MS);
    await gate.counts(1, 0);
    slow.finish();
    assertEquals((await client.rest()).length, 1 + ANSWER.length);
    await gate.counts(0, 0);
  });

  for (
    const [lingerMs, ends, ms] of [
      [LINGER_MS, false, DRAIN_LINGER_MS],
      [LINGER_MS, true, DRAIN_LINGER_MS / 2],
      [DRAIN_LINGER_MS / 2, false, DRAIN_LINGER_MS / 2],
    ] as const
  ) {
    const until = ends ? "the upstream has ended" : `${ms} ms have gone by`;
    Deno.test(`--upstream-linger ${lingerMs}ms: at the end of a drain, it goes on until ${until}${kind.name}`, async () => {
      await using lab = await Lab.open(kind, { drainTimeoutMs: 5000, upstreamLingerMs: lingerMs });
      const { gate, slow } = lab;
      let over = false;
      gate.running.then(() => over = true);
      const client = await lab.asking();
      gate.gate.drain();
      await gate.clock.advance(5000);
      assertEquals(await client.rest(), "");
      await lab.left();
      await gate.clock.advance(ms - 1);
      await gate.quiet();
      assertEquals([over, gate.stats.active, slow.atWork], [false, 1, 1]);
      if (ends) slow.finish();
      else await gate.clock.advance(1);
      await gate.running;
      await gate.counts(0, 0);
    });
  }

  Deno.test(`--drain-timeout: an upstream that lingers when the drain begins does not make it longer${kind.name}`, async () => {
    await using lab = await Lab.open(kind, { drainTimeoutMs: 1000, upstreamLingerMs: 60_000 });
    const { gate } = lab;
    const first = await lab.resettable();
    first.write("request");
    await until("it is at work", () => lab.slow.atWork === 1);
    first.resetAndDestroy();
    await lab.left();
    gate.gate.drain();
    await gate.clock.advance(1000 + DRAIN_LINGER_MS);
    await gate.running;
    await gate.counts(0, 0);
  });
}
