import { assertEquals } from "@std/assert";
import { hostnameOf, isServed } from "../../lib/admin/hosts.ts";

const NAMES = new Set(["pool.example"]);

const served = [
  ...["127.0.0.1", "127.0.0.1:9632", "10.1.2.3:80", "127.1", "0x7f000001", "10.1.2.3."],
  ...["[::1]", "[::1]:9632", "[FE80::1]", "[::ffff:10.0.0.1]:80"],
  ...["localhost", "localhost:9632", "LocalHost", "localhost.", "localhost.:80"],
  ...["pool.example", "pool.example:80", "POOL.Example", "pool.example.", "pool.example.:9632"],
];

const refused = [
  ...["evil.example", "evil.example:9632", "pool.example.evil", "a.pool.example", "example"],
  ...["127.0.0.1.evil.example", "localhost.evil.example", "evil.localhost", "10.0.0.1.nip.io"],
  ...["", ".", ":80", "a b", "[", "x:99999", "127.0.0.1.1", "1.2.3.256", "[::1", "::1"],
  ...["127.0.0.1/", "127.0.0.1@evil.example", "evil.example#127.0.0.1", "evil.example\\127.0.0.1"],
  ...["127.0.0.1, evil.example", "127.0.0.1?"],
];

for (const host of served) {
  Deno.test(`isServed: ${host} is`, () => assertEquals(isServed(host, NAMES), true));
}

for (const host of refused) {
  Deno.test(`isServed: ${JSON.stringify(host)} is not`, () => {
    assertEquals(isServed(host, NAMES), false);
  });
}

Deno.test("hostnameOf: is in the one spelling of a URL, without port and last dot", () => {
  assertEquals(hostnameOf("B\u00fccher.Example.:80"), "xn--bcher-kva.example");
  assertEquals(hostnameOf("0177.1"), "127.0.0.1");
  assertEquals(hostnameOf("a/b"), undefined);
});
