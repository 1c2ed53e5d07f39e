/**
 * The workloads, written to files so that every program reads the same bytes.
 *
 * @module
 */

const CHUNK_LINES = 5_000;

/** Writes a workload's lines to a file. */
async function write(path: string, lines: Iterable<string>): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  const encoder = new TextEncoder();
  let chunk: string[] = [];
  for (const line of lines) {
    chunk.push(line);
    if (chunk.length < CHUNK_LINES) continue;
    await writer.write(encoder.encode(chunk.join("")));
    chunk = [];
  }
  await writer.write(encoder.encode(chunk.join("")));
  writer.releaseLock();
}

/** A generator of numbers from 0 to 1, the same for the same seed: Park and Miller's. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

function message(src: string, body: Record<string, unknown>): string {
  return `${JSON.stringify({ src, dest: "n1", body })}\n`;
}

function* preamble(maxConnections: number, backlogSize: number): Generator<string> {
  yield message("c0", { type: "init", msg_id: 1, node_id: "n1", node_ids: ["n1"] });
  yield message("c1", {
    type: "pool_config",
    msg_id: 2,
    max_connections: maxConnections,
    backlog_size: backlogSize,
  });
}

function operation(type: "pool_connect" | "pool_disconnect", id: number, client: number): string {
  return message("c1", { type, msg_id: id, client_id: `c${client}` });
}

/** A pool of 100 with a backlog of 1,000; connects and disconnects that keep 900 to 1,100 clients alive. */
function* mixed(count: number): Generator<string> {
  yield* preamble(100, 1000);
  const next = random(1);
  let first = 1;
  let last = 0;
  for (let id = 3; id <= count; id++) {
    const live = last - first + 1;
    const connects = live < 900 || (live < 1100 && next() < 0.5);
    yield connects
      ? operation("pool_connect", id, ++last)
      : operation("pool_disconnect", id, first++);
  }
}

/** The mixed workload, each third message of it a disconnect of a client that nobody knows. */
function* unknown(count: number): Generator<string> {
  let number = 0;
  for (const line of mixed(count)) {
    number++;
    // Its number stands in for its `msg_id`, which counts the messages, too.
    yield number % 3 > 0 ? line : message("c1", {
      type: "pool_disconnect",
      msg_id: number,
      client_id: `nobody-${number}`,
    });
  }
}

/** A queue of `waiting`, then as many arrivals and departures at that length as asked for. */
function* standing(waiting: number, turns: number): Generator<string> {
  const places = 100;
  yield* preamble(places, 10_000_000);
  let id = 2;
  for (let client = 0; client < waiting + places; client++) {
    yield operation("pool_connect", ++id, client);
  }
  for (let turn = 0; turn < turns; turn++) {
    yield operation("pool_connect", ++id, waiting + places + turn);
    yield operation("pool_disconnect", ++id, turn);
  }
}

/** Writes `count` messages of the mixed workload. */
export function writeMixed(path: string, count: number): Promise<void> {
  return write(path, mixed(count));
}

/** Writes as many, a third of them answered by an error. */
export function writeUnknown(path: string, count: number): Promise<void> {
  return write(path, unknown(count));
}

/** Writes the same messages, their members the other way round. */
export function writeReversed(path: string, count: number): Promise<void> {
  const reversed = mixed(count).map((line) => {
    const { src, dest, body } = JSON.parse(line);
    const fields = Object.fromEntries(Object.entries(body).reverse());
    return `${JSON.stringify({ body: fields, dest, src })}\n`;
  });
  return write(path, reversed);
}

/** Writes a standing queue of `waiting` clients and `turns` arrivals with a departure each. */
export function writeStanding(path: string, waiting: number, turns: number): Promise<void> {
  return write(path, standing(waiting, turns));
}
