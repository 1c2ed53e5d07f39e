import { assert, assertEquals, assertMatch } from "@std/assert";
import { decode } from "../../lib/protocol/decode.ts";
import { anyText, fc } from "../support/property.ts";

/** All orders in which a list of members can come. */
function orders<T>(list: T[]): T[][] {
  if (list.length < 2) return [list];
  return list.flatMap((first, at) =>
    orders(list.toSpliced(at, 1)).map((others) => [first, ...others])
  );
}

/** The form that Python's `json.dumps` gives, a space behind each comma and colon. */
function spaced(src: string, dest: string, type: string, id: number, clientId: string): string {
  const [s, d, t, c] = [src, dest, type, clientId].map((text) => JSON.stringify(text));
  return `{"src": ${s}, "dest": ${d}, "body": {"type": ${t}, "msg_id": ${id}, "client_id": ${c}}}`;
}

Deno.test("decode: every order of the members, and every spacing, says the same", () => {
  const id = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, 1, -1, 10 ** 15, 10 ** 15 - 1));
  const clientId = fc.oneof(
    anyText({ minLength: 1, maxLength: 300 }),
    fc.constantFrom("x".repeat(13), "x".repeat(256), "x".repeat(257)),
  );
  const type = fc.constantFrom("pool_connect", "pool_disconnect");
  fc.assert(
    fc.property(anyText(), anyText(), type, id, clientId, (src, dest, type, msg_id, client_id) => {
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
      assertEquals(decode(spaced(src, dest, type, msg_id, client_id)), expected);
    }),
    { numRuns: 300 },
  );
});

Deno.test("decode: no line makes it throw, and each gets a verdict", () => {
  const valid = JSON.stringify({
    src: "c1",
    dest: "n1",
    body: { type: "pool_connect", msg_id: 1, client_id: "a", notify: true },
  });
  const damaged = fc.tuple(fc.nat(valid.length), fc.nat(8), anyText()).map(([at, cut, text]) =>
    valid.slice(0, at) + text + valid.slice(at + cut)
  );
  const nested = fc.json().map((body) => `{"src":"c1","dest":"n1","body":${body}}`);
  fc.assert(
    fc.property(fc.oneof(anyText(), fc.json(), nested, damaged), (line) => {
      assertMatch(decode(line).type, /^[a-z_]+$/);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("decode: a long client id does not keep the text alive that it was cut from", () => {
  // What V8 does with a substring shows only in the memory: 2,000 ids of 13 bytes, each from a text of 64 KiB.
  const client = (n: number) => `client-${n}`.padEnd(13, "x");
  const ids: unknown[] = [];
  const before = Deno.memoryUsage().heapUsed;
  for (let n = 0; n < 2000; n++) {
    const line = `{"src":"c1","dest":"n1","body":{"type":"pool_connect","msg_id":1,"client_id":"${
      client(n)
    }"}}`;
    const chunk = `${line}\n${"y".repeat(64 * 1024)}`;
    const request = decode(chunk.slice(0, chunk.indexOf("\n")));
    assert(request.type === "request" && request.operation.type === "pool_connect");
    ids.push(request.operation.clientId);
  }
  const grown = Deno.memoryUsage().heapUsed - before;
  assert(grown < 64 * 1024 * 1024, `the heap grew by ${grown} bytes`);
  assertEquals(ids[1999], client(1999));
});

Deno.test("decode: a request without client_id is for its sender, where there is one", () => {
  const operation = (body: unknown, sender?: string) => {
    const message = decode(JSON.stringify({ src: "a", dest: "b", body }), sender);
    return message.type === "request" ? message.operation : message;
  };
  for (const type of ["pool_connect", "pool_disconnect"]) {
    assertMatch(JSON.stringify(operation({ type }, "me")), /"clientId":"me"/);
    assertMatch(JSON.stringify(operation({ type })), /client_id is missing/);
    assertMatch(JSON.stringify(operation({ type, client_id: null }, "me")), /"clientId":"me"/);
    assertMatch(JSON.stringify(operation({ type, client_id: null })), /client_id is null/);
    assertMatch(JSON.stringify(operation({ type, client_id: "x" }, "me")), /"clientId":"x"/);
  }
});

Deno.test("decode: null in an optional member is as if absent, whatever the request", () => {
  const requests: Record<string, unknown>[] = [
    { type: "init", node_id: "n1", node_ids: [] },
    { type: "pool_config", max_connections: 1, backlog_size: 1 },
    { type: "pool_connect" },
    { type: "pool_disconnect" },
    { type: "pool_stats" },
    { type: "unknown" },
  ];
  const absent = { msg_id: null, in_reply_to: null, client_id: null, notify: null };
  const read = (body: unknown) => decode(JSON.stringify({ src: "a", dest: "b", body }), "me");
  for (const request of requests) {
    assertEquals(read({ ...absent, ...request }), read(request));
    assertEquals(read(request).type, "request");
  }
});

Deno.test("decode: only a blank line, an error and a number in in_reply_to get no answer and no word", () => {
  const read = (body: unknown) => decode(JSON.stringify({ src: "a", dest: "b", body })).type;
  const values = [undefined, null, 0, 1.5, "0", "", true, false, [], {}];
  const replies = values.filter((in_reply_to) =>
    read({ type: "pool_stats", in_reply_to }) === "ignored"
  );
  assertEquals(replies, [0, 1.5]);
  for (const in_reply_to of values) assertEquals(read({ type: "error", in_reply_to }), "ignored");
  for (const line of ["", " \t", "\r"]) assertEquals(decode(line).type, "ignored");
  for (const line of ["null", "0", "{}", "x"]) assertEquals(decode(line).type, "fault");
});
