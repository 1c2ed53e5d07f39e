import { assertEquals } from "@std/assert";
import { AsciiBuffer } from "../../lib/io/ascii_buffer.ts";
import { quote } from "../../lib/io/json_text.ts";
import { encode, encodeLine } from "../../lib/protocol/encode.ts";
import type { Reply, ReplyBody } from "../../lib/protocol/messages.ts";
import { anyText, fc } from "../support/property.ts";

function written(reply: Reply): string {
  const out = new AsciiBuffer();
  encode(reply, out);
  return new TextDecoder().decode(out.bytes);
}

/** JSON as Python's `json.dumps` writes it, from the value itself. */
function pythonJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, each]) => `"${key}": ${pythonJson(each)}`);
  return `{${members.join(", ")}}`;
}

const bodies: ReplyBody[] = [
  { type: "init_ok" },
  { type: "pool_config_ok" },
  { type: "pool_connect_ok", status: "rejected", active: 1, queued: 2 },
  { type: "pool_disconnect_ok", promoted: null, active: 0, queued: 0 },
  { type: "pool_disconnect_ok", promoted: "ann", active: 3, queued: 4 },
  { type: "pool_promoted", clientId: "a b", active: 5, queued: 6 },
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
  const title = `${body.type}${"promoted" in body ? ` that promoted ${body.promoted}` : ""}`;
  Deno.test(`encode: writes ${title} as json.dumps would`, () => {
    const name = fc.string({ unit: "grapheme-ascii" });
    fc.assert(fc.property(name, name, fc.maxSafeNat(), (src, dest, msgId) => {
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

Deno.test("encode: any names come back from JSON.parse, through one line of ASCII", () => {
  fc.assert(fc.property(anyText(), anyText(), anyText(), (src, dest, promoted) => {
    const body = { type: "pool_disconnect_ok", promoted, active: 1, queued: 2 } as const;
    const line = written({ src, dest, inReplyTo: "1", msgId: 0, body });
    assertEquals(/^[ -~]*\n$/.test(line), true);
    const { src: from, dest: to, body: told } = JSON.parse(line);
    assertEquals([from, to, told.promoted], [src, dest, promoted]);
  }));
});

Deno.test("encode: names an unknown client in the text of error 20, whatever its id", () => {
  fc.assert(fc.property(anyText(), (clientId) => {
    const error = { src: "n1", dest: "c1", inReplyTo: "1", msgId: 0 };
    const text = `client_id is ${quote(clientId)}, it is neither connected nor queued`;
    assertEquals(
      written({ ...error, body: { type: "unknown_client", clientId } }),
      written({ ...error, body: { type: "error", code: 20, text } }),
    );
  }));
});

Deno.test("encode: writes a crash as error 13, with what was thrown", () => {
  const error = { src: "n1", dest: "c1", inReplyTo: "1", msgId: 0 };
  assertEquals(
    written({ ...error, body: { type: "crash", error: new Error("BUG: x") } }),
    written({ ...error, body: { type: "error", code: 13, text: "Error: BUG: x" } }),
  );
});

Deno.test("encodeLine: is the line that encode appends, however long", () => {
  for (const text of ["short", "x".repeat(1000)]) {
    const body = { type: "error", code: 11, text } as const;
    const reply = { src: "n1", dest: "c1", inReplyTo: undefined, msgId: 0, body };
    assertEquals(new TextDecoder().decode(encodeLine(reply)), written(reply));
  }
});
