/**
 * Runs poolgate as its users do: as a child process, from source or, where POOLGATE_TEST_BINARY names
 * one, as a compiled binary. Imports nothing from lib/.
 *
 * @module
 */

const ROOT = new URL("../..", import.meta.url).pathname;

/** A program that does not end by then is stopped, and its test fails. */
const TIME_LIMIT_MS = 60_000;

/** For `Deno.Command`: ends a process that does not end by itself. */
export function timeLimit(ms = TIME_LIMIT_MS): AbortSignal {
  return AbortSignal.timeout(ms);
}

/** The compiled binary under test, or `undefined` where the source is. */
export const BINARY = Deno.env.get("POOLGATE_TEST_BINARY");

/**
 * Why the program under test serves no operators, as it says itself; `undefined` where it does. An
 * executable may be of a Deno that is too old for it.
 */
export const LACKS_ADMIN = BINARY === undefined ? undefined : await complaintAboutAdmin(BINARY);

async function complaintAboutAdmin(binary: string): Promise<string | undefined> {
  const args = ["--admin", "127.0.0.1:0"];
  const streams = { stdin: "null", stdout: "null", stderr: "piped" } as const;
  const { code, stderr } = await new Deno.Command(binary, {
    ...{ args, signal: timeLimit(), ...streams },
  }).output();
  const said = /^poolgate: (--admin cannot be served by this Deno: .*)\n$/.exec(
    new TextDecoder().decode(stderr),
  )?.[1];
  return code === 2 && said !== undefined ? `the executable says: ${said}` : undefined;
}

/** How a run ended. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to run: `permissions` are Deno's flags, and do not apply to a binary, which has its own. */
export interface RunOptions {
  args?: string[];
  env?: Record<string, string>;
  permissions?: string[];
  /** After how long it is ended, in milliseconds, where it does not end by itself; a minute unless said. */
  limitMs?: number;
}

/** The program and its arguments, as `Deno.Command` takes them. */
export function commandLine({ args = [], permissions = [] }: RunOptions = {}): [string, string[]] {
  if (BINARY !== undefined) return [BINARY, args];
  return [Deno.execPath(), ["run", "--quiet", "--no-prompt", ...permissions, "main.ts", ...args]];
}

/** Starts the program with all three standard streams piped. */
function start(options: RunOptions = {}): Deno.ChildProcess {
  return command(commandLine(options), options, "piped").spawn();
}

/** The numbers of a `pool_stats_ok`. */
export type StatsField =
  | "max_connections"
  | "backlog_size"
  | "active"
  | "queued"
  | "connected_total"
  | "queued_total"
  | "promoted_total"
  | "rejected_total"
  | "disconnected_total";

/** A run that is talked to: what is said is written to stdin at once, what is heard came on stdout since. */
export class Conversation {
  #child: Deno.ChildProcess;
  #writer: WritableStreamDefaultWriter<Uint8Array>;
  #reader: ReadableStreamDefaultReader<string>;
  #notes: ReadableStreamDefaultReader<string>;

  constructor(child = start()) {
    this.#child = child;
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#notes = this.#child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** A run that listens, where it does, at a free port unless `args` say otherwise, and what it noted so far. */
  static async listening(
    args: string[],
    limitMs?: number,
  ): Promise<[Conversation, string, string]> {
    const door = args.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
    return await Conversation.noting(/listening at ([^ ,\n]+)/, [...door, ...args], {}, limitMs);
  }

  /** A run that notes something, what that is, and all that it noted so far. */
  static async noting(
    what: RegExp,
    args: string[],
    env: Record<string, string> = {},
    limitMs = TIME_LIMIT_MS,
  ): Promise<[Conversation, string, string]> {
    const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-env=POOLGATE_*"];
    const poolgate = new Conversation(start({ args, permissions, env, limitMs }));
    let notes = "";
    for (;;) {
      const note = await poolgate.note();
      notes += note;
      const match = what.exec(notes)?.[1];
      if (match !== undefined) return [poolgate, match, notes];
      if (note === "") return [poolgate, `nowhere: ${notes}`, notes];
    }
  }

  /** A run in a shell line, where it stands as `"$@"`. */
  static inShell(script: string, options: RunOptions): Conversation {
    return new Conversation(startInShell(script, options));
  }

  async say(input: Uint8Array | string): Promise<void> {
    await this.#writer.write(bytesOf(input));
  }

  async hear(): Promise<string> {
    return (await this.#reader.read()).value ?? "";
  }

  /** The limits, counts and totals, asked for on stdin. */
  async stats(): Promise<Record<StatsField, number>> {
    await this.say(`{"src":"c1","dest":"n1","body":{"type":"pool_stats"}}\n`);
    return JSON.parse(await this.hear()).body;
  }

  /** What came on stderr since. */
  async note(): Promise<string> {
    return (await this.#notes.read()).value ?? "";
  }

  /** All that comes on stderr until it ends. */
  async lastNotes(): Promise<string> {
    let notes = "";
    for (let note = await this.note(); note !== ""; note = await this.note()) notes += note;
    return notes;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Stops reading stdout. */
  async deafen(): Promise<void> {
    await this.#reader.cancel();
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Ends the input. */
  async hush(): Promise<void> {
    await this.#writer.close();
  }

  /** Ends the input, unless that has been done, and returns the exit code. */
  async end(): Promise<number> {
    await this.#writer.close().catch(() => {});
    return await this.exit();
  }

  /** Waits for the exit code. */
  async exit(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel();
    await this.#notes.cancel();
    return code;
  }
}

/** Runs the program on an input to its end. */
export async function run(input: Uint8Array | string, options: RunOptions = {}): Promise<Ended> {
  const child = start(options);
  const [output] = await Promise.all([child.output(), send(child, bytesOf(input))]);
  return ended(output);
}

/** Runs the program in a shell line, where it stands as `"$@"`, without input of its own. */
export async function runInShell(script: string, options: RunOptions = {}): Promise<Ended> {
  return ended(await shell(script, options, "null").output());
}

/** Starts the program in a shell line, where it stands as `"$@"`, with all three standard streams piped. */
export function startInShell(script: string, options: RunOptions = {}): Deno.ChildProcess {
  return shell(script, options, "piped").spawn();
}

function shell(script: string, options: RunOptions, stdin: "null" | "piped"): Deno.Command {
  const args = ["-c", script, "bash", ...commandLine(options).flat()];
  return command(["bash", args], options, stdin);
}

function command(
  [program, args]: [string, string[]],
  { env = {}, limitMs }: RunOptions,
  stdin: "null" | "piped",
): Deno.Command {
  const signal = timeLimit(limitMs);
  const streams = { stdin, stdout: "piped", stderr: "piped" } as const;
  return new Deno.Command(program, { args, cwd: ROOT, env, signal, ...streams });
}

function bytesOf(input: Uint8Array | string): Uint8Array {
  return typeof input === "string" ? new TextEncoder().encode(input) : input;
}

async function send(child: Deno.ChildProcess, bytes: Uint8Array): Promise<void> {
  const writer = child.stdin.getWriter();
  // A program that ends before it has read everything closes the pipe: its output tells what it did.
  await writer.write(bytes).then(() => writer.close()).catch(() => {});
}

function ended({ code, stdout, stderr }: Deno.CommandOutput): Ended {
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
