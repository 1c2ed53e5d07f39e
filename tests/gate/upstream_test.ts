import { assertEquals } from "@std/assert";
import { LocalShortage, NoAnswer, type Socket } from "../../lib/io/socket.ts";
import type { Upstream } from "../../lib/gate/upstream.ts";
import { Upstreams } from "../../lib/gate/upstreams.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { FakeSocket } from "../support/fake_socket.ts";

const CONNECT_TIMEOUT_MS = 1000;

/** An upstream whose every answer the test gives. */
class Lab {
  clock = new FakeClock();
  log: string[] = [];
  /** The dials that wait for an answer. */
  dials: PromiseWithResolvers<Socket>[] = [];
  /** The time that each dial was given. */
  timeouts: (number | undefined)[] = [];
  closed = 0;
  /** 1 while nobody is to go to the upstream. */
  holds = 0;
  /** How many have a place. */
  clients = 0;
  #settled = 0;
  upstreams: Upstreams;

  constructor(connectTimeoutMs = CONNECT_TIMEOUT_MS) {
    const member = {
      address: "service:1",
      checked: false,
      dial: (timeoutMs?: number) => {
        this.timeouts.push(timeoutMs);
        const dial = Promise.withResolvers<Socket>();
        this.dials.push(dial);
        return dial.promise;
      },
      onDown: (reason: string) => this.log.push(`down: ${reason}`),
      onUp: () => this.log.push("up"),
      onSilent: (reason: string) => this.log.push(`silent: ${reason}`),
      onShortage: (reason: string) => this.log.push(`shortage: ${reason}`),
    };
    this.upstreams = new Upstreams({
      clock: this.clock,
      connectTimeoutMs,
      order: "least",
      places: () => ({ active: this.clients, maxConnections: 100 }),
      members: [member],
      onHold: () => this.holds++,
      onRelease: () => this.holds--,
    });
  }

  get upstream(): Upstream {
    return this.upstreams.all[0]!;
  }

  connect(name: string): () => void {
    this.clients++;
    const attempt = this.upstreams.connect(() => this.log.push(`${name} waits`));
    attempt.socket.then((socket) =>
      this.log.push(`${name} ${socket === undefined ? "nothing" : "joined"}`)
    );
    return () => attempt.giveUp();
  }

  async accept(): Promise<void> {
    this.dials.shift()?.resolve(new FakeSocket(() => this.closed++));
    await settled();
  }

  refuse(): Promise<void> {
    return this.fail(new Error("refused"));
  }

  async fail(error: Error): Promise<void> {
    this.dials.shift()?.reject(error);
    await settled();
  }

