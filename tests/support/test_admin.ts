/**
 * A gate with an admin listener, real sockets, and a clock that the test moves.
 *
 * @module
 */

import { type OpenAdmin, openAdmin } from "../../lib/admin/open_admin.ts";
import { httpServer } from "../../lib/io/http_server.ts";
import { listen } from "../../lib/io/network.ts";
import { WaitEstimator } from "../../lib/pool/wait_estimator.ts";
import type { Note } from "../../lib/io/log.ts";
import { FakeClock } from "./fake_clock.ts";
import { ANY_PORT, type Settings, TestGate } from "./test_gate.ts";

/** What permits changes in these tests. */
export const TOKEN = "s3cret";

/** The names that are served in these tests. */
export const HOSTS = ["pool.example"];

/** When the gates of these tests were started. */
const STARTED_AT = new Date("2026-01-02T03:04:05.000Z");

/** What these tests say was counted of an upstream. */
const TOTALS = {
  ...{ connects: 4, connectMs: 1000, failures: 2 },
  checks: { ok: 7, failed: 1, left_out: 3 },
};

/** A gate and its admin listener, until the test disposes of them. */
export class TestAdmin implements AsyncDisposable {
  readonly gate: TestGate;
  #server: OpenAdmin;

  private constructor(gate: TestGate, server: OpenAdmin) {
    this.gate = gate;
    this.#server = server;
  }

  /** @param token What permits changes; `null` for nothing. */
  static async open(settings: Settings = {}, token: string | null = TOKEN): Promise<TestAdmin> {
    const gate = await TestGate.open(settings);
    const start = gate.clock.now();
    const listener = await listen(ANY_PORT);
    const waits = new WaitEstimator(gate.pool, () => 0.5);
    gate.pool.observe(waits);
    const note: Note = (level, text) => gate.notes.push(`${level}: ${text}`);
    const server = await openAdmin({
      // No test waits for so long that a connection ends for it.
      serveHttp: httpServer({ listener, clock: new FakeClock(), note }),
      pool: gate.pool,
      clock: gate.clock,
      token: token ?? undefined,
      note,
      hosts: new Set(HOSTS),
      timeOfDay: () => STARTED_AT.getTime() + gate.clock.now() - start,
      version: "1.2.3",
      listen: gate.address,
      upstreams: gate.upstreams,
      draining: () => gate.gate.draining,
      drainLeftMs: () => gate.gate.drainLeftMs,
      cutShort: () => gate.gate.cutShort,
      traffic: () => gate.gate.traffic,
      upstreamTotals: () => gate.upstreams.length > 0 ? TOTALS : undefined,
      usage: {
        startedAt: STARTED_AT.getTime(),
        residentBytes: () => 65_536,
        cpuSeconds: () => 1.5,
      },
      expectedWait: () => waits.at(gate.clock.now()),
    });
    return new TestAdmin(gate, server);
  }

  /** Where it serves: `HOST:PORT`. */
  get address(): string {
    return this.#server.address;
  }

  /** A client that has no connection, as one of stdin has none. */
  connect(id: string): void {
    this.gate.pool.connect(id, undefined, this.gate.clock.now());
  }

  /** Asks for something. */
  ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://${this.address}${path}`, init);
  }

  /** Asks for something that permits changes only to whoever has the token. */
  change(method: string, path: string, body?: unknown): Promise<Response> {
    const headers = { authorization: `Bearer ${TOKEN}` };
    return this.ask(
      path,
      body === undefined ? { method, headers } : {
        method,
        headers,
        body: JSON.stringify(body),
      },
    );
  }

  async json(path: string) {
    return await (await this.ask(path)).json();
  }

  async text(path: string): Promise<string> {
    return await (await this.ask(path)).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    await this.gate[Symbol.asyncDispose]();
  }
}
