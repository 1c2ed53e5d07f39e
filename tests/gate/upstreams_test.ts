import { assert, assertEquals } from "@std/assert";
import type { UpstreamOrder } from "../../lib/gate/gate_options.ts";
import { type Attempt, type Candidate, choose, Upstreams } from "../../lib/gate/upstreams.ts";
import { LocalShortage, type Socket } from "../../lib/io/socket.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { Random, SEED, SEEDED } from "../support/random.ts";

const CONNECT_TIMEOUT_MS = 1000;

function candidates(...connections: (number | "held")[]): Candidate[] {
  return connections.map((count) =>
    count === "held" ? { held: true, connections: 0 } : { held: false, connections: count }
  );
}

for (
  const [order, turn, connections, chosen] of [
    ["least", 0, [2, 1, 3], 1],
    ["least", 0, [1, 1, 1], 0],
    ["least", 1, [1, 1, 1], 1],
    ["least", 2, [1, 1, 2], 0],
    ["least", 3, [1, 1, 1], 0],
    ["least", 0, ["held", 5, 4], 2],
    ["least", 0, ["held", "held"], undefined],
    ["first", 1, [9, 0, 0], 0],
    ["first", 0, ["held", 7, 0], 1],
    ["first", 0, ["held", "held"], undefined],
    ["least", 0, [], undefined],
  ] as const
) {
  Deno.test(`choose: of [${connections}], by ${order}, from ${turn} on: ${chosen}`, () => {
    assertEquals(choose(candidates(...connections), order, turn), chosen);
  });
}

/** One dial that waits for its answer. */
interface Dialled extends PromiseWithResolvers<Socket> {
  at: string;
}

/** Upstreams a, b, ... whose every answer the test gives. */
class Lab {
  clock = new FakeClock();
  log: string[] = [];
  dials: Dialled[] = [];
  attempts = new Map<string, Attempt>();
  /** How many have a place. */
  clients = 0;
  /** How many connections of each upstream have been closed. */
  closed: Record<string, number> = {};
  upstreams: Upstreams;
  #told = 0;

  constructor(
    count: number,
    { order = "least" as UpstreamOrder, maxConnections = 100, checked = false } = {},
  ) {
    const names = Array.from({ length: count }, (_, at) => String.fromCharCode(97 + at));
    this.upstreams = new Upstreams({
      clock: this.clock,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      order,
      places: () => ({ active: this.clients, maxConnections }),
      onHold: () => this.log.push("hold"),
      onRelease: () => this.log.push("release"),
      members: names.map((at) => ({
        address: at,
        checked,
        dial: () => {
          const dial = { ...Promise.withResolvers<Socket>(), at };
          this.dials.push(dial);
          return dial.promise;
        },
        onDown: (reason) => this.log.push(`${at} down: ${reason}`),
        onUp: () => this.log.push(`${at} up`),
        onSilent: (reason) => this.log.push(`${at} silent: ${reason}`),
        onShortage: (reason) => this.log.push(`${at} shortage: ${reason}`),
      })),
    });
  }

  /** One who has a place wants a connection. */
  connect(...names: string[]): void {
    for (const name of names) {
      this.clients++;
      const attempt = this.upstreams.connect(() => this.log.push(`${name} waits`));
      this.attempts.set(name, attempt);
      this.#tell(name, attempt, attempt.socket);
    }
  }

  /** The upstream of one ends its connection, and it wants another one. */
  again(...names: string[]): void {
    for (const name of names) {
      const attempt = this.attempts.get(name)!;
      this.#tell(name, attempt, attempt.again());
    }
  }

