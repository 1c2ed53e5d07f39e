import { assertEquals, assertMatch } from "@std/assert";
import type { Client } from "../../lib/pool/client.ts";
import type { Limits } from "../../lib/pool/limits.ts";
import type { Pool } from "../../lib/pool/pool.ts";
import type { Request } from "../../lib/protocol/messages.ts";
import { Node } from "../../lib/protocol/node.ts";
import { LatePool } from "../support/late_pool.ts";
import { IN_MEMORY, LATE, type PoolKind, POOLS, quiet } from "../support/pools.ts";
import { Random, SEED, SEEDED } from "../support/random.ts";
import {
  configure,
  connect,
  disconnect,
  request,
  type Sent,
  STATS as stats,
  Way,
} from "../support/way.ts";

const ONE_PLACE: Limits = { maxConnections: 1, backlogSize: 5 };

/** A node, the pool behind it, and a way to it. */
class Lab {
  readonly pool: Pool;
  readonly node: Node;
  readonly way: Way;

  constructor(kind: PoolKind, name?: string, limits = ONE_PLACE) {
    this.pool = kind.make(limits);
    this.node = new Node(this.pool, () => 0, name);
    this.way = new Way(this.node);
  }

  /**
   * Takes requests, each when the one before it has its answer, and returns what came of the last.
   */
  async ask(...requests: Request[]): Promise<Sent[]> {
    let news: Sent[] = [];
    for (const each of requests) {
      this.way.take(each);
      await quiet(this.pool);
      news = this.way.news();
    }
    return news;
  }
}

const typesOf = (messages: Sent[]) => messages.map(({ body }) => body.type);

