import { assertEquals, assertThrows } from "@std/assert";
import { type Entry, hashOf, IdTable } from "../../lib/io/id_table.ts";
import { fc } from "../support/property.ts";

interface Row extends Entry {
  readonly value: number;
}

const row = (id: string, value = 0, hash = hashOf(id)): Row => (
  { id, hash, value, chained: undefined }
);

Deno.test("IdTable: finds what a Map finds, under random additions and removals", () => {
  const id = fc.oneof(fc.string(), fc.nat(40).map((n) => `c${n}`));
  fc.assert(
    fc.property(fc.array(fc.tuple(id, fc.nat()), { maxLength: 300, size: "max" }), (steps) => {
      const table = new IdTable<Row>();
      const map = new Map<string, number>();
      for (const [id, value] of steps) {
        const found = table.find(id, hashOf(id));
        assertEquals(found?.value, map.get(id));
        if (found === undefined) {
          table.add(row(id, value));
          map.set(id, value);
        } else {
          table.remove(found);
          map.delete(id);
        }
      }
      for (const [id, value] of map) assertEquals(table.find(id, hashOf(id))?.value, value);
    }),
  );
});

Deno.test("IdTable: tells entries apart that share a hash, and removes the right one", () => {
  const table = new IdTable<Row>();
  const rows = ["a", "b", "c"].map((id, value) => row(id, value, 7));
  for (const each of rows) table.add(each);
  assertEquals(["a", "b", "c", "d"].map((id) => table.find(id, 7)?.value), [0, 1, 2, undefined]);
  table.remove(rows[1]!);
  assertEquals(["a", "b", "c"].map((id) => table.find(id, 7)?.value), [0, undefined, 2]);
});

Deno.test("IdTable: still finds everyone after it has grown and shrunk", () => {
  const table = new IdTable<Row>();
  const rows = Array.from({ length: 10_000 }, (_, value) => row(`client ${value}`, value));
  const empty = table.capacity;
  for (const each of rows) table.add(each);
  assertEquals(table.capacity >= rows.length, true);
  for (const each of rows.slice(10)) table.remove(each);
  assertEquals(table.capacity, empty);
  const found = rows.map(({ id, hash }) => table.find(id, hash)?.value);
  assertEquals(found.slice(0, 10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(found.slice(10).every((value) => value === undefined), true);
});

Deno.test("IdTable.remove: of an entry that is not in the table is a bug", () => {
  assertThrows(() => new IdTable<Row>().remove(row("a")), Error, "BUG:");
});

Deno.test("hashOf: spreads consecutive ids evenly over the buckets", () => {
  const buckets = new Array<number>(1024).fill(0);
  for (let i = 0; i < 10_240; i++) {
    const bucket = hashOf(`10.0.0.${i % 250}:${30_000 + i}`) & 1023;
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  const longest = Math.max(...buckets);
  assertEquals(longest < 40, true, `10 entries a bucket on average, ${longest} in the fullest`);
});

Deno.test("hashOf: spreads ids that differ in the high bits of their characters only", () => {
  const low = new Set<number>();
  for (let i = 0; i < 64; i++) low.add(hashOf(String.fromCharCode(i * 1024 + 7)) & 1023);
  assertEquals(low.size > 32, true, `64 ids fall into ${low.size} of 1024 buckets`);
});

Deno.test("hashOf: is another in another run", async () => {
  const runs = ["?first", "?second", "?third"];
  const hashes = await Promise.all(runs.map(async (run) => {
    const { hashOf } = await import(`../../lib/io/id_table.ts${run}`);
    return hashOf("a");
  }));
  assertEquals(new Set(hashes).size > 1, true);
});
