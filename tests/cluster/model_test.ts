/**
 * Several gates of one pool, what clients do and what goes wrong decided by a seed. After each step,
 * and when all is well again, what has to be so is so.
 */

import { assertEquals } from "@std/assert";
import type { CallName } from "../../lib/cluster/link.ts";
import type { Member } from "../../lib/cluster/member.ts";
import type { WhenLost } from "../../lib/pool/pool.ts";
import { type Client, isInPool } from "../../lib/pool/client.ts";
import { Random, SEED, SEEDED } from "../support/random.ts";
import { type LabGate, LEASE_MS, SharedLab } from "../support/shared_lab.ts";

const ROUNDS = 4;
const STEPS = 600;
const PLACES = 3;
const GATES = ["a", "b", "c"];

/** What may go wrong. */
interface Faults {
  lost: WhenLost;
  /** How many may wait: few, where some are to be rejected. */
  backlog: number;
  /** Networks that are cut, and processes that are stopped, for up to two leases. */
  outages: boolean;
  /** Whether the server loses what it was told. */
  losses: boolean;
  /** Limits and pauses change. */
  operators: boolean;
}

/** One gate, its clients, and what is wrong with it at the moment. */
interface Site {
  gate: LabGate;
  clients: Set<Client>;
  /** What the holder of each has been told last. */
  told: Map<Client, string>;
  outage: "partition" | "stop" | undefined;
  outageUntil: number;
  /** Until when none of its messages are lost. */
  calmUntil: number;
}

class World {
  readonly lab = new SharedLab();
  readonly sites: Site[];
  readonly log: string[] = [];
  #faults: Faults;
  #random: Random;
  #calmUntil = 0;
  #next = 0;
  #lossy = true;