  async #tell(name: string, attempt: Attempt, coming: Promise<Socket | undefined>): Promise<void> {
    const what = await coming === undefined ? "nothing" : `joined to ${attempt.upstream?.address}`;
    this.log.push(`${name} ${what}`);
  }

  /** The connection of one ends, and it gives its place back a moment later. */
  async leave(name: string): Promise<void> {
    this.attempts.get(name)?.end();
    await Promise.resolve();
    this.clients--;
    await settled();
  }

  /** The next dial at one is answered. */
  async accept(at: string): Promise<void> {
    this.#next(at).resolve({
      read: () => null,
      write: () => 0,
      closeWrite: () => Promise.resolve(),
      close: () => this.closed[at] = (this.closed[at] ?? 0) + 1,
    });
    await settled();
  }

  async refuse(at: string, error = new Error("refused")): Promise<void> {
    this.#next(at).reject(error);
    await settled();
  }

  #next(at: string): Dialled {
    const index = this.dials.findIndex((dial) => dial.at === at);
    const [dial] = index === -1 ? [] : this.dials.splice(index, 1);
    if (dial === undefined) throw new Error(`nobody dials ${at}`);
    return dial;
  }

  /** Where dials wait for an answer, in order. */
  get dialled(): string {
    return this.dials.map(({ at }) => at).join("");
  }

  /** How many connections each has. */
  get connections(): number[] {
    return this.upstreams.all.map(({ connections }) => connections);
  }

  news(): string[] {
    const news = this.log.slice(this.#told);
    this.#told = this.log.length;
    return news;
  }
}

Deno.test("Upstreams.connect: goes to the one with the fewest, those equal in turn, and ended ones are free", async () => {
  const lab = new Lab(3);
  lab.connect("1", "2", "3", "4");
  assertEquals(lab.dialled, "abca");
  for (const at of "abca") await lab.accept(at);
  assertEquals(lab.connections, [2, 1, 1]);
  await lab.leave("2");
  assertEquals(lab.connections, [2, 0, 1]);
  lab.connect("5");
  assertEquals(lab.dialled, "b");
});

Deno.test("Upstreams.connect: a connection counts until it has ended, and once", async () => {
  const lab = new Lab(2);
  lab.connect("1");
  await lab.accept("a");
  assertEquals(lab.connections, [1, 0]);
  lab.attempts.get("1")?.end();
  lab.attempts.get("1")?.end();
  assertEquals(lab.connections, [0, 0]);
});

Deno.test("Upstreams.connect: with first, the others stand by, and are left again for the one that is back", async () => {
  const lab = new Lab(2, { order: "first" });
  lab.connect("1", "2");
  assertEquals(lab.dialled, "aa");
  await lab.accept("a");
  await lab.refuse("a");
  assertEquals([lab.dialled, lab.news()], ["b", ["1 joined to a", "a down: refused"]]);
  await lab.accept("b");
  await lab.clock.advance(100);
  await lab.accept("a");
  assertEquals(lab.news(), ["2 joined to b", "a up"]);
  lab.connect("3");
  assertEquals([lab.dialled, lab.connections], ["a", [2, 1]]);
});

Deno.test("Upstreams.connect: who is refused at one goes to another one at once, and nobody is held", async () => {
  const lab = new Lab(2);
  lab.connect("1", "2", "3");
  await lab.refuse("a");
  await lab.refuse("a");
  assertEquals(lab.dialled, "bbb");
  assertEquals([lab.news(), lab.connections], [["a down: refused"], [0, 3]]);
  lab.connect("4");
  assertEquals(lab.dialled, "bbbb");
  assertEquals([lab.upstreams.up, lab.upstreams.held], [true, false]);
});

Deno.test("Upstreams.connect: all down is a hold, and the first that is back ends it, for all who wait", async () => {
  const lab = new Lab(2);
  lab.connect("1", "2");
  await lab.refuse("a");
  await lab.refuse("b");
  await lab.refuse("b");
  const down = ["a down: refused", "hold", "b down: refused"];
  assertEquals(lab.news(), [...down, "2 waits", "1 waits"]);
  assertEquals([lab.connections, lab.upstreams.up, lab.upstreams.held], [[0, 0], false, true]);
  await lab.clock.advance(100);
  assertEquals(lab.dialled, "ab", "each is tried again, each for another one");
  await lab.accept("b");
  assertEquals(lab.news(), ["b up", "release", "1 joined to b"]);
  assertEquals(lab.dialled, "ab");
  await lab.accept("b");
  assertEquals(lab.news(), ["2 joined to b"]);
  await lab.accept("a");
  assertEquals([lab.news(), lab.closed], [["a up"], { a: 1 }]);
});

