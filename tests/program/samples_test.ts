/** Every sample case, byte for byte, through the program as its users run it. */

import { assertEquals } from "@std/assert";
import { run } from "../support/program.ts";
import { CASES, inputOf, notesOf, outputOf } from "../support/samples.ts";

Deno.test("samples: there are cases to run", () => {
  assertEquals(CASES.includes("connect") && CASES.includes("queue"), true);
});

for (const name of CASES) {
  Deno.test(`samples: ${name} comes out byte for byte`, async () => {
    const { code, stdout, stderr } = await run(await inputOf(name));
    assertEquals(stdout, await outputOf(name));
    assertEquals(stderr, await notesOf(name));
    assertEquals(code, 0);
  });
}