  /** What has happened since it was last asked. */
  news(): string[] {
    const news = this.log.slice(this.#settled);
    this.#settled = this.log.length;
    return news;
  }
}

Deno.test("Upstreams.connect, of one: gives a connection, and sets no timer that stays", async () => {
  const lab = new Lab();
  lab.connect("a");
  await lab.accept();
  assertEquals(lab.news(), ["a joined"]);
  await lab.clock.advance(10 * CONNECT_TIMEOUT_MS);
  assertEquals([lab.news(), lab.dials.length, lab.clock.timers], [[], 0, 0]);
});

Deno.test("Upstreams.connect, of one: tries again for the first that waits, and for all when it is up again", async () => {
  const lab = new Lab();
  for (const name of ["a", "b"]) lab.connect(name);
  await lab.refuse();
  await lab.refuse();
  lab.connect("c");
  await settled();
  assertEquals(lab.news(), ["down: refused", "a waits", "b waits", "c waits"]);
  assertEquals(lab.dials.length, 0);
  await lab.clock.advance(100);
  assertEquals(lab.dials.length, 1);
  await lab.refuse();
  await lab.clock.advance(200);
  await lab.accept();
  assertEquals(lab.news(), ["up", "a joined"]);
  await lab.accept();
  await lab.accept();
  assertEquals(lab.news(), ["b joined", "c joined"]);
});

Deno.test("Upstreams.connect, of one: whoever waits past the connect timeout gets nothing", async () => {
  const lab = new Lab();
  lab.connect("a");
  await lab.refuse();
  await lab.clock.advance(CONNECT_TIMEOUT_MS / 2);
  lab.connect("b");
  await settled();
  lab.news();
  await lab.clock.advance(CONNECT_TIMEOUT_MS / 2);
  assertEquals(lab.news(), ["a nothing"]);
  await lab.clock.advance(CONNECT_TIMEOUT_MS / 2);
  assertEquals(lab.news(), ["b nothing"]);
});

Deno.test("Upstreams.connect, of one: an upstream that does not answer in time is down, and a late answer is closed", async () => {
  const lab = new Lab();
  lab.connect("a");
  await lab.clock.advance(CONNECT_TIMEOUT_MS);
  const down = "down: no answer within the connect timeout";
  assertEquals(lab.news(), ["a waits", down, "a nothing"]);
  await lab.accept();
  assertEquals([lab.news(), lab.closed], [["up"], 1]);
});

Deno.test("Upstreams.connect, of one: a failure that nobody waits for any more tells nothing", async () => {
  const lab = new Lab();
  const giveUp = lab.connect("a");
  giveUp();
  await settled();
  await lab.refuse();
  assertEquals(lab.news(), ["a nothing"]);
});

Deno.test("Upstreams.connect, of one: who is told to wait may give up at once", async () => {
  const lab = new Lab();
  lab.connect("a");
  await lab.refuse();
  const attempt = lab.upstreams.connect(() => attempt.giveUp());
  assertEquals(await attempt.socket, undefined);
});

Deno.test("Upstream: is tried again while nobody waits, ever less often, and that connection is closed", async () => {
  const lab = new Lab();
  const giveUp = lab.connect("a");
  await lab.refuse();
  giveUp();
  giveUp();
  await settled();
  lab.news();
  for (const ms of [100, 200, 400, 800, 1000, 1000]) {
    await lab.clock.advance(ms - 1);
    assertEquals(lab.dials.length, 0, `before ${ms}`);
    await lab.clock.advance(1);
    assertEquals(lab.dials.length, 1, `after ${ms}`);
    await lab.refuse();
  }
  await lab.clock.advance(1000);
  await lab.accept();
  assertEquals([lab.news(), lab.closed, lab.clock.timers], [["up"], 1, 0]);
});

Deno.test("Upstream: of no connect timeout, waits for as long as it takes", async () => {
  const lab = new Lab(0);
  lab.connect("a");
  await lab.refuse();
  for (let i = 0; i < 50; i++) {
    await lab.clock.advance(1000);
    await lab.refuse();
  }
  await lab.clock.advance(1000);
  await lab.accept();
  assertEquals(lab.news(), ["down: refused", "a waits", "up", "a joined"]);
});

Deno.test("Upstream: who has waited, and has no time left when it is up again, does not make it down", async () => {
  const lab = new Lab();
  lab.connect("a");
  await lab.refuse();
  await lab.clock.advance(CONNECT_TIMEOUT_MS - 1);
  lab.connect("b");
  while (lab.dials.length > 1) await lab.refuse();
  await lab.accept();
  lab.news();
  lab.connect("c");
  await lab.clock.advance(1);
  assertEquals(lab.news().filter((news) => news.startsWith("down")), []);
});

Deno.test("Upstream: each outage is tried from the shortest wait on", async () => {
  const lab = new Lab(0);
  for (let outage = 0; outage < 2; outage++) {
    lab.connect("a");
    await lab.refuse();
    await lab.clock.advance(100);
    await lab.refuse();
    await lab.clock.advance(200);
    await lab.accept();
    lab.connect("b");
    await lab.accept();
  }
  const heard = lab.news().filter((news) => !/^[ab] /.test(news));
  assertEquals(heard, ["down: refused", "up", "down: refused", "up"]);
});

Deno.test("Upstream: a try while it is down has the connect timeout, 0 where that is none", async () => {
  for (const [connectTimeoutMs, timeout] of [[8000, 8000], [0, 0]] as const) {
    const lab = new Lab(connectTimeoutMs);
    lab.connect("a");
    await lab.refuse();
    await lab.clock.advance(100);
    assertEquals(lab.timeouts, [undefined, timeout]);
  }
});

Deno.test("Upstream: up again and down again, each is told once", async () => {
  const lab = new Lab();
  for (let turn = 0; turn < 3; turn++) {
    lab.connect("a");
    await lab.refuse();
    await lab.clock.advance(CONNECT_TIMEOUT_MS);
    await lab.accept();
  }
  const heard = lab.news().filter((news) => !news.startsWith("a "));
  assertEquals(heard, ["down: refused", "up", "down: refused", "up", "down: refused", "up"]);
});

/** What a dial fails with when there is no file descriptor for it. */
const NO_DESCRIPTOR = () => new LocalShortage("Too many open files", true);

Deno.test("Upstream: a want of our own is no news of it: dialled again soon, in order, told once", async () => {
  const lab = new Lab();
  lab.connect("a");
  await lab.fail(NO_DESCRIPTOR());
  lab.connect("b");
  await settled();
  assertEquals(lab.news(), ["shortage: Too many open files", "a waits", "b waits"]);
  assertEquals([lab.upstream.up, lab.upstream.lacksDescriptors, lab.dials.length], [true, true, 0]);
  await lab.clock.advance(50);
  await lab.fail(NO_DESCRIPTOR());
  await lab.clock.advance(50);
  await lab.accept();
  assertEquals(lab.news(), ["a joined"]);
  await lab.accept();
  assertEquals(lab.news(), ["b joined"]);
  assertEquals([lab.upstream.up, lab.upstream.lacksDescriptors], [true, false]);
});

Deno.test("Upstream: one that gives up while something of our own is wanting is not dialled for", async () => {
  const lab = new Lab();
  const giveUp = lab.connect("a");
  await lab.fail(NO_DESCRIPTOR());
  lab.connect("b");
  giveUp();
  await lab.clock.advance(50);
  assertEquals(lab.dials.length, 1);
  await lab.accept();
  assertEquals(lab.news().filter((news) => news.endsWith("joined")), ["b joined"]);
});

Deno.test("Upstream: a refusal behind a want of our own is one: all wait for it to be up", async () => {
  const lab = new Lab();
  lab.connect("a");
  await lab.fail(NO_DESCRIPTOR());
  lab.connect("b");
  await lab.clock.advance(50);
  await lab.refuse();
  assertEquals(lab.news().slice(3), ["down: refused"]);
  assertEquals(lab.upstream.up, false);
  await lab.clock.advance(100);
  await lab.accept();
  await lab.accept();
  assertEquals(lab.news(), ["up", "a joined", "b joined"]);
});

Deno.test("Upstream: who had no connection in time for want of our own is no sign that it is down", async () => {
  const lab = new Lab();
  lab.connect("a");
  await lab.fail(NO_DESCRIPTOR());
  for (let ms = 0; ms < CONNECT_TIMEOUT_MS; ms += 50) {
    await lab.clock.advance(50);
    await lab.fail(NO_DESCRIPTOR());
  }
  assertEquals(lab.news().at(-1), "a nothing");
  assertEquals(lab.upstream.up, true);
});

Deno.test("Upstream: a want of our own that comes and goes is told once, one that comes later anew", async () => {
  const lab = new Lab(0);
  for (let turn = 0; turn < 5; turn++) {
    lab.connect("a");
    await lab.fail(NO_DESCRIPTOR());
    await lab.clock.advance(50);
    await lab.accept();
  }
  const told = () => lab.news().filter((news) => news.startsWith("shortage"));
  assertEquals(told().length, 1);
  await lab.clock.advance(10_000);
  lab.connect("a");
  await lab.fail(NO_DESCRIPTOR());
  assertEquals(told().length, 1);
});

Deno.test("Upstream: dials once at a time for those that wait for something of our own", async () => {
  const lab = new Lab();
  for (let turn = 0; turn < 3; turn++) {
    const giveUp = lab.connect("a");
    await lab.fail(NO_DESCRIPTOR());
    giveUp();
  }
  for (const name of ["b", "c"]) lab.connect(name);
  await lab.fail(NO_DESCRIPTOR());
  await lab.fail(NO_DESCRIPTOR());
  await lab.clock.advance(50);
  assertEquals(lab.dials.length, 1);
});

Deno.test("Upstream: a dial behind a want of our own that nobody answers in time is a sign that it is down", async () => {
  const lab = new Lab();
  lab.connect("a");
  await lab.fail(NO_DESCRIPTOR());
  await lab.clock.advance(50);
  await lab.clock.advance(900);
  lab.connect("b");
  await lab.clock.advance(100);
  assertEquals(lab.news().slice(2), [
    ...["b waits", "a nothing", "down: no answer within the connect timeout"],
  ]);
  await lab.accept();
  assertEquals(lab.closed, 1);
  await lab.clock.advance(100);
  await lab.accept();
  assertEquals(lab.news(), ["up", "b joined"]);
});

for (const [what, error] of [["want of our own", NO_DESCRIPTOR()], ["refusal", new Error("no")]]) {
  Deno.test(`Upstream: one that gives up during the dial behind a ${what} gets what that brings`, async () => {
    const lab = new Lab();
    const giveUp = lab.connect("a");
    await lab.fail(error as Error);
    await lab.clock.advance(100);
    giveUp();
    await settled();
    await lab.accept();
    assertEquals([lab.news().includes("a joined"), lab.closed], [true, 0]);
  });
}

Deno.test("Upstream.look: an upstream that is not there is down after half a second, is told once, and tried again", async () => {
  const lab = new Lab();
  let looks = 0;
  const looked = lab.upstream.look(() => Promise.reject(new Error(`refused ${++looks}`)));
  await settled();
  for (let ms = 0; ms < 400; ms += 100) await lab.clock.advance(100);
  assertEquals([lab.news(), lab.upstream.up], [[], true]);
  await lab.clock.advance(100);
  await looked;
  lab.connect("a");
  await settled();
  assertEquals([lab.news(), lab.upstream.up], [["down: refused 6", "a waits"], false]);
  await lab.clock.advance(100);
  await lab.accept();
  assertEquals(lab.news(), ["up", "a joined"]);
});

Deno.test("Upstream.look: an upstream that comes within half a second is not down", async () => {
  const lab = new Lab();
  let looks = 0;
  const looked = lab.upstream.look(() =>
    ++looks < 3 ? Promise.reject(new Error("refused")) : Promise.resolve()
  );
  await settled();
  await lab.clock.advance(100);
  await lab.clock.advance(100);
  await looked;
  assertEquals([looks, lab.news(), lab.upstream.up], [3, [], true]);
});

Deno.test("Upstream.look: an upstream that does not answer in time is told, and not down", async () => {
  const lab = new Lab();
  await lab.upstream.look(() => Promise.reject(new NoAnswer("no answer")));
  lab.connect("a");
  await lab.accept();
  assertEquals(lab.news(), ["silent: no answer", "a joined"]);
});

Deno.test("Upstream.look: takes no more than 1.5 s, also where connecting may take longer, or for ever", async () => {
  for (const [connectTimeoutMs, expected] of [[0, 1500], [10_000, 1500], [200, 200]] as const) {
    const lab = new Lab(connectTimeoutMs);
    await lab.upstream.look((timeoutMs) => {
      assertEquals(timeoutMs, expected);
      return Promise.resolve();
    });
    assertEquals(lab.news(), []);
  }
});

Deno.test("Upstream.look: a want of our own is no sign that it is down", async () => {
  const lab = new Lab();
  await lab.upstream.look(() => Promise.reject(new LocalShortage("no descriptors", true)));
  lab.connect("a");
  await lab.accept();
  assertEquals(lab.news(), ["a joined"]);
});