  constructor(faults: Faults, random: Random) {
    this.#faults = faults;
    this.#random = random;
    this.lab.server.graceful = true;
    this.lab.server.remembers = faults.losses;
    this.sites = GATES.map((name) => this.#newSite(name));
    this.lab.clock.advance(LEASE_MS);
  }

  get now(): number {
    return this.lab.clock.now();
  }

  step(): void {
    const random = this.#random;
    for (const site of this.sites) {
      if (site.outage !== undefined && this.now >= site.outageUntil) this.endOutage(site);
    }
    const site = random.pick(this.sites);
    const kind = random.below(100);
    if (kind < 45) this.#connect(site);
    else if (kind < 85) this.#leave(site);
    else if (kind < 90) this.#disconnect(site);
    else this.#goWrong(site);
    this.lab.clock.advance(random.pick([0, 1, 3, 10, 10, 50, 200, 1000]));
  }

  /** All is well from now on. */
  mend(): void {
    this.#lossy = false;
    for (const site of this.sites) this.endOutage(site);
    // What operators have asked for at a gate that was cut off is carried out by then.
    this.lab.clock.advance(2 * LEASE_MS);
    const [{ gate: { pool } }] = this.sites as [Site];
    for (const { gate } of this.sites) {
      gate.pool.resume("upstream_down", 0);
    }
    pool.resume("paused", 0);
    pool.configure({ maxConnections: PLACES, backlogSize: this.#faults.backlog }, 0);
    this.lab.clock.advance(4 * LEASE_MS);
  }

  everyoneLeaves(): void {
    for (const { gate, clients } of this.sites) {
      for (const client of clients) {
        if (isInPool(client)) gate.leave(client);
      }
    }
    this.lab.clock.advance(LEASE_MS);
  }

  endOutage(site: Site): void {
    if (site.outage === "partition") site.gate.link.heal();
    if (site.outage === "stop") site.gate.clock.goOn();
    site.outage = undefined;
    site.calmUntil = this.now + LEASE_MS;
  }

  #newSite(name: string): Site {
    const random = this.#random;
    const { lost, backlog: backlogSize } = this.#faults;
    const limits = { maxConnections: PLACES, backlogSize };
    const gate = this.lab.gate(name, { lost, limits, random: () => random.next() });
    const site: Site = {
      ...{ gate, clients: new Set(), told: new Map(), outage: undefined },
      ...{ outageUntil: 0, calmUntil: 0 },
    };
    const { link } = gate;
    link.delayMs = () => random.below(20);
    link.pushDelayMs = () => random.below(5);
    link.callFault = (called) => this.#callFault(site, called);
    link.pushFault = () => {
      if (!this.#lossy || random.below(100) >= 10) return undefined;
      return random.pick(["lost", "twice"] as const);
    };
    return site;
  }

  #callFault(site: Site, name: CallName) {
    // The server has forgotten the script of batches.
    if (this.#lossy && name === "apply" && this.#random.below(100) < 10) return "sent again";
    if (!this.#lossy || this.now < site.calmUntil || this.#random.below(100) >= 3) return undefined;
    site.calmUntil = this.now + LEASE_MS;
    const fault = this.#random.pick(["lost", "answer lost"] as const);
    this.#note(`${site.gate.pool.describe().cluster?.name}: ${name} ${fault}`);
    return fault;
  }

  #note(text: string): void {
    this.log.push(`${this.now} ${text}`);
  }

  #isRunning(site: Site): boolean {
    return site.outage !== "stop";
  }

  #connect(site: Site): void {
    if (!this.#isRunning(site)) return;
    const client = site.gate.connect(`${++this.#next}`, {
      changed: (client) => site.told.set(client, client.state),
    });
    site.told.set(client, client.state);
    site.clients.add(client);
    this.#note(`${site.gate.pool.describe().cluster?.name}: connect ${client.id}`);
  }

  #someone(site: Site): Client | undefined {
    const present = [...site.clients].filter(isInPool);
    return present.length === 0 ? undefined : this.#random.pick(present);
  }

  #leave(site: Site): void {
    const client = this.#someone(site);
    if (client === undefined || !this.#isRunning(site)) return;
    this.#note(`leave ${client.id}, which is ${client.state}`);
    site.gate.leave(client);
    site.told.set(client, client.state);
  }

  #disconnect(site: Site): void {
    const client = this.#someone(site);
    if (client === undefined || !this.#isRunning(site)) return;
    this.#note(`disconnect ${client.id}, which is ${client.state}`);
    site.gate.pool.disconnect(client.id, this.now);
  }

  #goWrong(site: Site): void {
    const { outages, losses, operators } = this.#faults;
    const random = this.#random;
    const kinds = [
      () => this.#break(site),
      () => this.#restart(),
      ...(outages ? [() => this.#beginOutage(site)] : []),
      ...(losses ? [() => this.#lose()] : []),
      ...(operators ? [() => this.#operate(site)] : []),
    ];
    random.pick(kinds)();
  }

  #break(site: Site): void {
    if (this.now < site.calmUntil || site.outage !== undefined) return;
    this.#note(`${site.gate.pool.describe().cluster?.name}: break`);
    site.gate.link.break();
  }

  #restart(): void {
    if (this.#busy()) return;
    this.#calm("restart");
    this.lab.server.restart();
    for (const { gate } of this.sites) gate.link.break();
  }

  #lose(): void {
    if (this.#busy()) return;
    const { server } = this.lab;
    if (this.#random.below(2) === 0) {
      this.#calm("forget all");
      return server.forgetAll();
    }
    const count = this.#random.below(12);
    this.#calm(`forget the last ${count} calls`);
    server.forgetCalls(count);
    for (const { gate } of this.sites) gate.link.break();
  }

  /** N holds over a loss where all gates come back within half a lease. */
  #busy(): boolean {
    if (this.#faults.operators) return this.sites.some(({ outage }) => outage !== undefined);
    return this.now < this.#calmUntil ||
      this.sites.some(({ gate: { pool }, outage, calmUntil }) => {
        const { leaseValid, heldMs } = pool.describe().cluster!;
        return outage !== undefined || !leaseValid || heldMs > 0 || this.now < calmUntil;
      });
  }

  #calm(what: string): void {
    this.#note(what);
    this.#calmUntil = this.now + LEASE_MS;
    for (const site of this.sites) site.calmUntil = this.#calmUntil;
  }

  #beginOutage(site: Site): void {
    if (site.outage !== undefined || this.now < this.#calmUntil) return;
    const ms = this.#random.below(2 * LEASE_MS);
    site.outage = this.#random.pick(["partition", "stop"] as const);
    site.outageUntil = this.now + ms;
    this.#note(`${site.gate.pool.describe().cluster?.name}: ${site.outage} for ${ms}`);
    if (site.outage === "partition") site.gate.link.partition();
    else site.gate.clock.stop();
  }

  #operate({ gate: { pool } }: Site): void {
    const random = this.#random;
    random.pick([
      () => pool.configure({ maxConnections: random.below(6) }, 0),
      () => pool.configure({ backlogSize: random.below(8) }, 0),
      () => pool.pause("paused"),
      () => pool.resume("paused", 0),
      () => pool.pause("upstream_down"),
      () => pool.resume("upstream_down", 0),
    ])();
  }
}

/** Never more than N have a place, at gates that run. */
function assertWithinLimit({ sites }: World): void {
  const held = sites.filter(({ outage }) => outage !== "stop")
    .map(({ gate: { pool } }) => pool.own.active);
  const sum = held.reduce((sum, count) => sum + count, 0);
  assertEquals(sum <= PLACES, true, `${held.join(" + ")} clients have one of ${PLACES} places`);
}

/** Those of one gate that wait do so in the order in which they came. */
function assertOrder({ lab }: World): void {
  for (const name of GATES) {
    const own = lab.server.queue.filter((of) => of.name === name).map(({ n }) => n);
    assertEquals(own, own.toSorted((a, b) => a - b), `the queue of ${name}`);
  }
}

/** When all is well, each gate and the server have the same clients, and no place is left free. */
function assertAgreement({ lab: { server }, sites }: World): void {
  for (const { gate: { pool }, clients, told } of sites) {
    const { name, leaseValid } = pool.describe().cluster!;
    assertEquals(leaseValid, true, `the lease of ${name}`);
    const numbers = (state: "connected" | "queued") =>
      [...pool.clients(state)].map((client) => (client as Member).n).toSorted((a, b) => a - b);
    const { held, waiting } = server.contents[name]!;
    assertEquals(numbers("connected"), held, `places at ${name}`);
    assertEquals(numbers("queued"), waiting.toSorted((a, b) => a - b), `waiting at ${name}`);
    const present = [...clients].filter(isInPool);
    assertEquals(present.length, held.length + waiting.length, `all clients of ${name}`);
    for (const client of clients) {
      assertEquals(told.get(client), client.state, `what ${client.id} of ${name} was told`);
    }
    const { active, queued } = pool.stats();
    assertEquals([active, queued], [server.active, server.queued], `the counts at ${name}`);
  }
  const { active, queued, limits } = server;
  const counts = `${active} of ${limits.maxConnections} places are taken while ${queued} wait`;
  if (queued > 0) assertEquals(active >= PLACES, true, counts);
}

function play(name: string, faults: Faults, check: (world: World) => void): void {
  Deno.test(`SharedPool: ${name} (${SEEDED})`, () => {
    for (let round = 0; round < ROUNDS; round++) {
      const world = new World(faults, new Random(SEED, round));
      try {
        for (let step = 0; step < STEPS; step++) {
          world.step();
          check(world);
        }
        world.mend();
        check(world);
        assertAgreement(world);
        world.everyoneLeaves();
        const nothing = { held: [], waiting: [] };
        assertEquals(world.lab.server.contents, { a: nothing, b: nothing, c: nothing });
      } catch (error) {
        const notes = world.sites.map(({ gate }) => gate.notes.slice(-5).join("\n")).join("\n\n");
        throw new Error(`round ${round}: ${world.log.slice(-40).join("\n")}\n${notes}`, {
          cause: error,
        });
      }
    }
  });
}

const NOTHING: Faults = {
  ...{ lost: "hold", backlog: 6 },
  ...{ outages: false, losses: false, operators: false },
};

// One that is rejected, and whose answer is lost, asks again behind those that came after it.
const NO_REJECTIONS = { ...NOTHING, backlog: 1000 };

play(
  "while messages are lost and connections break, N holds, and the order",
  NO_REJECTIONS,
  (world) => {
    assertWithinLimit(world);
    assertOrder(world);
    for (const { gate: { pool } } of world.sites) {
      const { resyncs, leaseLostTotal } = pool.describe().cluster!;
      assertEquals([resyncs, leaseLostTotal], [{ fenced: 0, empty: 0, behind: 0 }, 0]);
    }
  },
);

play(
  "on cut, N holds over partitions and stops of any length",
  { ...NOTHING, lost: "cut", outages: true },
  assertWithinLimit,
);

play(
  "where the server loses all, or the last calls, N holds",
  { ...NOTHING, losses: true },
  assertWithinLimit,
);

play(
  "whatever goes wrong, nobody is forgotten and no place is lost",
  { ...NOTHING, outages: true, losses: true, operators: true },
  () => {},
);
