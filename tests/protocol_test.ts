import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { AsciiBuffer } from "../lib/ascii_buffer.ts";
import { decode, encode, type Reply, type ReplyBody } from "../lib/protocol.ts";

const ANY_TEXT = fc.string({ unit: "binary" });

function written(reply: Reply): string {
  const out = new AsciiBuffer();
  encode(reply, out);
  return new TextDecoder().decode(out.bytes);
}

/** JSON as Python's `json.dumps` writes it, built another way than `encode` builds it. */
function pythonJson(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([key, each]) => `"${key}": ${pythonJson(each)}`);
    return `{${members.join(", ")}}`;
  }
  return JSON.stringify(value).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** All orders in which a list of members can come. */
function orders<T>(list: T[]): T[][] {
  if (list.length < 2) return [list];
  return list.flatMap((first, at) =>
    orders(list.toSpliced(at, 1)).map((others) => [first, ...others])
  );
}

Deno.test("decode: every order of the members, and every spacing, says the same", () => {
  const id = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, 1, -1, 10 ** 15, 10 ** 15 - 1));
  const clientId = fc.string({ unit: "binary", minLength: 1, maxLength: 300 });
  const type = fc.constantFrom("pool_connect", "pool_disconnect");
  fc.assert(
    fc.property(ANY_TEXT, ANY_TEXT, type, id, clientId, (src, dest, type, msg_id, client_id) => {
      const fields = Object.entries({ type, msg_id, client_id });
      const expected = decode(JSON.stringify({ body: { client_id, msg_id, type }, dest, src }));
      for (const order of orders(fields)) {
        const body = Object.fromEntries(order);
        for (const envelope of orders(Object.entries({ src, dest, body }))) {
          const message = Object.fromEntries(envelope);
          assertEquals(decode(JSON.stringify(message)), expected);
          assertEquals(decode(JSON.stringify(message, null, 1)), expected);
        }
      }
      const spaced = pythonJson({ src, dest, body: { type, msg_id, client_id } });
      assertEquals(decode(spaced), expected);
    }),
  );
});

Deno.test("decode: no line makes it throw, and each gets a verdict", () => {
  const valid = JSON.stringify({
    src: "c1",
    dest: "n1",
    body: { type: "pool_connect", msg_id: 1, client_id: "a", notify: true },
  });
  const damaged = fc.tuple(fc.nat(valid.length), fc.nat(8), ANY_TEXT).map(([at, cut, text]) =>
    valid.slice(0, at) + text + valid.slice(at + cut)
  );
  const nested = fc.json().map((body) => `{"src":"c1","dest":"n1","body":${body}}`);
  fc.assert(
    fc.property(fc.oneof(ANY_TEXT, fc.json(), nested, damaged), (line) => {
      assertMatch(decode(line).type, /^[a-z_]+$/);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("decode: a long client id does not keep the text alive that it was cut from", () => {
  // What V8 does with a substring shows only in the memory: 2,000 ids of 40 bytes, each from a text of 64 KiB.
  const client = (n: number) => `client-${n}`.padEnd(40, "x");
  const ids: unknown[] = [];
  const before = Deno.memoryUsage().heapUsed;
  for (let n = 0; n < 2000; n++) {
    const line = `{"src":"c1","dest":"n1","body":{"type":"pool_connect","msg_id":1,"client_id":"${
      client(n)
    }"}}`;
    const chunk = `${line}\n${"y".repeat(64 * 1024)}`;
    const request = decode(chunk.slice(0, chunk.indexOf("\n")));
    assert(request.type === "pool_connect");
    ids.push(request.clientId);
  }
  const grown = Deno.memoryUsage().heapUsed - before;
  assert(grown < 64 * 1024 * 1024, `the heap grew by ${grown} bytes`);
  assertEquals(ids[1999], client(1999));
});

const bodies: ReplyBody[] = [
  { type: "init_ok" },
  { type: "pool_config_ok" },
  { type: "pool_connect_ok", status: "rejected", active: 1, queued: 2 },
  { type: "pool_disconnect_ok", promoted: null, active: 0, queued: 0 },
  { type: "pool_disconnect_ok", promoted: "é", active: 3, queued: 4 },
  { type: "pool_promoted", clientId: "a", active: 5, queued: 6 },
  { type: "error", code: 12, text: 'say "why"' },
  {
    type: "pool_stats_ok",
    maxConnections: 1,
    backlogSize: 2,
    active: 3,
    queued: 4,
    connectedTotal: 5,
    queuedTotal: 6,
    promotedTotal: 7,
    rejectedTotal: 8,
    disconnectedTotal: 9,
  },
];

for (const body of bodies) {
  Deno.test(`encode: writes ${body.type} (${Object.values(body)[1] ?? ""}) as Python would`, () => {
    fc.assert(fc.property(ANY_TEXT, ANY_TEXT, fc.maxSafeNat(), (src, dest, msgId) => {
      const { type, ...fields } = body;
      const snake = Object.fromEntries(
        Object.entries(fields).map(([key, value]) => [
          key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
          value,
        ]),
      );
      for (const inReplyTo of [undefined, "-7"]) {
        const reply = inReplyTo === undefined ? {} : { in_reply_to: Number(inReplyTo) };
        const expected = { src, dest, body: { type, ...reply, ...snake, msg_id: msgId } };
        assertEquals(written({ src, dest, inReplyTo, msgId, body }), `${pythonJson(expected)}\n`);
      }
    }));
  });
}
