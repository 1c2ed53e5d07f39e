import { assertEquals, assertThrows } from "@std/assert";
import { sourceOf, Sources } from "../../lib/gate/sources.ts";

Deno.test("Sources: counts each address by itself", () => {
  const sources = new Sources();
  for (const source of ["a", "b", "a"]) sources.add(source);
  assertEquals(["a", "b", "c"].map((source) => sources.count(source)), [2, 1, 0]);
  sources.remove("a");
  sources.remove("b");
  assertEquals(["a", "b"].map((source) => sources.count(source)), [1, 0]);
});

Deno.test("Sources.remove: one that is not there is a fault of poolgate", () => {
  const sources = new Sources();
  sources.add("a");
  sources.remove("a");
  assertThrows(() => sources.remove("a"), Error, "BUG: no connection from a to remove");
});

/** Whether two addresses count as one source, by the length of the prefix. */
const pairs: [string, string, { readonly [prefix: number]: boolean }][] = [
  ["192.0.2.1", "192.0.2.1", { 1: true, 128: true }],
  ["192.0.2.1", "192.0.2.2", { 1: false, 64: false }],
  ["192.0.2.1", "::ffff:192.0.2.1", { 1: true, 64: true, 128: true }],
  ["::ffff:192.0.2.1", "::ffff:192.0.2.2", { 1: false, 64: false }],
  ["2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", { 64: true, 65: false, 128: false }],
  ["2001:db8:0:1::1", "2001:db8::1", { 63: true, 64: false }],
  ["2001:db8:0:100::1", "2001:db8:0:1ff::", { 56: true, 64: false }],
  ["2001:db8::", "2001:db8::1", { 127: true, 128: false }],
  ["::1", "8000::1", { 1: false }],
  ["7fff::1", "::1", { 1: true, 2: false }],
  ["fd00:5::10", "fd00:5::27", { 64: true, 128: false }],
  ["fe80::1", "fe80::2", { 1: false, 64: false }],
  ["febf::1", "febf::2", { 64: false }],
  ["fec0::1", "fec0::2", { 64: true }],
  ["::102:304", "1.2.3.4", { 1: false, 128: false }],
];

for (const [one, other, byPrefix] of pairs) {
  Deno.test(`sourceOf: ${one} and ${other}`, () => {
    for (const [prefix, expected] of Object.entries(byPrefix)) {
      const same = sourceOf(one, Number(prefix)) === sourceOf(other, Number(prefix));
      assertEquals(same, expected, `/${prefix}`);
    }
  });
}