Deno.test("Upstreams.connect: one of several that does not answer is down after half of the time, and its clients go on", async () => {
  const lab = new Lab(2);
  lab.connect("1");
  await lab.clock.advance(CONNECT_TIMEOUT_MS / 2 - 1);
  assertEquals([lab.dialled, lab.news()], ["a", ["1 waits"]]);
  await lab.clock.advance(1);
  assertEquals(lab.news(), ["a down: no answer within the connect timeout"]);
  assertEquals([lab.dialled, lab.connections], ["ab", [0, 1]]);
  await lab.accept("b");
  assertEquals(lab.news(), ["1 joined to b"]);
  await lab.accept("a");
  assertEquals([lab.news(), lab.closed, lab.connections], [["a up"], { a: 1 }, [0, 1]]);
});

Deno.test("Upstreams.connect: has the whole time where there is no other to go to, and then nothing", async () => {
  const lab = new Lab(2);
  lab.connect("1", "2");
  await lab.refuse("b");
  assertEquals([lab.dialled, lab.news()], ["aa", ["b down: refused"]]);
  await lab.clock.advance(100);
  await lab.refuse("b");
  lab.news();
  for (let ms = 100; ms < CONNECT_TIMEOUT_MS - 1; ms++) {
    await lab.clock.advance(1);
    if (lab.dialled.includes("b")) await lab.refuse("b");
  }
  assertEquals(lab.news(), ["1 waits", "2 waits"]);
  await lab.clock.advance(1);
  assertEquals(lab.news().sort(), [
    ...["1 nothing", "2 nothing", "a down: no answer within the connect timeout", "hold"],
  ]);
  assertEquals(lab.connections, [0, 0]);
});

Deno.test("Upstreams.connect: who gives up during a dial gets what that brings, and goes nowhere else", async () => {
  const lab = new Lab(2);
  lab.connect("1", "2");
  for (const name of ["1", "2"]) lab.attempts.get(name)?.giveUp();
  await lab.refuse("a");
  await lab.accept("b");
  assertEquals([lab.dialled, lab.news()], ["", ["1 nothing", "2 joined to b"]]);
});

Deno.test("Upstreams.connect: a want of our own at one is no news of it, and those who wait for it go on when it is down", async () => {
  const lab = new Lab(2);
  lab.connect("1");
  await lab.refuse("a", new LocalShortage("no ports", false));
  assertEquals(lab.news(), ["a shortage: no ports", "1 waits"]);
  await lab.clock.advance(50);
  await lab.refuse("a");
  assertEquals([lab.dialled, lab.news()], ["b", ["a down: refused"]]);
});

Deno.test("Upstreams: one of several that are checked and held takes nobody, and what comes late goes on elsewhere", async () => {
  const lab = new Lab(2, { checked: true });
  lab.connect("1");
  lab.upstreams.all[0]?.hold();
  lab.connect("2");
  await lab.accept("a");
  assertEquals([lab.dialled, lab.closed, lab.news()], ["bb", { a: 1 }, []]);
  lab.upstreams.all[1]?.hold();
  assertEquals(lab.news(), ["hold"]);
  lab.upstreams.all[0]?.rise();
  assertEquals(lab.news(), ["release"]);
});

Deno.test("Upstreams: one that is down is looked at in the room of a connection that has ended, and who comes then waits for that", async () => {
  const lab = new Lab(2, { maxConnections: 2 });
  lab.connect("1", "2");
  await lab.refuse("a");
  for (const at of "bb") await lab.accept(at);
  lab.news();
  await lab.clock.advance(1000);
  assertEquals(lab.dialled, "", "both have their connections");
  const left = lab.leave("1");
  assertEquals(lab.dialled, "a");
  await left;
  lab.connect("3");
  await settled();
  assertEquals([lab.dialled, lab.news()], ["a", ["3 waits"]]);
  await lab.refuse("a");
  assertEquals(lab.dialled, "b");
  await lab.accept("b");
  assertEquals(lab.news(), ["3 joined to b"]);
});

Deno.test("Upstreams: who waits for a look to end has the room of the next connection that ends", async () => {
  const lab = new Lab(2, { maxConnections: 2 });
  lab.connect("1", "2");
  await lab.refuse("a");
  for (const at of "bb") await lab.accept(at);
  await lab.clock.advance(100);
  await lab.leave("1");
  lab.connect("3");
  await lab.leave("2");
  assertEquals(lab.dialled, "ab");
  await lab.accept("b");
  lab.connect("4");
  assertEquals(lab.dialled, "a");
  await lab.accept("a");
  assertEquals([lab.dialled, lab.connections], ["b", [0, 2]], "it goes when the look is over");
});

