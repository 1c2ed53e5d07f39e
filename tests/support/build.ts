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
  /** The executable, where there is one; for Windows, its name has an ending more. */
  binary: string;
}

/** How to build. */
export interface BuildOptions {
  /** The path of a Deno; the one that runs this unless said otherwise. */
  deno?: string;
  /** Its arguments, in the copy of the sources. */
  args?: string[];
  env?: Record<string, string>;
  /** The machine and system that the task is to build for, by Deno's name; this one unless said otherwise. */
  target?: string | undefined;
  /** Unstable features, by their names in `deno.json`, that this Deno needs besides the project's own. */
  unstable?: string[];
}

/** Runs the `compile` task, or what `args` say. */
export async function build(
  {
    deno = Deno.execPath(),
    args = ["task", "--quiet", "compile"],
    env = {},
    target,
    unstable = [],
  }: BuildOptions = {},
): Promise<Build> {
  const folder = await Deno.makeTempDir({ prefix: "poolgate-compile-" });
  await copySources(folder);
  if (unstable.length > 0) await configure(folder, ({ unstable: own }) => own.push(...unstable));
  if (target !== undefined) {
    const output = "--output poolgate";
    await configure(folder, ({ tasks }) => {
      if (!tasks.compile.includes(output)) throw new Error(`the task compile has no ${output}`);
      tasks.compile = tasks.compile.replace(output, `--target ${target} ${output}`);
    });
  }
  const runtime = target === undefined || target === Deno.build.target ? [] : ["DENORT_BIN"];
  const { success, stdout, stderr } = await new Deno.Command(deno, {
    args,
    cwd: folder,
    // A runtime that is there is one for this machine.
    env: { ...environmentWithout(runtime), NO_COLOR: "1", ...env },
    clearEnv: true,
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

async function copySources(folder: string): Promise<void> {
  const command = new Deno.Command("cp", { args: ["-r", ...SOURCES, folder], cwd: ROOT });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`copying the sources: ${new TextDecoder().decode(stderr)}`);
}

/** What is changed of deno.json. */
interface Config {
  unstable: string[];
  tasks: { compile: string };
}

async function configure(folder: string, change: (config: Config) => void): Promise<void> {
  const path = `${folder}/deno.json`;
  const config = JSON.parse(await Deno.readTextFile(path));
  change(config);
  await Deno.writeTextFile(path, JSON.stringify(config));
}

function environmentWithout(names: string[]): Record<string, string> {
  const all = Object.entries(Deno.env.toObject());
  return Object.fromEntries(all.filter(([name]) => !names.includes(name)));
}
