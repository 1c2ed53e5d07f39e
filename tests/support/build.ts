/**
 * Builds the executable, in a copy of the sources, so that nothing is left behind in the project. Knows no runtime and
 * no test. Imports nothing from lib/.
 *
 * @module
 */

/** The checkout. */
export const ROOT = new URL("../..", import.meta.url).pathname;

const SOURCES = ["deno.json", "deno.lock", "main.ts", "lib"];

const BUILD_TIME_LIMIT_MS = 5 * 60_000;

/** What a build came to. Its files are removed when it is disposed of. */
export interface Build extends AsyncDisposable {
  success: boolean;
  /** What it wrote to its standard streams. */
  log: string;
  /** Its copy of the sources. */
  folder: string;
  /** The executable, where there is one. */
  binary: string;
}

/** How to build. */
export interface BuildOptions {
  /** The path of a Deno; the one that runs this unless said otherwise. */
  deno?: string;
  /** Its arguments, in the copy of the sources. */
  args?: string[];
  env?: Record<string, string>;
  /** Unstable features, by their names in `deno.json`, that this Deno needs besides the project's own. */
  unstable?: string[];
}

/** Runs the `compile` task, or what `args` say. */
export async function build(
  { deno = Deno.execPath(), args = ["task", "--quiet", "compile"], env = {}, unstable = [] }:
    BuildOptions = {},
): Promise<Build> {
  const folder = await Deno.makeTempDir({ prefix: "poolgate-compile-" });
  await copySources(folder, unstable);
  const { success, stdout, stderr } = await new Deno.Command(deno, {
    args,
    cwd: folder,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    signal: AbortSignal.timeout(BUILD_TIME_LIMIT_MS),
  }).output();
  const decoder = new TextDecoder();
  return {
    success,
    log: decoder.decode(stdout) + decoder.decode(stderr),
    folder,
    binary: `${folder}/poolgate`,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function copySources(folder: string, unstable: string[]): Promise<void> {
  const command = new Deno.Command("cp", { args: ["-r", ...SOURCES, folder], cwd: ROOT });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`copying the sources: ${new TextDecoder().decode(stderr)}`);
  const path = `${folder}/deno.json`;
  const config = JSON.parse(await Deno.readTextFile(path));
  config.unstable.push(...unstable);
  if (unstable.length > 0) await Deno.writeTextFile(path, JSON.stringify(config));
}
