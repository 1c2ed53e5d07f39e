import { assertEquals, assertRejects } from "@std/assert";
import { isCrossSite, MAX_BODY_BYTES, readJson, Refusal } from "../../lib/admin/http.ts";

const HERE = "http://gate:9090/api/config";

const sites: [string, Record<string, string>, boolean][] = [
  ["PUT", {}, false],
  ["PUT", { "sec-fetch-site": "same-origin", origin: "http://gate:9090" }, false],
  ["GET", { "sec-fetch-site": "none", "sec-fetch-mode": "navigate" }, false],
  ["PUT", { "sec-fetch-site": "cross-site", origin: "http://evil" }, true],
  ["GET", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" }, true],
  ["GET", { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" }, true],
  [
    "GET",
    {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    },
    false,
  ],
  [
    "GET",
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
    true,
  ],
  [
    "GET",
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "document" },
    true,
  ],
  [
    "POST",
    {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    },
    true,
  ],
  ["PUT", { origin: "http://gate:9090" }, false],
  ["PUT", { origin: "https://gate:9090" }, false],
  ["PUT", { origin: "http://gate:3000" }, true],
  ["GET", { origin: "http://evil" }, true],
  ["PUT", { origin: "null" }, true],
  ["PUT", { origin: "http://evil", host: "evil" }, false],
  ["PUT", { origin: "http://gate", host: "Gate:80" }, false],
  ["PUT", { origin: "http://gate", host: "[" }, true],
];

for (const [method, headers, expected] of sites) {
  const shown = `${method} ${JSON.stringify(headers)}`;
  Deno.test(`isCrossSite: ${shown} is ${expected ? "another site's" : "our own"}`, () => {
    assertEquals(isCrossSite(new Request(HERE, { method, headers })), expected);
  });
}

function put(body: BodyInit, headers: Record<string, string> = {}): Request {
  return new Request(HERE, { method: "PUT", body, headers });
}

/** A body of so many bytes whose length nobody is told beforehand. */
function streamed(length: number): ReadableStream<Uint8Array> {
  return new Blob([`"${"x".repeat(length - 2)}"`]).stream();
}

/** A body whose connection fails in its middle. */
function brokenOff(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(stream) {
      stream.enqueue(new Uint8Array(1));
      stream.error(new Error("reset"));
    },
  });
}

Deno.test("readJson: reads a body up to the limit, also one of unknown length", async () => {
  assertEquals(await readJson(put('{"a": "\u00e4"}')), { a: "\u00e4" });
  const halves = [[0x22, 0xc3], [0xa4, 0x22]].map((bytes) => Uint8Array.from(bytes));
  assertEquals(await readJson(put(ReadableStream.from(halves))), "\u00e4");
  const text = await readJson(put(streamed(MAX_BODY_BYTES)));
  assertEquals((text as string).length, MAX_BODY_BYTES - 2);
});

const refused: [string, () => Request, number][] = [
  ["a body that is no JSON", () => put("{"), 400],
  ["no body", () => put(""), 400],
  ["a body of no method with one", () => new Request(HERE), 400],
  ["a long body", () => put("x".repeat(MAX_BODY_BYTES + 1)), 413],
  ["a long body of unknown length", () => put(streamed(MAX_BODY_BYTES + 1)), 413],
  ["a body that breaks off", () => put(brokenOff()), 400],
  ["a body that says it is long", () => put("{}", { "content-length": "99999999" }), 413],
];

for (const [what, request, status] of refused) {
  Deno.test(`readJson: refuses ${what} with ${status}`, async () => {
    const refusal = await assertRejects(() => readJson(request()), Refusal) as Refusal;
    assertEquals(refusal.status, status);
  });
}
