/** The live feed over real HTTP, with a clock that the test moves. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { LiveFeed, MAX_MISSED, MAX_VIEWERS } from "../../lib/admin/live_feed.ts";
import { PERIOD_MS, type Report } from "../../lib/admin/report.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { Client, until } from "../support/sockets.ts";
import { TestAdmin } from "../support/test_admin.ts";

interface Event {
  name: string;
  data: {
    sample: number[];
    marks: unknown[];
    stats: Record<string, unknown>;
    waits: { bounds: number[]; counts: number[] };
  };
}

/** Somebody who looks. */
class Viewer {
  #reader: ReadableStreamDefaultReader<string>;
  #heard = "";

  constructor(response: Response) {
    this.#reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async at(admin: TestAdmin): Promise<Viewer> {
    return new Viewer(await admin.ask("/api/events"));
  }

  /** The next event; `undefined` where the stream has ended. */
  async event(): Promise<Event | undefined> {
    const block = await this.block();
    const match = /^event: (\w+)\ndata: (.*)$/.exec(block ?? "");
    return match === null ? undefined : { name: match[1]!, data: JSON.parse(match[2]!) };
  }

  /** What stands before the next empty line. */
  async block(): Promise<string | undefined> {
    for (;;) {
      const end = this.#heard.indexOf("\n\n");
      if (end !== -1) {
        const block = this.#heard.slice(0, end);
        this.#heard = this.#heard.slice(end + 2);
        return block;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#heard += value;
    }
  }

  async leave(): Promise<void> {
    await this.#reader.cancel();
  }
}

Deno.test("GET /api/events: first says when to come back, then what was, then what is", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1, backlogSize: 1 });
  await admin.gate.clients(3);
  await admin.gate.clock.advance(PERIOD_MS);
  admin.gate.configure({ maxConnections: 1, backlogSize: 9 });
  await admin.gate.clock.advance(PERIOD_MS);
  const viewer = await Viewer.at(admin);
  assertEquals(await viewer.block(), "retry: 1000");
  const start = Date.parse("2026-01-02T03:04:05Z") / 1000;
  const latest = [start + 2, 1, 1, 1, 0, 1, 9];
  const samples = [[start, 0, 0, 0, 0, 1, 1], [start + 1, 1, 1, 1, 0, 1, 1], latest];
  const marks = [{ time: start + 2, kind: "limits_changed", text: "backlog_size 1 -> 9" }];
  assertEquals<unknown>(await viewer.event(), { name: "history", data: { samples, marks } });
  const now = await viewer.event();
  assertEquals([now?.name, now?.data.sample, now?.data.marks], ["now", latest, []]);
  assertEquals(now?.data.stats, await admin.json("/api/stats"));
  assertEquals(Object.keys(now!.data), ["sample", "marks", "stats", "waits"]);
  await viewer.leave();
});

Deno.test("GET /api/events: says what is once a second", async () => {
  await using admin = await TestAdmin.open({ maxConnections: 1 });
  const viewer = await Viewer.at(admin);
  for (let events = 0; events < 3; events++) await viewer.block();
  const clients = await admin.gate.clients(2);
  await admin.gate.clock.advance(PERIOD_MS);
  const first = await viewer.event();
  assertEquals([first?.data.stats.active, first?.data.stats.queued], [1, 1]);
  assertEquals(first?.data.waits.counts.some((count) => count > 0), false);
  clients[0]!.close();
  await admin.gate.counts(1, 0);
  admin.gate.pool.pause("paused");
  await admin.gate.clock.advance(PERIOD_MS);
  const second = await viewer.event();
  assertEquals([second?.data.sample[4], second?.data.stats.uptime_seconds], [1, 2]);
  const paused = { time: second!.data.sample[0], kind: "paused", text: "" };
  assertEquals([first?.data.marks, second?.data.marks], [[], [paused]]);
  const { bounds, counts } = second!.data.waits;
  assertEquals(counts.length, bounds.length + 1);
  assertEquals(counts[bounds.indexOf(1)], 1);
  await viewer.leave();
});