/** A lab whose upstreams are checked, with clients 1, 2, ... that have their connections. */
async function joined(upstreams: number, clients: number, maxConnections = 100): Promise<Lab> {
  const lab = new Lab(upstreams, { checked: true, maxConnections });
  for (let client = 1; client <= clients; client++) {
    lab.connect(`${client}`);
    await lab.accept(lab.dialled);
  }
  lab.news();
  return lab;
}

Deno.test("Upstreams: who has lost a connection has another one when the upstream is down and up again", async () => {
  const lab = await joined(1, 1);
  const { upstreams: { all: [upstream] } } = lab;
  upstream?.hold();
  lab.again("1");
  await settled();
  assertEquals([lab.dialled, lab.connections, lab.news()], ["", [0], ["hold"]]);
  upstream?.fall("it stops");
  assertEquals(lab.dialled, "");
  upstream?.rise();
  assertEquals([lab.dialled, lab.connections], ["a", [1]]);
  await lab.accept("a");
  assertEquals(lab.news(), ["a down: it stops", "a up", "release", "1 joined to a"]);
  await lab.leave("1");
  assertEquals(lab.connections, [0]);
});

Deno.test("Upstreams: who has lost a connection has another one elsewhere as soon as the upstream is down", async () => {
  const lab = await joined(2, 1);
  const [a] = lab.upstreams.all;
  a?.hold();
  lab.again("1");
  assertEquals(lab.dialled, "", "whether it is down is not known");
  a?.fall("it stops");
  assertEquals([lab.dialled, lab.connections], ["b", [0, 1]]);
  lab.connect("2");
  a?.fall("it stops");
  await lab.accept("b");
  lab.again("1");
  assertEquals([lab.connections, lab.news()], [[0, 1], ["a down: it stops", "1 joined to b"]]);
});

Deno.test("Upstreams: who has lost a connection has no other where the upstream is up, or none is in time", async () => {
  const up = await joined(2, 2);
  up.again("1");
  up.upstreams.all[1]?.hold();
  up.again("2");
  await settled();
  assertEquals(up.news(), ["1 nothing"]);
  up.upstreams.all[1]?.rise();
  await settled();
  assertEquals([up.dialled, up.connections, up.news()], ["", [0, 0], ["2 nothing"]]);

  const late = await joined(1, 1);
  late.upstreams.all[0]?.hold();
  late.again("1");
  await late.clock.advance(CONNECT_TIMEOUT_MS);
  assertEquals(late.news(), ["hold", "1 nothing"]);
});

Deno.test("Upstreams: who has lost a connection, and gives up, has none", async () => {
  const lab = await joined(1, 2);
  const [a] = lab.upstreams.all;
  a?.hold();
  lab.again("1", "2");
  lab.attempts.get("1")?.giveUp();
  a?.fall("it stops");
  a?.rise();
  assertEquals(lab.dialled, "a", "of 2");
  lab.attempts.get("2")?.giveUp();
  await lab.accept("a");
  const news = ["hold", "a down: it stops", "a up", "release", "1 nothing", "2 joined to a"];
  assertEquals(lab.news(), news, "it gets what its dial brings");
});

Deno.test("Upstreams: the room of a connection that was lost is for one look, and for no other connection meanwhile", async () => {
  const lab = await joined(2, 2, 2);
  const [a] = lab.upstreams.all;
  let looks = 0;
  const look = () => {
    if (lab.upstreams.looks.begin(look)) looks++;
  };
  a?.hold();
  look();
  look();
  assertEquals(looks, 0);
  lab.again("1");
  assertEquals(looks, 1);
  look();
  assertEquals(looks, 1);
  lab.upstreams.looks.end();
  look();
  assertEquals(looks, 2);
  a?.fall("it stops");
  assertEquals(lab.dialled, "", "there is no room before the look is over");
  lab.upstreams.looks.end();
  assertEquals(lab.dialled, "b");
});

