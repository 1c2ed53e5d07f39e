import { assertEquals } from "@std/assert";
import { MAX_UNSENT_BYTES, pass, type PassEnd } from "../../lib/gate/pass.ts";
import { type ByteReader, type ByteWriter, writeAll } from "../../lib/io/byte_stream.ts";
import { pair, resettablePair, until, untilStill } from "../support/sockets.ts";

const KIB = 1024;
const FIRST = 4 * KIB;
const SMALL = 16 * KIB;
const LARGE = 128 * KIB;
const MOST = MAX_UNSENT_BYTES;

interface Passing {
  /** The end that sends, and the one that hears it. */
  sender: Deno.TcpConn;
  receiver: Deno.TcpConn;
  done: Promise<PassEnd>;
  passed: () => number;
  close: () => void;
}

/** A direction between two real connections. */
async function passing(): Promise<Passing> {
  const [sender, source] = await pair();
  const [sink, receiver] = await pair();
  let passed = 0;
  const done = pass(source, sink, (bytes) => passed += bytes);
  done.then(() => sink.closeWrite().catch(() => {}));
  const close = () => [sender, source, sink, receiver].forEach((socket) => socket.close());
  return { sender, receiver, done, passed: () => passed, close };
}

async function readAll(socket: Deno.TcpConn): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const buffer = new Uint8Array(64 * KIB);
  for (;;) {
    const length = await socket.read(buffer);
    if (length === null) return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
    chunks.push(buffer.slice(0, length));
  }
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

const EVERYTHING: ByteWriter = { write: (bytes) => bytes.length };
const FAILING = {
  read: () => Promise.reject(new Error()),
  write: () => Promise.reject(new Error()),
};

/** A source that gives so many bytes a read, then waits, and the buffers that it was asked to fill. */
function portions(...lengths: number[]): { source: ByteReader; asked: number[] } {
  const asked: number[] = [];
  const source: ByteReader = {
    read(buffer) {
      asked.push(buffer.length);
      const length = lengths.shift();
      if (length === undefined) return new Promise<never>(() => {});
      if (length > buffer.length) throw new Error(`${buffer.length} bytes of room for ${length}`);
      return length;
    },
  };
  return { source, asked };
}

Deno.test("pass: passes on many bytes, each as it was, and says that they have ended", async () => {
  const { sender, receiver, done, passed, close } = await passing();
  const sent = noise(7_000_003);
  const [heard] = await Promise.all([
    readAll(receiver),
    writeAll(sender, sent).then(() => sender.closeWrite()),
  ]);
  assertEquals(await done, "ended");
  assertEquals(await digest(heard), await digest(sent));
  assertEquals(passed(), sent.length);
  close();
});

Deno.test("pass: a source that is reset has failed", async () => {
  const [lost, source] = await resettablePair();
  const done = pass(source, EVERYTHING, () => {});
  lost.resetAndDestroy();
  assertEquals(await done, "source_failed");
  source.close();
});

Deno.test("pass: says which of both has failed", async () => {
  assertEquals(await pass(FAILING, EVERYTHING, () => {}), "source_failed");
  assertEquals(await pass(portions(10).source, FAILING, () => {}), "sink_failed");
  const throwing = () => {
    throw new Error();
  };
  assertEquals(await pass({ read: throwing }, EVERYTHING, () => {}), "source_failed");
  assertEquals(await pass(portions(10).source, { write: throwing }, () => {}), "sink_failed");
});

Deno.test("pass: writes again what was not taken", async () => {
  let left = "abcdefgh";
  let taken = "";
  const source: ByteReader = {
    read(buffer) {
      const { written } = new TextEncoder().encodeInto(left, buffer);
      left = "";
      return written === 0 ? null : written;
    },
  };
  const sink: ByteWriter = {
    write(bytes) {
      taken += new TextDecoder().decode(bytes.subarray(0, 3));
      return Math.min(bytes.length, 3);
    },
  };
  assertEquals([await pass(source, sink, () => {}), taken], ["ended", "abcdefgh"]);
});