Deno.test("GET /api/events: as many as may look at once, then 503, until one leaves", async () => {
  await using admin = await TestAdmin.open();
  const viewers = await Promise.all(Array.from({ length: MAX_VIEWERS }, () => Viewer.at(admin)));
  const refused = await admin.ask("/api/events");
  assertEquals(refused.status, 503);
  assertMatch((await refused.json()).error, /^64 look already/);
  await viewers.pop()!.leave();
  await until("one more may look", async () => {
    const response = await admin.ask("/api/events");
    if (response.status === 200) viewers.push(new Viewer(response));
    else await response.body?.cancel();
    return response.status === 200;
  });
  for (const viewer of viewers) await viewer.leave();
});

Deno.test("LiveFeed: a sample that cannot be taken is told, and does not end the samples", async () => {
  const clock = new FakeClock();
  const failures: unknown[] = [];
  let taken = 0;
  const report = {
    takeSample: () => {
      if (++taken === 2) throw "why";
    },
  };
  const failed = (error: unknown) => failures.push(error);
  const feed = new LiveFeed(report as unknown as Report, clock, failed);
  feed.start();
  for (let second = 0; second < 3; second++) await clock.advance(PERIOD_MS);
  assertEquals([taken, failures], [4, ["why"]]);
  feed.stop();
  assertEquals(clock.timers, 0);
});

Deno.test("HEAD /api/events: is answered at once, without a length, and leaves nobody behind who looks", async () => {
  await using admin = await TestAdmin.open();
  for (let times = 0; times < MAX_VIEWERS + 1; times++) {
    const client = await Client.to(admin.address);
    await client.say("HEAD /api/events HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    const answer = await client.rest();
    client.close();
    assertMatch(answer, /^HTTP\/1\.1 200 OK\r\n[^]*\r\ncontent-type: text\/event-stream\r\n/);
    assertMatch(answer, /^(?!.*content-length)[^]*\r\n\r\n$/i);
  }
  await (await Viewer.at(admin)).leave();
});

Deno.test("GET /api/events: asks proxies to pass each event on at once", async () => {
  await using admin = await TestAdmin.open();
  const { headers, body } = await admin.ask("/api/events");
  assertEquals(headers.get("x-accel-buffering"), "no");
  await body?.cancel();
});

Deno.test("GET /api/events: ends when the listener does", async () => {
  const admin = await TestAdmin.open();
  const viewer = await Viewer.at(admin);
  for (let events = 0; events < 3; events++) await viewer.block();
  await admin[Symbol.asyncDispose]();
  assertEquals(await viewer.block(), undefined);
});

Deno.test("GET /api/events: a viewer who reads nothing costs no memory for it, and loses its place", async () => {
  // Each has its line in every event.
  const upstreams = Array.from({ length: 200 }, (_, at) => {
    return { transport: "tcp" as const, hostname: `${"long.".repeat(40)}${at}`, port: 1 };
  });
  const admin = await TestAdmin.open({ upstreams });
  const idle = new Viewer(await admin.ask("/api/events"));
  const reader = await Viewer.at(admin);
  for (let events = 0; events < 3; events++) await reader.block();
  // Each event is some 40 KiB: together far more than what the kernel holds for a reader that reads
  // nothing.
  const seconds = 500;
  for (let second = 0; second < seconds; second++) {
    await admin.gate.clock.advance(PERIOD_MS);
    await reader.block();
  }
  let heard = 0;
  await assertRejects(async () => {
    for (;; heard++) await idle.block();
  });
  assertEquals(heard < seconds - MAX_MISSED, true, `${heard} events of ${seconds} were kept`);
  await reader.leave();
  await admin[Symbol.asyncDispose]();
});