/** Three upstreams that are checked, N places, and whatever may happen to them, by chance. */
class Chance {
  readonly lab: Lab;
  #random: Random;
  #maxConnections: number;
  #clients: string[] = [];
  /** How many connections each has wished for. */
  #wishes = new Map<string, number>();
  #looking = new Set<number>();
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#maxConnections = 1 + random.below(4);
    const order = random.below(2) === 0 ? "least" : "first";
    this.lab = new Lab(3, { checked: true, order, maxConnections: this.#maxConnections });
  }

  async step(): Promise<void> {
    const { lab } = this;
    const at = this.#random.below(3);
    const upstream = lab.upstreams.all[at]!;
    const dial = lab.dials[this.#random.below(lab.dials.length || 1)];
    const steps = [
      () => this.#come(),
      () => this.#come(),
      () => this.#goAway(),
      () => this.#lose(),
      () => dial && lab.accept(dial.at),
      () => dial && lab.accept(dial.at),
      () => dial && lab.refuse(dial.at),
      () => upstream.hold(),
      () => upstream.fall("fell"),
      () => this.#look(at),
      () => this.#look(at),
      () => this.#endLook(at, this.#random.below(3) > 0),
      () => lab.clock.advance(this.#random.below(400)),
    ];
    await steps[this.#random.below(steps.length)]!();
    await settled();
    this.check();
  }

  check(): void {
    const { connections } = this.lab;
    const sum = connections.reduce((sum, count) => sum + count, 0);
    const all = `${connections} and ${this.#looking.size} looks at ${this.#maxConnections} places`;
    assert(connections.every((count) => count >= 0), all);
    assert(sum + this.#looking.size <= this.#maxConnections, all);
  }

  /** All come to rest: whoever has a place has a connection then, or has had none in time. */
  async rest(): Promise<void> {
    const { lab } = this;
    for (const at of [...this.#looking]) this.#endLook(at, true);
    for (const upstream of lab.upstreams.all) upstream.rise();
    await settled();
    while (lab.dials[0] !== undefined) await lab.accept(lab.dials[0].at);
    const sum = lab.connections.reduce((sum, count) => sum + count, 0);
    for (const name of this.#wishes.keys()) assert(this.#outcome(name) !== undefined, name);
    assertEquals(sum, this.#clients.filter((name) => this.#outcome(name) === "joined").length);
  }

  #come(): void {
    if (this.lab.upstreams.held || this.lab.clients === this.#maxConnections) return;
    const name = `client ${++this.#count}`;
    this.#clients.push(name);
    this.#wishes.set(name, 1);
    this.lab.connect(name);
  }

  /** What has come of the last wish of one; `undefined` where that is not known. */
  #outcome(name: string): string | undefined {
    const outcomes = this.lab.log.filter((news) =>
      news.startsWith(`${name} joined`) || news === `${name} nothing`
    );
    return outcomes.at(this.#wishes.get(name)! - 1)?.slice(name.length + 1).split(" ")[0];
  }

  /** The upstream of one who has a connection ends that, and it wants another one. */
  #lose(): void {
    const name = this.#clients[this.#random.below(this.#clients.length || 1)];
    if (name === undefined || this.#outcome(name) !== "joined") return;
    this.#wishes.set(name, this.#wishes.get(name)! + 1);
    this.lab.again(name);
  }

  /** One who has a connection, or has had none in time, goes; another one gives up. */
  async #goAway(): Promise<void> {
    const [name] = this.#clients.splice(this.#random.below(this.#clients.length), 1);
    if (name === undefined) return;
    const attempt = this.lab.attempts.get(name)!;
    if (this.#outcome(name) !== undefined) return await this.lab.leave(name);
    attempt.giveUp();
    this.#clients.push(name);
  }

  #look(at: number): void {
    const upstream = this.lab.upstreams.all[at]!;
    if (!upstream.held || this.#looking.has(at)) return;
    if (this.lab.upstreams.looks.begin(() => this.#look(at))) this.#looking.add(at);
  }

  #endLook(at: number, healthy: boolean): void {
    if (!this.#looking.delete(at)) return;
    this.lab.upstreams.looks.end();
    if (healthy) this.lab.upstreams.all[at]!.rise();
    else this.lab.upstreams.all[at]!.fall("still down");
  }
}

const RUNS = 300;
const STEPS = 60;

Deno.test(`Upstreams: never more connections and looks than places, and none is lost (${SEEDED})`, async () => {
  for (let run = 0; run < RUNS; run++) {
    const chance = new Chance(new Random(SEED, run));
    for (let step = 0; step < STEPS; step++) await chance.step();
    await chance.rest();
  }
});
