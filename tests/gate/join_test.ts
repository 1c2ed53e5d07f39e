import { assertEquals } from "@std/assert";
import { join, MAX_UNSENT_BYTES, type Side } from "../../lib/gate/join.ts";
import { writeAll } from "../../lib/io/byte_stream.ts";
import { pair, resettablePair, until, untilStill } from "../support/sockets.ts";

interface Joined {
  /** The ends that the join does not have. */
  client: Deno.TcpConn;
  upstream: Deno.TcpConn;
  done: Promise<void>;
  /** How many bytes of each side have been passed on. */
  passed: { client: number; upstream: number };
  upstreamEnded: () => boolean;
}

function side(socket: Deno.TcpConn, moved: (bytes: number) => void = () => {}): Side {
  let open = true;
  return {
    reader: socket,
    socket,
    moved,
    close() {
      if (open) socket.close();
      open = false;
    },
  };
}

async function joined(): Promise<Joined> {
  const [client, near] = await pair();
  const [far, upstream] = await pair();
  const passed = { client: 0, upstream: 0 };
  let ended = false;
  const done = join(
    side(near, (bytes) => passed.client += bytes),
    side(far, (bytes) => passed.upstream += bytes),
    () => ended = true,
  );
  return { client, upstream, done, passed, upstreamEnded: () => ended };
}

async function readAll(socket: Deno.TcpConn): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const length = await socket.read(buffer);
    if (length === null) return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
    chunks.push(buffer.slice(0, length));
  }
}

async function sendAll(socket: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  await writeAll(socket, bytes);
  await socket.closeWrite();
}

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", bytes as BufferSource);
  return new Uint8Array(hash).toHex();
}

function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = length;
  for (let i = 0; i < length; i++) {
    bytes[i] = (state = Math.imul(state, 1664525) + 1013904223) >>> 24;
  }
  return bytes;
}

Deno.test("join: passes bytes both ways at once, each as it was, and ends when both have", async () => {
  const { client, upstream, done, passed } = await joined();
  const [up, down] = [noise(5_000_001), noise(7_000_003)];
  const [, , atUpstream, atClient] = await Promise.all([
    sendAll(client, up),
    sendAll(upstream, down),
    readAll(upstream),
    readAll(client),
  ]);
  await done;
  assertEquals(await digest(atUpstream), await digest(up));
  assertEquals(await digest(atClient), await digest(down));
  assertEquals(passed, { client: up.length, upstream: down.length });
  for (const socket of [client, upstream]) socket.close();
});

Deno.test("join: a client that has ended its side still hears the answer", async () => {
  const { client, upstream, done, upstreamEnded } = await joined();
  await sendAll(client, noise(10));
  assertEquals((await readAll(upstream)).length, 10);
  await sendAll(upstream, noise(20));
  assertEquals((await readAll(client)).length, 20);
  await done;
  assertEquals(upstreamEnded(), false);
  for (const socket of [client, upstream]) socket.close();
});

Deno.test("join: an upstream that has ended its side still hears the client, and that is told", async () => {
  const { client, upstream, done, upstreamEnded } = await joined();
  await sendAll(upstream, noise(20));
  assertEquals((await readAll(client)).length, 20);
  assertEquals(upstreamEnded(), true);
  await sendAll(client, noise(10));
  assertEquals((await readAll(upstream)).length, 10);
  await done;
  for (const socket of [client, upstream]) socket.close();
});

for (const gone of ["client", "upstream"] as const) {
  Deno.test(`join: when the ${gone} is reset, the other side is closed`, async () => {
    const [lost, near] = await resettablePair();
    const [left, far] = await pair();
    const sides = gone === "client"
      ? [side(near), side(far)] as const
      : [side(far), side(near)] as const;
    const done = join(...sides, () => {});
    lost.resetAndDestroy();
    await done;
    assertEquals(await left.read(new Uint8Array(1)).catch(() => null), null);
    left.close();
  });
}

Deno.test("join: those that come after another one share nothing, also of its memory", async () => {
  const first = await joined();
  for (const socket of [first.client, first.upstream]) socket.close();
  await first.done;
  const later = await Promise.all([joined(), joined(), joined(), joined()]);
  const texts = later.map((_, at) => noise(3000 + at));
  for (let turn = 0; turn < 20; turn++) {
    await Promise.all(later.map(({ client }, at) => writeAll(client, texts[at]!)));
    await Promise.all(later.map(async ({ upstream }, at) => {
      const text = texts[at]!;
      const heard = new Uint8Array(text.length);
      for (let length = 0; length < heard.length;) {
        length += await upstream.read(heard.subarray(length)) ?? heard.length;
      }
      assertEquals(await digest(heard), await digest(text));
    }));
  }
  for (const { client, upstream } of later) for (const end of [client, upstream]) end.close();
  await Promise.all(later.map(({ done }) => done));
});

Deno.test("join: reads more at a time where there is more, and little again when that is over", async () => {
  const asked: number[] = [];
  const given = [4096, 16384, 65536, 262144, 1048576, 1048576, ...Array(64).fill(10), 10];
  const never = Promise.withResolvers<null>();
  const socket = {
    read: () => never.promise,
    write: (bytes: Uint8Array) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close: () => never.resolve(null),
  };
  const reader = {
    read: (buffer: Uint8Array) => {
      asked.push(buffer.length);
      return given.shift() ?? null;
    },
  };
  const silent = { reader: socket, socket, close: () => socket.close(), moved: () => {} };
  const done = join({ ...silent, reader }, silent, () => {});
  await until("all is read", () => asked.length === 72);
  socket.close();
  await done;
  const MIB = MAX_UNSENT_BYTES;
  assertEquals(asked.slice(0, 8), [4096, 16384, 65536, 262144, MIB, MIB, MIB, MIB]);
  assertEquals([asked.at(-3), asked.at(-2), asked.at(-1)], [MIB, 4096, 4096]);
});

Deno.test("join: takes no more from one side than the other side takes, and one buffer", async () => {
  const { client, upstream, done } = await joined();
  let sent = 0;
  const flood = (async () => {
    const chunk = new Uint8Array(64 * 1024);
    for (;;) sent += await upstream.write(chunk);
  })().catch(() => {});
  // The kernel's own buffers take several MiB; then nothing moves.
  await untilStill(() => sent);
  const inFlight = sent;
  let read = 0;
  const buffer = new Uint8Array(64 * 1024);
  while (read < 2 * MAX_UNSENT_BYTES) read += await client.read(buffer) ?? 0;
  await until("more is taken", () => sent > inFlight);
  client.close();
  await done;
  upstream.close();
  await flood;
  assertEquals(inFlight < 64 * MAX_UNSENT_BYTES, true, `${inFlight} bytes were taken`);
});

Deno.test("join: bytes that are read and not taken have moved, but have not been passed on", async () => {
  const never = Promise.withResolvers<never>();
  const stuck = {
    read: () => never.promise,
    write: () => never.promise,
    closeWrite: () => Promise.resolve(),
    close: () => never.reject(new Error("closed")),
  };
  const moves: number[] = [];
  const side = { reader: stuck, socket: stuck, close: () => stuck.close(), moved: () => {} };
  const talker = {
    ...side,
    reader: { read: () => 10 },
    moved: (bytes: number) => moves.push(bytes),
  };
  const done = join(talker, side, () => {});
  await until("something has moved", () => moves.length > 0);
  stuck.close();
  await done;
  assertEquals(moves, [0]);
});
