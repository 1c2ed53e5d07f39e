import { assertEquals, assertRejects } from "@std/assert";
import { Outlet } from "../lib/outlet.ts";
import { Output } from "./memory_streams.ts";

Deno.test("Outlet.flush: writes what was gathered as one, and nothing when there is nothing", async () => {
  const output = new Output();
  const outlet = new Outlet(output);
  outlet.gathered.text("one ");
  outlet.gathered.text("two");
  await outlet.flush();
  await outlet.flush();
  outlet.gathered.text("three");
  await outlet.flush();
  assertEquals(output.writes, ["one two", "three"]);
});

Deno.test("Outlet.flush: goes on where a writer took only a part", async () => {
  const output = new Output(3);
  const outlet = new Outlet(output);
  outlet.gathered.text("abcdefgh");
  await outlet.flush();
  assertEquals(output.writes, ["abc", "def", "gh"]);
});

Deno.test("Outlet.flush: rejects with the writer's error", async () => {
  const outlet = new Outlet({ write: () => Promise.reject(new Error("full")) });
  outlet.gathered.text("x");
  await assertRejects(() => outlet.flush(), Error, "full");
});
