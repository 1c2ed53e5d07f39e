import { assertEquals } from "@std/assert";
import { writeAll } from "../../lib/io/byte_stream.ts";
import { Output } from "../support/memory_streams.ts";

Deno.test("writeAll: writes all, however little the writer takes at a time", async () => {
  const output = new Output(2);
  await writeAll(output, new TextEncoder().encode("abcde"));
  assertEquals(output.writes, ["ab", "cd", "e"]);
});
