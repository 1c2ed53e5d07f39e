/**
 * The way to a {@linkcode FakeServer}: every message takes its time, and may be lost, or come late
 * over a connection that was given up. Answers come in the order in which calls are carried out, and
 * pushes overtake them.
 *
 * @module
 */

import type {
  CallName,
  Calls,
  Link,
  LinkConnection,
  LinkEvents,
  Push,
} from "../../lib/cluster/link.ts";
import type { FakeServer } from "./fake_server.ts";

/** How messages travel. */
export interface Travel {
  /** Calls `action` after so many milliseconds; 0 is the next turn. */
  after(ms: number, action: () => void): unknown;
  /** The time, in milliseconds. */
  now(): number;
}

/**
 * What becomes of a call: lost on its way, carried out with the answer lost, or sent a second time
 * where the first was of no use, behind whatever was sent meanwhile.
 */
export type CallFault = "lost" | "answer lost" | "sent again" | undefined;
export type PushFault = "lost" | "twice" | undefined;

/** The link of one gate. */
export class FakeLink implements Link {
  readonly server: FakeServer;
  readonly travel: Travel;
  /** How long a message takes. */
  delayMs: () => number = () => 0;
  /** How long a push takes: less, and it overtakes answers. */
  pushDelayMs: () => number = () => 0;
  /** Whether nobody listens: connections cannot be opened. */
  closed = false;
  /** Whether trying again is of no use. */
  fatal = false;
  callFault: (name: CallName, args: unknown) => CallFault = () => undefined;
  pushFault: (push: Push) => PushFault = () => undefined;
  /** All calls that were made, in order. */
  readonly calls: { name: CallName; args: unknown }[] = [];
  opened = 0;
  /** The gates whose pushes were asked for. */
  readonly listens: number[] = [];
  #connections = new Set<FakeConnection>();
  #held: (() => void)[] | undefined;
  #underWay = 0;
  #stranded: FakeConnection[] = [];

  constructor(server: FakeServer, travel: Travel) {
    this.server = server;
    this.travel = travel;
  }

  connect(events: LinkEvents): LinkConnection {
    this.opened++;
    const connection = new FakeConnection(this, events);
    this.#connections.add(connection);
    return connection;
  }

  /** Whether messages are on their way. */
  get busy(): boolean {
    return this.#underWay > 0;
  }

  /** What is sent from now on arrives only after {@linkcode heal}, and no connection is told. */
  partition(): void {
    this.#held ??= [];
  }

  heal(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const arrive of held) arrive();
  }

  /** What the present connections still send, or have sent, arrives only at {@linkcode release}. */
  strand(): void {
    for (const connection of this.#connections) connection.stranded ??= [];
    this.#stranded = [...this.#connections];
  }

  release(): void {
    for (const connection of this.#stranded) {
      for (const arrive of connection.stranded?.splice(0) ?? []) arrive();
      connection.stranded = undefined;
    }
  }

  /** Breaks all connections: both ends are told. */
  break(reason = "the connection was reset"): void {
    for (const connection of [...this.#connections]) connection.break(reason);
  }

  /** @param due When it arrives, in milliseconds. */
  send(connection: FakeConnection, due: number, arrive: () => void): void {
    this.#underWay++;
    this.travel.after(due - this.travel.now(), () => {
      this.#underWay--;
      const held = connection.stranded ?? this.#held;
      if (held === undefined) arrive();
      else held.push(arrive);
    });
  }

  forget(connection: FakeConnection): void {
    this.#connections.delete(connection);
  }
}

class FakeConnection implements LinkConnection {
  /** What arrives no more, until it does. */
  stranded: (() => void)[] | undefined;
  #link: FakeLink;
  #events: LinkEvents;
  #closed = false;
  #fault: CallFault;
  /** The run of the server that it leads to: what it sends reaches no later one. */
  #runId: string | undefined;
  #gate: number | undefined;
  #push = (push: Push) => this.#pushed(push);
  /** When the last call arrives there, the last answer here, and the last push. */
  #callDue = 0;
  #answerDue = 0;
  #pushDue = 0;

  constructor(link: FakeLink, events: LinkEvents) {
    this.#link = link;
    this.#events = events;
    this.#go(() => {
      if (link.closed) this.break("nothing listens");
      else this.#accept();
    });
  }

  call<N extends CallName>(
    name: N,
    args: Calls[N]["args"],
    answered: (reply: Calls[N]["reply"]) => void,
  ): void {
    const link = this.#link;
    link.calls.push({ name, args });
    const fault = this.#fault ?? link.callFault(name, args);
    if (fault === "sent again") {
      return this.#go(() => this.#answer(() => this.#carryOut(name, args, answered)));
    }
    // What is behind a message that is lost on a connection does not arrive either.
    this.#fault = fault;
    if (fault !== "lost") this.#carryOut(name, args, answered);
  }

  listen(gate: number, listening: () => void): void {
    this.#link.listens.push(gate);
    if (this.#fault !== undefined) return;
    this.#go(() => {
      if (this.#closed || this.#runId !== this.#link.server.runId) return;
      this.#gate = gate;
      this.#link.server.listeners.set(gate, this.#push);
      this.#answer(listening);
    });
  }

  close(): void {
    this.#closed = true;
    this.#link.forget(this);
    const { listeners } = this.#link.server;
    // The server sees the end of a connection when nothing keeps that from it.
    this.#go(() => {
      if (this.#gate !== undefined && listeners.get(this.#gate) === this.#push) {
        listeners.delete(this.#gate);
      }
    });
  }

  break(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.#events.lost(reason, this.#link.fatal);
  }

  #carryOut<N extends CallName>(
    name: N,
    args: Calls[N]["args"],
    answered: (reply: Calls[N]["reply"]) => void,
  ): void {
    const { server } = this.#link;
    this.#go(() => {
      if (this.#runId !== server.runId) return;
      const reply = server.call(name, args);
      if (this.#fault === undefined) this.#answer(() => answered(reply));
    });
  }

  #accept(): void {
    const { server: { runId } } = this.#link;
    this.#runId = runId;
    const server = { runId, version: "7.0.15", maxmemoryPolicy: "noeviction" };
    this.#answer(() => this.#events.opened(server));
  }

  #go(arrive: () => void): void {
    const { travel, delayMs } = this.#link;
    this.#callDue = Math.max(this.#callDue, travel.now() + delayMs());
    this.#link.send(this, this.#callDue, arrive);
  }

  #answer(arrive: () => void): void {
    const { travel, delayMs } = this.#link;
    // A push overtakes what was sent before it, and is not overtaken by what was sent behind it.
    this.#answerDue = Math.max(this.#answerDue, this.#pushDue, travel.now() + delayMs());
    this.#link.send(this, this.#answerDue, () => {
      if (!this.#closed) arrive();
    });
  }

  #pushed(push: Push): void {
    const { travel, pushDelayMs, pushFault } = this.#link;
    const fault = pushFault(push);
    if (fault === "lost") return;
    this.#pushDue = Math.max(this.#pushDue, travel.now() + pushDelayMs());
    for (let times = fault === "twice" ? 2 : 1; times > 0; times--) {
      this.#link.send(this, this.#pushDue, () => {
        if (!this.#closed) this.#events.pushed(structuredClone(push));
      });
    }
  }
}