Deno.test("pass: those that come after another one share nothing, also of its memory", async () => {
  const first = await passing();
  await first.sender.closeWrite();
  await first.done;
  first.close();
  const later = await Promise.all([passing(), passing(), passing(), passing()]);
  const texts = later.map((_, at) => noise(3000 + at));
  for (let turn = 0; turn < 20; turn++) {
    await Promise.all(later.map(({ sender }, at) => writeAll(sender, texts[at]!)));
    await Promise.all(later.map(async ({ receiver }, at) => {
      const text = texts[at]!;
      const heard = new Uint8Array(text.length);
      for (let length = 0; length < heard.length;) {
        length += await receiver.read(heard.subarray(length)) ?? heard.length;
      }
      assertEquals(await digest(heard), await digest(text));
    }));
  }
  for (const { sender } of later) await sender.closeWrite();
  await Promise.all(later.map(({ done }) => done));
  for (const { close } of later) close();
});

/** What a direction that gets messages of these sizes asks for, until it waits. */
async function askedFor(sizes: number[]): Promise<number[]> {
  const asked: number[] = [];
  const waits = Promise.withResolvers<void>();
  const left = [...sizes];
  const source: ByteReader = {
    read(buffer) {
      asked.push(buffer.length);
      while (left[0] === 0) left.shift();
      if (left.length === 0) {
        waits.resolve();
        return new Promise<never>(() => {});
      }
      const length = Math.min(left[0]!, buffer.length);
      left[0]! -= length;
      return length;
    },
  };
  pass(source, EVERYTHING, () => {});
  await waits.promise;
  return asked;
}

Deno.test("pass: reads more at a time where there is more, and little again when that is over", async () => {
  const all = FIRST + SMALL + LARGE + 3 * MOST;
  const asked = await askedFor([all - 1, 10, 10]);
  assertEquals(asked, [FIRST, SMALL, LARGE, MOST, MOST, MOST, FIRST, FIRST, FIRST]);
});

Deno.test("pass: messages that the second size holds are read at once, until they are few", async () => {
  const message = 10 * KIB;
  const calm = Array<number>(64).fill(10);
  const asked = await askedFor([message, message, message, ...calm, message]);
  assertEquals(asked.slice(0, 4), [FIRST, SMALL, SMALL, SMALL]);
  assertEquals(asked.slice(4, -3), Array(64).fill(SMALL));
  assertEquals(asked.slice(-3), [FIRST, SMALL, SMALL]);
});

Deno.test("pass: where a long transfer is over, such messages are read at once again", async () => {
  const message = 10 * KIB;
  const asked = await askedFor([4 * MOST, ...Array<number>(40).fill(message)]);
  assertEquals(asked.slice(-3), [SMALL, SMALL, SMALL]);
});

Deno.test("pass: holds 16 KiB at most while it waits for more, unless a message has filled these exactly", async () => {
  const exact = FIRST + SMALL;
  for (let size = 1; size <= 16 * MOST; size *= 2) {
    for (const before of [[], [9 * MOST]]) {
      const asked = await askedFor([...before, size]);
      assertEquals(asked.at(-1)! <= SMALL, true, `${before} ${size}: ${asked}`);
    }
  }
  assertEquals((await askedFor([exact])).at(-1), LARGE);
  assertEquals((await askedFor([9 * MOST, exact])).at(-1), MOST);
});

Deno.test("pass: a long transfer that pauses goes on with the largest size soon", async () => {
  const asked = await askedFor([3 * MOST, FIRST + SMALL + 2 * MOST - 1]);
  assertEquals(asked.slice(-5), [FIRST, SMALL, MOST, MOST, FIRST]);
});

Deno.test("pass: takes no more than the other side takes, and one buffer", async () => {
  const { sender, receiver, close } = await passing();
  let sent = 0;
  const flood = (async () => {
    const chunk = new Uint8Array(64 * KIB);
    for (;;) sent += await sender.write(chunk);
  })().catch(() => {});
  // The kernel's own buffers take several MiB; then nothing moves.
  await untilStill(() => sent);
  const inFlight = sent;
  let read = 0;
  const buffer = new Uint8Array(64 * KIB);
  while (read < 2 * MAX_UNSENT_BYTES) read += await receiver.read(buffer) ?? 0;
  await until("more is taken", () => sent > inFlight);
  close();
  await flood;
  assertEquals(inFlight < 64 * MAX_UNSENT_BYTES, true, `${inFlight} bytes were taken`);
});

Deno.test("pass: bytes that are read and not taken have moved, but have not been passed on", async () => {
  const moves: number[] = [];
  const taken = Promise.withResolvers<number>();
  const done = pass(
    portions(10).source,
    { write: () => taken.promise },
    (bytes) => moves.push(bytes),
  );
  await until("something has moved", () => moves.length > 0);
  assertEquals(moves, [0]);
  taken.reject(new Error());
  assertEquals([await done, moves], ["sink_failed", [0]]);
});
