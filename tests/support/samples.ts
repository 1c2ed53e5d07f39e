/**
 * The sample cases: what goes in, what has to come out. Imports nothing from lib/.
 *
 * @module
 */

const SAMPLES = new URL("../samples/", import.meta.url);
const INPUT = ".in.ndjson";

/** Their names. */
export const CASES: readonly string[] = [...Deno.readDirSync(SAMPLES)]
  .filter(({ name }) => name.endsWith(INPUT))
  .map(({ name }) => name.slice(0, -INPUT.length))
  .sort();

/** What goes in. */
export function inputOf(name: string): Promise<Uint8Array> {
  return Deno.readFile(new URL(`${name}${INPUT}`, SAMPLES));
}

/** What has to come out on stdout. */
export function outputOf(name: string): Promise<string> {
  return Deno.readTextFile(new URL(`${name}.out.ndjson`, SAMPLES));
}

/** What has to come out on stderr, with a pool in memory; most often nothing. */
export async function notesOf(name: string): Promise<string> {
  return await Deno.readTextFile(new URL(`${name}.err.txt`, SAMPLES)).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
}
