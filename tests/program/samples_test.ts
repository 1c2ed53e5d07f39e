/** Every sample case, byte for byte, through the program as its users run it. */

import { assertEquals } from "@std/assert";
import { run } from "../support/program.ts";

const SAMPLES = new URL("../samples/", import.meta.url);
const INPUT = ".in.ndjson";

async function textOr(url: URL, otherwise: string): Promise<string> {
  return await Deno.readTextFile(url).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return otherwise;
    throw error;
  });
}

const cases = [...Deno.readDirSync(SAMPLES)]
  .filter(({ name }) => name.endsWith(INPUT))
  .map(({ name }) => name.slice(0, -INPUT.length))
  .sort();

Deno.test("samples: there are cases to run", () => {
  assertEquals(cases.includes("connect") && cases.includes("queue"), true);
});

for (const name of cases) {
  Deno.test(`samples: ${name} comes out byte for byte`, async () => {
    const input = await Deno.readFile(new URL(`${name}${INPUT}`, SAMPLES));
    const { code, stdout, stderr } = await run(input);
    assertEquals(stdout, await Deno.readTextFile(new URL(`${name}.out.ndjson`, SAMPLES)));
    assertEquals(stderr, await textOr(new URL(`${name}.err.txt`, SAMPLES), ""));
    assertEquals(code, 0);
  });
}
