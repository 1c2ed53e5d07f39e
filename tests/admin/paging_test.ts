import { assertEquals } from "@std/assert";
import { type Key, pageOf, readKey, showKey } from "../../lib/admin/paging.ts";
import { fc } from "../support/property.ts";

const keyOf = (key: Key) => key;

function key(number: number, name: string): Key {
  return { number, name };
}

Deno.test("pageOf: sorts by the number, up or down, and by name among equals", () => {
  const rows = [key(2, "b"), key(1, "c"), key(2, "a"), key(3, "d")];
  const names = (descending: boolean) =>
    pageOf(rows, keyOf, { descending, limit: 9, after: undefined }).rows.map(({ name }) => name);
  assertEquals(names(false), ["c", "a", "b", "d"]);
  assertEquals(names(true), ["d", "a", "b", "c"]);
});

Deno.test("pageOf: says what the next page begins behind, and nothing at the end", () => {
  const rows = [key(1, "a"), key(2, "b"), key(3, "c")];
  const page = (limit: number, after?: Key) =>
    pageOf(rows, keyOf, { descending: false, limit, after });
  assertEquals(page(2), { rows: rows.slice(0, 2), next: key(2, "b") });
  assertEquals(page(2, key(2, "b")), { rows: [key(3, "c")], next: undefined });
  assertEquals(page(3).next, undefined);
});

Deno.test("pageOf: lists every row once that stays, whatever comes and goes between pages", () => {
  const anyKeys = fc.uniqueArray(
    fc.record({ number: fc.integer({ min: 0, max: 5 }), name: fc.string({ maxLength: 3 }) }),
    { selector: ({ name }) => name, maxLength: 30 },
  );
  fc.assert(
    fc.property(
      ...[anyKeys, fc.array(fc.func(fc.boolean()), { minLength: 1, maxLength: 4 })] as const,
      ...[fc.integer({ min: 1, max: 7 }), fc.boolean()] as const,
      (all, presences, limit, descending) => {
        const listed: Key[] = [];
        let after: Key | undefined;
        let pages = 0;
        do {
          const present = presences[pages++ % presences.length]!;
          const rows = all.filter((key, at) => at % 2 === 0 || present(key.name));
          const page = pageOf(rows, keyOf, { descending, limit, after });
          listed.push(...page.rows);
          after = page.next;
        } while (after !== undefined);
        assertEquals(new Set(listed).size, listed.length);
        const lasting = all.filter((_, at) => at % 2 === 0);
        assertEquals(lasting.filter((key) => !listed.includes(key)), []);
      },
    ),
    { numRuns: 300 },
  );
});

for (const name of ["", "127.0.0.1:50123", "a,b,,c", "\u{1f511}", "1,2"]) {
  for (const number of [0, 1.25, 123456.789012345, -1]) {
    Deno.test(`readKey: reads what showKey has written of ${number} and ${JSON.stringify(name)}`, () => {
      assertEquals(readKey(showKey({ number, name })), { number, name });
    });
  }
}

for (const text of ["", "1", ",a", " ,a", "x,a", "Infinity,a", "NaN,a"]) {
  Deno.test(`readKey: ${JSON.stringify(text)} is none`, () => {
    assertEquals(readKey(text), undefined);
  });
}