for (const kind of POOLS) {
  Deno.test(`Node: counts its own messages from 0, errors and announcements included${kind.name}`, async () => {
    const lab = new Lab(kind);
    const refused = request({ type: "refused", code: 12, text: "no" });
    await lab.ask(stats, refused, connect("a"), connect("b", true));
    await lab.ask(disconnect("a"), disconnect("nobody"));
    assertEquals(lab.way.sent.map(({ body }) => body.msg_id), [0, 1, 2, 3, 4, 5, 6]);
  });

  Deno.test(`Node.answer: a promotion is told of right after the reply that caused it, to who asked${kind.name}`, async () => {
    const lab = new Lab(kind, "n1");
    await lab.ask(connect("a"), connect("b", true, "c2"));
    assertEquals(await lab.ask(disconnect("a")), [
      {
        src: "n1",
        dest: "c1",
        body: {
          ...{ type: "pool_disconnect_ok", in_reply_to: 7, promoted: "b" },
          ...{ active: 1, queued: 0, msg_id: 2 },
        },
      },
      {
        src: "n1",
        dest: "c2",
        body: { type: "pool_promoted", client_id: "b", active: 1, queued: 0, msg_id: 3 },
      },
    ]);
  });

  Deno.test(`Node.answer: each promotion that a pool_config caused is told of${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.ask(connect("a"), connect("b", true), connect("c"), connect("d", true, "c4"));
    const [reply, ...announced] = await lab.ask(configure(9, 0));
    assertEquals(reply?.body.type, "pool_config_ok");
    const told = announced.map(({ dest, body }) => `${dest} ${body.type} ${body.client_id}`);
    assertEquals(told.toSorted(), ["c1 pool_promoted b", "c4 pool_promoted d"]);
  });

  Deno.test(`Node.answer: a retry may ask to be told, and cannot take that from who asked first${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.ask(
      connect("a"),
      connect("b"),
      connect("b", true, "first"),
      connect("b", true, "second"),
      connect("b"),
    );
    assertEquals((await lab.ask(disconnect("a"))).map(({ dest }) => dest), ["c1", "first"]);
  });

  Deno.test(`Node.answer: a client that left the queue, or was rejected, is not told of later${kind.name}`, async () => {
    const lab = new Lab(kind, undefined, { maxConnections: 1, backlogSize: 1 });
    await lab.ask(
      connect("a"),
      connect("b", true),
      connect("rejected", true),
      disconnect("b"),
      connect("b"),
    );
    assertEquals((await lab.ask(disconnect("a"))).length, 1);
    await lab.ask(connect("rejected"));
    assertEquals((await lab.ask(disconnect("b"))).length, 1);
  });

  Deno.test(`Node.answer: a connected client that asks to be told is told nothing${kind.name}`, async () => {
    const lab = new Lab(kind);
    assertEquals((await lab.ask(connect("a", true))).length, 1);
    await lab.ask(connect("b"));
    assertEquals((await lab.ask(disconnect("a"))).length, 1);
  });

  Deno.test(`Node.answer: a fault of the pool is error 13, and the next request is answered${kind.name}`, async () => {
    const lab = new Lab(kind);
    lab.pool.connect = () => {
      throw new Error("BUG: on purpose");
    };
    const [reply] = await lab.ask(connect("a"));
    assertEquals([reply?.body.type, reply?.body.in_reply_to, reply?.body.code], ["error", 7, 13]);
    assertMatch(String(reply?.body.text), /BUG: on purpose/);
    assertEquals(String(lab.way.crashes), "Error: BUG: on purpose");
    assertEquals(typesOf(await lab.ask(stats)), ["pool_stats_ok"]);
  });

  Deno.test(`Node.answer: what a request of one way in causes is told by the way that asked for it${kind.name}`, async () => {
    const lab = new Lab(kind, "n1");
    const other = new Way(lab.node);
    await lab.ask(connect("a"));
    other.take(connect("b", true, "c2"));
    await quiet(lab.pool);
    other.news();
    other.late = 0;
    assertEquals(typesOf(await lab.ask(disconnect("a"))), ["pool_disconnect_ok"]);
    assertEquals(other.news().map(({ dest, body }) => [dest, body.type]), [[
      "c2",
      "pool_promoted",
    ]]);
    assertEquals(other.late, 1);
  });

  Deno.test(`Node.changed: a client that nobody of the node lets in is told of too${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.ask(connect("a"), connect("b", true));
    lab.pool.disconnect("a", 0);
    await quiet(lab.pool);
    assertEquals(lab.way.news().map(({ body }) => body), [
      { type: "pool_promoted", client_id: "b", active: 1, queued: 0, msg_id: 2 },
    ]);
  });

  Deno.test(`Node.message: is counted like any other, also where it answers nothing${kind.name}`, async () => {
    const lab = new Lab(kind);
    await lab.ask(connect("a"));
    const body = { type: "init_ok" as const };
    assertEquals(lab.node.message({ src: "peer", dest: "here" }, body), {
      ...{ src: "here", dest: "peer", inReplyTo: undefined, msgId: 1, body },
    });
  });

  Deno.test(`Node.answer: a client that leaves and comes again in one turn is a new one${kind.name}`, async () => {
    const lab = new Lab(kind);
    lab.way.take(connect("a"), connect("b"), disconnect("b"), connect("b"), disconnect("b"));
    await quiet(lab.pool);
    const told = lab.way.news().map(({ body }) => body.status ?? body.type);
    const ok = "pool_disconnect_ok";
    assertEquals(told, ["connected", "queued", ok, "queued", ok]);
    const { active, queued, queuedTotal } = lab.pool.stats();
    assertEquals([active, queued, queuedTotal], [1, 0, 2]);
  });

  Deno.test(`Node.answer: a client of a connection may be asked for, whatever is known of it${kind.name}`, async () => {
    const lab = new Lab(kind);
    const changes: Client[] = [];
    lab.pool.connect("a connection", { changed: (client) => changes.push(client) }, 0);
    const [reply] = await lab.ask(connect("a connection", true));
    assertEquals(reply?.body.status, "connected");
    const [again] = await lab.ask(connect("a connection"));
    assertEquals(again?.body.status, "connected");
  });
}

Deno.test("Node.answer: the name is the one addressed, then its own, then the one init gives", async () => {
  const init = request({ type: "init", nodeId: "n9" });
  const addressed = request({ type: "pool_stats" }, "c1", "addressed");
  const names = async (lab: Lab) => {
    await lab.ask(addressed, init, addressed);
    return lab.way.sent.map(({ src }) => src);
  };
  assertEquals(await names(new Lab(IN_MEMORY)), ["addressed", "n9", "n9"]);
  assertEquals(await names(new Lab(IN_MEMORY, "own")), ["own", "n9", "n9"]);
});

// A pool that answers later promises no order among those it lets in together.
Deno.test("Node.answer: the promotions that a pool_config caused are told of in order of arrival", async () => {
  const lab = new Lab(IN_MEMORY);
  await lab.ask(connect("a"), connect("b", true), connect("c"), connect("d", true, "c4"));
  const messages = await lab.ask(configure(9, 0));
  assertEquals(messages.map(({ dest, body }) => [dest, body.type]), [
    ["c1", "pool_config_ok"],
    ["c1", "pool_promoted"],
    ["c4", "pool_promoted"],
  ]);
});

Deno.test(`Node: whatever order a pool answers in, each request has one reply in its turn, and each client is told once (${SEEDED})`, async () => {
  for (let round = 0; round < 10; round++) {
    const random = new Random(SEED, round);
    const pool = new LatePool({ maxConnections: 2, backlogSize: 4 }, random.below(2 ** 31));
    const way = new Way(new Node(pool, () => 0, "n1"));
    const count = 60;
    const clients: string[] = [];
    for (let id = 0; id < count; id++) {
      const client = `client ${random.below(8)}`;
      const { operation } = random.pick([
        () => connect(client, true),
        () => connect(client, true),
        () => disconnect(client),
        () => configure(random.below(4), random.below(5)),
        () => stats,
      ])();
      way.take({ ...request(operation), msgId: String(id) });
      clients.push(client);
      if (random.next() < 0.3) await quiet(pool);
    }
    await quiet(pool);
    const bodies = way.sent.map(({ body }) => body);
    const replies = bodies.filter(({ in_reply_to }) => in_reply_to !== undefined);
    const inOrder = Array.from({ length: count }, (_, id) => id);
    assertEquals(replies.map(({ in_reply_to }) => in_reply_to), inOrder, `round ${round}`);
    assertEquals(bodies.map(({ msg_id }) => msg_id), bodies.map((_, at) => at));
    let answered = false;
    way.replies.whenAnswered(() => answered = true);
    assertEquals(answered, true);
    assertToldOnce(bodies, clients, `round ${round}`);
    const { active, queued, ...totals } = pool.stats();
    assertEquals(pool.own, { active, queued });
    assertEquals(
      totals.connectedTotal + totals.queuedTotal - totals.disconnectedTotal,
      active + queued,
    );
  }
});

/** A client is told of a promotion only where it was told that it waits, and of each only once. */
function assertToldOnce(bodies: Sent["body"][], clients: string[], round: string): void {
  const waiting = new Set<unknown>();
  for (const { type, status, in_reply_to, client_id } of bodies) {
    const client = clients[Number(in_reply_to)];
    if (type === "pool_promoted") assertEquals(waiting.delete(client_id), true, round);
    else if (status === "queued") waiting.add(client);
    else if (status !== undefined || type === "pool_disconnect_ok") waiting.delete(client);
  }
}

Deno.test("Node.looksBack: is so for what depends on the answers to the requests before", async () => {
  const lab = new Lab(IN_MEMORY);
  const { node } = lab;
  await lab.ask(connect("a"), connect("b", true), connect("c"));
  const back = [stats, connect("a"), disconnect("b"), request({ type: "init", nodeId: "n2" })];
  const alone = [connect("d"), disconnect("a"), disconnect("c"), disconnect("d"), configure(1, 1)];
  assertEquals(back.map((each) => node.looksBack(each)), back.map(() => true));
  assertEquals(alone.map((each) => node.looksBack(each)), alone.map(() => false));
});

// Where answers come in another order, it is not known yet what the connect came to.
for (const kind of POOLS.filter((kind) => kind !== LATE)) {
  Deno.test(`Node.answer: a disconnect of one that was not let in is error 20, also in one turn with its connect${kind.name}`, async () => {
    const lab = new Lab(kind, undefined, { maxConnections: 1, backlogSize: 0 });
    await lab.ask(connect("a"));
    lab.way.take(connect("b"), disconnect("b"));
    await quiet(lab.pool);
    const [rejected, gone] = lab.way.news();
    assertEquals([rejected?.body.status, gone?.body.code], ["rejected", 20]);
  });
}
