/**
 * A gate that batches its ops as the shared pool does: what comes while a batch is under way goes into the next.
 *
 * @module
 */

import type { RedisAddress } from "../../lib/cluster/cluster_options.ts";
import { FENCED } from "../../lib/cluster/link.ts";
import type { Calls, LinkConnection, Op, OpResult, Push, Server } from "../../lib/cluster/link.ts";
import { MAX_BATCH } from "../../lib/cluster/outbox.ts";
import { redisLink } from "../../lib/cluster/redis_link.ts";
import type { Limits } from "../../lib/pool/limits.ts";

/** A lease that no benchmark outlasts, in milliseconds. */
const LEASE_MS = 3_600_000;

interface Waiting {
  op: Op;
  done: (result: OpResult) => void;
}

/** The gate. */
export class Batcher {
  #connection: LinkConnection;
  #outbox: Waiting[] = [];
  /** How many of these have been sent. */
  #sent = 0;
  #underWay = false;
  #scheduled = false;
  #batch = 0;
  readonly number: number;
  /** Told of clients that are promoted by others. */
  pushed: (push: Push) => void = () => {};
  /** Told of clients that are promoted by its own ops. */
  promoted: (clients: number[]) => void = () => {};

  private constructor(connection: LinkConnection, number: number) {
    this.#connection = connection;
    this.number = number;
  }

  static async open(server: RedisAddress, pool: string, limits: Limits): Promise<Batcher> {
    const own: { gate?: Batcher } = {};
    let connection!: LinkConnection;
    const { runId } = await new Promise<Server>((opened, failed) => {
      connection = redisLink(server, pool).connect({
        opened,
        pushed: (push) => own.gate?.pushed(push),
        lost: (reason) => {
          failed(new Error(reason));
          if (own.gate !== undefined) throw new Error(reason);
        },
      });
    });
    const attachment = { gate: undefined, name: "bench", runId, limits, anew: false };
    const call = (leaseMs: number) =>
      new Promise<Calls["attach"]["reply"]>((answered) =>
        connection.call("attach", { ...attachment, leaseMs }, answered)
      );
    // A pool that is new lets nobody in for half a lease: it is made by a gate with a short one.
    const first = await call(2);
    if (first.created) {
      await new Promise<unknown>((done) => connection.call("retire", { gate: first.gate }, done));
    }
    const { gate } = await call(LEASE_MS);
    const batcher = own.gate = new Batcher(connection, gate);
    await new Promise<void>((listening) => connection.listen(gate, listening));
    return batcher;
  }

  send(op: Op, done: (result: OpResult) => void): void {
    this.#outbox.push({ op, done });
    this.#schedule();
  }

  join(n: number, done: (result: OpResult) => void): void {
    this.send({ kind: "join", n, uncounted: false }, done);
  }

  leave(n: number, done: (result: OpResult) => void): void {
    this.send({ kind: "leave", n, uncounted: false }, done);
  }

  /** Renews its lease, which has due ones reaped. */
  renew(): Promise<Calls["renew"]["reply"]> {
    return new Promise((done) => this.#connection.call("renew", { gate: this.number }, done));
  }

  close(): void {
    this.#connection.close();
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#outbox.length === 0 || this.#underWay) return;
    const sent = this.#outbox.slice(this.#sent, this.#sent + MAX_BATCH);
    this.#sent += sent.length;
    if (this.#sent === this.#outbox.length) {
      this.#outbox = [];
      this.#sent = 0;
    }
    this.#underWay = true;
    const ops = sent.map(({ op }) => op);
    const answered = this.#batch++;
    const args = { gate: this.number, batch: this.#batch, answered, replay: false, ops };
    this.#connection.call("apply", args, (reply) => {
      if (reply === FENCED) throw new Error("the gate is fenced");
      this.#underWay = false;
      for (const [at, result] of reply.results.entries()) sent[at]!.done(result);
      if (reply.promoted.length > 0) this.promoted(reply.promoted);
      if (this.#outbox.length > 0) this.#schedule();
    });
  }
}
