import { assertEquals, assertThrows } from "@std/assert";
import { LinkedList, type Links } from "../../lib/io/linked_list.ts";

interface Entry extends Links {
  name: string;
}

const entry = (name: string): Entry => ({ name, before: undefined, after: undefined });

function drain(backlog: LinkedList<Entry>): string {
  let names = "";
  for (let next = backlog.shift(); next !== undefined; next = backlog.shift()) names += next.name;
  return names;
}

function filled(names: string): [LinkedList<Entry>, Entry[]] {
  const backlog = new LinkedList<Entry>();
  const entries = [...names].map(entry);
  for (const each of entries) backlog.push(each);
  return [backlog, entries];
}

Deno.test("LinkedList.shift: gives the entries in order of arrival, then undefined", () => {
  const [backlog] = filled("abc");
  assertEquals(backlog.length, 3);
  assertEquals(drain(backlog), "abc");
  assertEquals([backlog.shift(), backlog.length], [undefined, 0]);
});

for (const [leaver, rest] of [["a", "bc"], ["b", "ac"], ["c", "ab"]] as const) {
  Deno.test(`LinkedList.remove: ${leaver} of abc leaves ${rest} in order`, () => {
    const [backlog, entries] = filled("abc");
    const leaving = entries.find(({ name }) => name === leaver)!;
    backlog.remove(leaving);
    assertEquals([leaving.before, leaving.after], [undefined, undefined]);
    backlog.push(entry("d"));
    assertEquals([backlog.length, drain(backlog)], [3, `${rest}d`]);
  });
}

Deno.test("LinkedList.remove: the only entry leaves an empty backlog that fills again", () => {
  const [backlog, [only]] = filled("a");
  backlog.remove(only!);
  assertEquals(backlog.length, 0);
  backlog.push(only!);
  assertEquals(drain(backlog), "a");
});

Deno.test("LinkedList.remove: from an empty backlog is a bug", () => {
  assertThrows(() => new LinkedList<Entry>().remove(entry("a")), Error, "BUG:");
});
