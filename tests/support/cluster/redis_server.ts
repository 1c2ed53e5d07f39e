/**
 * A Redis, or a Valkey, that can be killed, stopped, emptied and started again, with what is in its
 * keys. Imports nothing from lib/.
 *
 * @module
 */

import { Directory, run, Server } from "../servers.ts";
import { freePort, until } from "../sockets.ts";

/** What keeps each write at once: nothing that was answered is lost by a kill of the process. */
export const DURABLE = { appendonly: "yes", appendfsync: "everysec" } as const;

/** Settings, as they stand in `redis.conf`. */
export type Settings = Readonly<Record<string, string | number>>;

/** How many members there are in the keys of one kind, by the kind. */
export type Members = Readonly<Record<string, number>>;

/** A server on loopback. */
export class RedisServer implements AsyncDisposable {
  #home: Directory;
  #program: string;
  #settings: Settings;
  #server: Server | undefined;
  readonly port = freePort();

  private constructor(home: Directory, program: string, settings: Settings) {
    this.#home = home;
    this.#program = program;
    this.#settings = settings;
  }

  /**
   * Makes a server, and starts it.
   *
   * @param program `redis-server` or `valkey-server`.
   */
  static async start(settings: Settings = {}, program = "redis-server"): Promise<RedisServer> {
    const redis = new RedisServer(await Directory.make(), program, settings);
    await redis.resume();
    return redis;
  }

  /** A directory for its files, and for a test's. */
  get directory(): string {
    return this.#home.path;
  }

  /** Starts it, again where it was stopped, and waits until it answers. */
  async resume(): Promise<void> {
    const all = {
      ...{ bind: "127.0.0.1", port: this.port, dir: this.directory, save: "" },
      ...this.#settings,
    };
    const args = Object.entries(all).flatMap(([name, value]) => [
      `--${name}`,
      ...`${value}`.split(" "),
    ]);
    this.#server = new Server(this.#program, args, `${this.directory}/log`);
    await this.#server.demand(async () => /PONG|NOAUTH/.test(await this.ask("ping")));
  }

  /** Kills it, as a crash does. */
  async kill(): Promise<void> {
    await this.#server?.end("SIGKILL");
  }

  /** Has it stand still. */
  freeze(): void {
    this.#server?.signal("SIGSTOP");
  }

  /** Ends {@linkcode freeze}. */
  thaw(): void {
    this.#server?.signal("SIGCONT");
  }

  /** Forgets what it keeps in its files. It must not run. */
  async forget(): Promise<void> {
    await Deno.remove(`${this.directory}/appendonlydir`, { recursive: true }).catch(() => {});
  }

  /** @returns What it answers, as `redis-cli` prints that. */
  async ask(...words: string[]): Promise<string> {
    const { stdout, stderr } = await run("redis-cli", [...this.#reach, ...words]);
    return `${stdout}${stderr}`.trim();
  }

  /** @returns What it answers to some commands, a line each at least. */
  async askAll(commands: readonly string[]): Promise<string> {
    const script = 'printf "%s\\n" "$0" | redis-cli "$@"';
    return (await run("bash", ["-c", script, commands.join("\n"), ...this.#reach])).stdout.trim();
  }

  get #reach(): string[] {
    return ["-h", "127.0.0.1", "-p", `${this.port}`];
  }

  /** @returns How many members there are in the keys of a pool. Gates' numbers are left out. */
  async members(pool: string): Promise<Members> {
    const found = await this.ask("--scan", "--pattern", `{poolgate:${pool}}*`);
    const keys = found === "" ? [] : found.split("\n");
    const types = keys.length === 0
      ? []
      : (await this.askAll(keys.map((key) => `type ${key}`))).split("\n");
    const counts: Record<string, number> = {};
    for (const [at, key] of keys.entries()) {
      const count = COUNTS[types[at] ?? ""];
      // One that went meanwhile has none.
      if (count === undefined) continue;
      const kind = key.slice(key.indexOf("}") + 1).replace(/\d+/g, "GATE");
      counts[kind] = (counts[kind] ?? 0) + Number(await this.ask(count, key));
    }
    return counts;
  }

  /** Follows all commands that it carries out, those of scripts too, until that is stopped. */
  async monitor(): Promise<() => Promise<string[]>> {
    const file = `${this.directory}/monitor`;
    const recording = new Server("redis-cli", [...this.#reach, "monitor"], file);
    const lines = async () => (await Deno.readTextFile(file).catch(() => "")).split("\n");
    await until("it is recorded", async () => (await lines())[0] === "OK");
    return async () => {
      // What comes before this has been written when this has.
      const mark = `poolgate-${crypto.randomUUID()}`;
      await this.ask("echo", mark);
      await until("all is recorded", async () => (await lines()).some((l) => l.includes(mark)));
      await recording.end();
      return (await lines()).slice(1);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.thaw();
    await this.kill();
    await this.#home[Symbol.asyncDispose]();
  }
}

/** The command that counts the members of a key of some type. */
const COUNTS: Readonly<Record<string, string>> = {
  ...{ hash: "hlen", zset: "zcard", set: "scard", list: "llen", stream: "xlen" },
};
