import { assertEquals, assertThrows } from "@std/assert";
import { LinkedList, type Links } from "../../lib/io/linked_list.ts";

interface Entry extends Links {
  name: string;
}

const entry = (name: string): Entry => ({ name, before: undefined, after: undefined });

function drain(list: LinkedList<Entry>): string {
  let names = "";
  for (let next = list.shift(); next !== undefined; next = list.shift()) names += next.name;
  return names;
}

function filled(names: string): [LinkedList<Entry>, Entry[]] {
  const list = new LinkedList<Entry>();
  const entries = [...names].map(entry);
  for (const each of entries) list.push(each);
  return [list, entries];
}

Deno.test("LinkedList.shift: gives the entries in order of arrival, then undefined", () => {
  const [list] = filled("abc");
  assertEquals(list.length, 3);
  assertEquals(drain(list), "abc");
  assertEquals([list.shift(), list.length], [undefined, 0]);
});

for (const [leaver, rest] of [["a", "bc"], ["b", "ac"], ["c", "ab"]] as const) {
  Deno.test(`LinkedList.remove: ${leaver} of abc leaves ${rest} in order`, () => {
    const [list, entries] = filled("abc");
    const leaving = entries.find(({ name }) => name === leaver)!;
    list.remove(leaving);
    assertEquals([leaving.before, leaving.after], [undefined, undefined]);
    list.push(entry("d"));
    assertEquals([list.length, drain(list)], [3, `${rest}d`]);
  });
}

Deno.test("LinkedList.remove: the only entry leaves an empty list that fills again", () => {
  const [list, [only]] = filled("a");
  list.remove(only!);
  assertEquals(list.length, 0);
  list.push(only!);
  assertEquals(drain(list), "a");
});

Deno.test("LinkedList: lists its entries in order, also when the present one is taken out", () => {
  const [list, [first, second]] = filled("abc");
  assertEquals([list.first, [...list].map(({ name }) => name)], [first, ["a", "b", "c"]]);
  const seen: string[] = [];
  for (const entry of list) {
    seen.push(entry.name);
    if (entry !== second) list.remove(entry);
  }
  assertEquals([seen, list.first, list.length], [["a", "b", "c"], second, 1]);
});

Deno.test("LinkedList.first: is the entry that has been there longest, undefined where there is none", () => {
  const list = new LinkedList<Entry>();
  assertEquals(list.first, undefined);
  const [a, b] = [entry("a"), entry("b")];
  list.push(a);
  list.push(b);
  assertEquals(list.first === a, true);
  list.shift();
  assertEquals(list.first === b, true);
});

Deno.test("LinkedList.remove: from an empty list is a bug", () => {
  assertThrows(() => new LinkedList<Entry>().remove(entry("a")), Error, "BUG:");
});
