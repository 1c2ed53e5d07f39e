/**
 * Real servers and their clients, from Debian's packages, on loopback: found, started, awaited, stopped. Everything
 * that they write goes to a directory of their own. Imports nothing from lib/.
 *
 * @module
 */

import { Conversation, type Ended, LACKS_ADMIN } from "./program.ts";
import { freePort, until } from "./sockets.ts";

/** A client that does not end by then is stopped, unless the test says otherwise. */
const TIME_LIMIT_MS = 60_000;

/** Where programs are: servers, and PostgreSQL's own ones, are not in everybody's PATH. */
const PLACES = [
  ...newestFirst("/usr/lib/postgresql").map((version) => `${version}/bin`),
  ...(Deno.env.get("PATH") ?? "").split(":"),
  "/usr/sbin",
  "/usr/lib/postfix/sbin",
];

function newestFirst(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name)
      .sort((a, b) => Number(b) - Number(a)).map((name) => `${directory}/${name}`);
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function find(program: string): string | undefined {
  return PLACES.map((place) => `${place}/${program}`).find(isFile);
}

/** @returns Where a program is; its name where it is nowhere. */
export function pathOf(program: string): string {
  return find(program) ?? program;
}

/** What a test may need besides programs: IPv6 on loopback. */
export const IPV6 = "::1";

function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: IPV6, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

/** What a test may need besides programs: to make a network of its own. */
export const OWN_NETWORK = "permission to make network namespaces";

function mayMakeNetworks(): boolean {
  try {
    const args = ["--net", "bash", "-c", "ip link set lo up"];
    return new Deno.Command("unshare", { args, stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** What a test may need besides programs: to be run by root, as some servers have to be. */
export const ROOT = "rights of root";

function isRoot(): boolean {
  const { stdout } = new Deno.Command("id", { args: ["-u"] }).outputSync();
  return new TextDecoder().decode(stdout).trim() === "0";
}

/** What a test may need besides programs: that the program under test serves operators. */
export const ADMIN_SERVED = "service for operators";

/**
 * @returns The first of `needs`, programs, {@linkcode IPV6}, {@linkcode OWN_NETWORK}, {@linkcode ROOT} or
 * {@linkcode ADMIN_SERVED}, that is not to be had here.
 */
export function missing(needs: readonly string[]): string | undefined {
  return needs.find((need) => {
    if (need === IPV6) return !hasIpv6();
    if (need === OWN_NETWORK) return !mayMakeNetworks();
    if (need === ROOT) return !isRoot();
    if (need === ADMIN_SERVED) return LACKS_ADMIN !== undefined;
    return find(need) === undefined;
  });
}

/** Registers a test that needs something. Where that is missing it is skipped, and says so. */
export function testWith(
  needs: readonly string[],
  name: string,
  fn: () => void | Promise<void>,
): void {
  const lacking = missing(needs);
  const reason = lacking === ADMIN_SERVED ? LACKS_ADMIN : `no ${lacking} on this machine`;
  Deno.test({
    name: name + (lacking === undefined ? "" : ` (skipped: ${reason})`),
    ignore: lacking !== undefined,
    fn,
  });
}

/** A client that runs beside the test. */
export interface Running {
  child: Deno.ChildProcess;
  ended: Promise<Ended>;
}

/** Starts a client; one that does not end within `limitMs` is stopped. */
export function start(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
  limitMs = TIME_LIMIT_MS,
): Running {
  const child = new Deno.Command(pathOf(program), {
    args: [...args],
    env: { LC_ALL: "C", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(limitMs),
  }).spawn();
  const decoder = new TextDecoder();
  const ended = child.output().then(({ code, stdout, stderr }) => ({
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  }));
  return { child, ended };
}

/** Runs a client to its end; one that does not end within `limitMs` is stopped. */
export async function run(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
  limitMs = TIME_LIMIT_MS,
): Promise<Ended> {
  return await start(program, args, env, limitMs).ended;
}

/** A running poolgate that listens, at a free port of 127.0.0.1 unless the flags say otherwise. */
export class Gate implements AsyncDisposable {
  #poolgate: Conversation;
  #noting: Promise<void>;
  /** What it has written to stderr. */
  notes: string;
  /** Where it listens: `HOST:PORT`, or `unix:/path`. */
  readonly address: string;

  private constructor(poolgate: Conversation, address: string, notes: string) {
    this.#poolgate = poolgate;
    this.notes = notes;
    this.address = address;
    this.#noting = this.#note();
  }

  static async open(...args: string[]): Promise<Gate> {
    return new Gate(...await Conversation.listening(args));
  }

  get pid(): number {
    return this.#poolgate.pid;
  }

  get port(): number {
    return Number(this.address.slice(this.address.lastIndexOf(":") + 1));
  }

  /** Where it serves operators, as the beginning of a URL; only with `--admin`. */
  get admin(): string {
    return /admin at (http:\S+)\//.exec(this.notes)?.[1] ?? `no admin: ${this.notes}`;
  }

  /** What it tells Prometheus; only with `--admin`. */
  async metrics(): Promise<string> {
    return await (await fetch(`${this.admin}/metrics`)).text();
  }

  /** Its figures. */
  stats(): ReturnType<Conversation["stats"]> {
    return this.#poolgate.stats();
  }

  /** Waits until so many have a place, and so many wait for one. */
  async holds(active: number, queued: number): Promise<void> {
    let stats: Awaited<ReturnType<Gate["stats"]>> | undefined;
    try {
      await until(`${active} have a place and ${queued} wait`, async () => {
        stats = await this.stats();
        return stats.active === active && stats.queued === queued;
      });
    } catch (error) {
      throw new Error(`${JSON.stringify(stats)}, notes: ${this.notes}`, { cause: error });
    }
  }

  async #note(): Promise<void> {
    for (;;) {
      const notes = await this.#poolgate.note();
      if (notes === "") return;
      this.notes += notes;
    }
  }

  /** Ends it at once: whoever is still connected when a test is over has no part in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#poolgate.signal("SIGKILL");
    await this.#poolgate.exit();
    await this.#noting;
  }
}

/** A directory that is removed with all it holds. */
export class Directory implements AsyncDisposable {
  readonly path: string;
  /** Whether it belongs to root: then the tests run as root, and some servers refuse to. */
  readonly ofRoot: boolean;

  private constructor(path: string, ofRoot: boolean) {
    this.path = path;
    this.ofRoot = ofRoot;
  }

  static async make(): Promise<Directory> {
    const path = await Deno.makeTempDir({ prefix: "poolgate-" });
    return new Directory(path, (await Deno.stat(path)).uid === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** A process that serves until it is told to end. */
export class Server {
  #child: Deno.ChildProcess;
  #log: string;
  #over = false;

  /** @param log The file for what it writes to its standard streams. */
  constructor(program: string, args: string[], log: string) {
    const path = pathOf(program);
    this.#log = log;
    this.#child = new Deno.Command("bash", {
      args: ["-c", 'exec "$@" >> "$0" 2>&1', log, path, ...args],
      env: { LC_ALL: "C" },
      stdin: "null",
    }).spawn();
    this.#child.status.then(() => this.#over = true);
  }

  /** @returns Whether it serves; `false` when it ended before it did. */
  async serves(attempt: () => Promise<boolean>): Promise<boolean> {
    await until("the server serves", async () => this.#over || await attempt());
    return !this.#over;
  }

  /** Fails with what it has said, unless it serves. */
  async demand(attempt: () => Promise<boolean>): Promise<void> {
    if (await this.serves(attempt)) return;
    throw new Error(`no server: ${await Deno.readTextFile(this.#log)}`);
  }

  /** Sends a signal that does not end it. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    if (!this.#over) this.#child.kill(signal);
  }

  async end(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    if (!this.#over) this.#child.kill(signal);
    await this.#child.status;
  }
}

/** Whether somebody takes connections at a port of 127.0.0.1. */
export async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

const POSTGRES_USER = "postgres";

/** A PostgreSQL server that trusts everybody and does not care for its data. */
export class Postgres implements AsyncDisposable {
  #home: Directory;
  #settings: Record<string, string | number>;
  #server: Server | undefined;
  readonly port = freePort();
  /** For libpq's programs: how to reach it directly. */
  readonly env: Record<string, string>;

  private constructor(home: Directory, settings: Record<string, string | number>) {
    this.#home = home;
    this.#settings = settings;
    this.env = this.envFor(this.port);
  }

  /** Makes a server with its settings, and starts it. */
  static async start(settings: Record<string, string | number>): Promise<Postgres> {
    const home = await Directory.make();
    const postgres = new Postgres(home, settings);
    if (home.ofRoot) await run("chown", [POSTGRES_USER, home.path]);
    const [program, ...args] = postgres.#asUser("initdb", [
      ...["--pgdata", postgres.#data, "--username", POSTGRES_USER, "--auth", "trust"],
      ...["--no-locale", "--encoding", "UTF8", "--no-sync"],
    ]);
    const { code, stdout, stderr } = await run(program, args);
    if (code !== 0) throw new Error(`initdb: ${stdout}${stderr}`);
    await postgres.resume();
    return postgres;
  }

  /** A directory for its files, and for a test's. */
  get directory(): string {
    return this.#home.path;
  }

  get #data(): string {
    return `${this.directory}/data`;
  }

  /** For libpq's programs: how to reach it by way of a port. */
  envFor(port: number): Record<string, string> {
    return {
      ...{ PGHOST: "127.0.0.1", PGPORT: `${port}`, PGUSER: POSTGRES_USER, PGDATABASE: "postgres" },
      PGCONNECT_TIMEOUT: "60",
    };
  }

  /** The command for a program that refuses to run as root. */
  #asUser(program: string, args: string[]): [string, ...string[]] {
    const path = pathOf(program);
    if (!this.#home.ofRoot) return [path, ...args];
    const user = [`--reuid=${POSTGRES_USER}`, `--regid=${POSTGRES_USER}`, "--clear-groups"];
    return ["setpriv", ...user, path, ...args];
  }

  /** Starts the server, again where it has been stopped, and waits until it answers queries. */
  async resume(port = this.port): Promise<void> {
    const settings = {
      ...{ listen_addresses: "127.0.0.1", port, unix_socket_directories: this.directory },
      ...{ fsync: "off", ...this.#settings },
    };
    const [program, ...args] = this.#asUser("postgres", [
      ...["-D", this.#data],
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ]);
    const answers = async () => (await run("pg_isready", [], this.envFor(port))).code === 0;
    // One that was killed leaves processes behind, and it refuses to start until they have ended.
    await until("PostgreSQL starts", async () => {
      this.#server = new Server(program, args, `${this.directory}/log`);
      return await this.#server.serves(answers);
    });
  }

  /** Stops the server: orderly with SIGINT, at once with SIGQUIT, as a crash does with SIGKILL. */
  async stop(signal: "SIGINT" | "SIGQUIT" | "SIGKILL"): Promise<void> {
    await this.#server?.end(signal);
  }

  /** @returns How many clients there are of whom `condition` holds, besides the one that asks. */
  async count(condition: string): Promise<number> {
    return Number(await this.#query("count(*)", condition));
  }

  /** Ends the sessions of the clients of whom `condition` holds. */
  async dismiss(condition: string): Promise<void> {
    await this.#query("pg_terminate_backend(pid)", condition);
  }

  async #query(what: string, condition: string): Promise<string> {
    const others = "backend_type = 'client backend' and pid <> pg_backend_pid()";
    const sql = `select ${what} from pg_stat_activity where ${others} and ${condition}`;
    const { code, stdout, stderr } = await run("psql", ["-XAtc", sql], this.env);
    if (code !== 0) throw new Error(`${sql}: ${stderr}`);
    return stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGQUIT");
    await this.#home[Symbol.asyncDispose]();
  }
}

/** What a server runs as, where it refuses to run as root. */
const MYSQL_USER = "mysql";

/** A name that {@linkcode Mariadb} knows this machine by. */
const CLIENT_HOST = "clienthost";

/**
 * A MariaDB server that counts the connections which break off before they have logged in. It does
 * so only for hosts whose names it knows, loopback apart: so it has a list of names of its own, in
 * which this machine stands.
 */
export class Mariadb implements AsyncDisposable {
  #home: Directory;
  #server: Server;
  readonly host: string;
  readonly port: number;

  private constructor(home: Directory, server: Server, host: string, port: number) {
    this.#home = home;
    this.#server = server;
    this.host = host;
    this.port = port;
  }

  /** The first address of this machine that is none of loopback; `undefined` where it has none. */
  static async hostOf(): Promise<string | undefined> {
    const { stdout } = await run("hostname", ["--all-ip-addresses"]);
    return stdout.split(" ").find((address) => /^[\d.]+$/.test(address));
  }

  /** @param host An address of this machine, at which it listens, and from which it is reached. */
  static async start(host: string, settings: Record<string, string | number>): Promise<Mariadb> {
    const home = await Directory.make();
    const port = freePort();
    const names = `127.0.0.1 localhost\n${host} ${CLIENT_HOST}\n`;
    await Deno.writeTextFile(`${home.path}/hosts`, names);
    await run("chown", [MYSQL_USER, home.path]);
    const data = ["--no-defaults", `--user=${MYSQL_USER}`, `--datadir=${home.path}/data`];
    const install = ["--auth-root-authentication-method=normal", "--skip-test-db"];
    const { code, stderr } = await run("mariadb-install-db", [...data, ...install]);
    if (code !== 0) throw new Error(`mariadb-install-db: ${stderr}`);
    const all = { "bind-address": host, port, socket: `${home.path}/socket`, ...settings };
    const flags = Object.entries(all).map(([name, value]) => `--${name}=${value}`);
    const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
    const command = [find("mariadbd") ?? "mariadbd", ...data, ...flags];
    const args = ["--mount", "bash", "-c", script, `${home.path}/hosts`, ...command];
    const mariadb = new Mariadb(
      home,
      new Server("unshare", args, `${home.path}/log`),
      host,
      port,
    );
    await mariadb.#server.demand(async () => (await mariadb.query("select 1")) === "1");
    return mariadb;
  }

  /** What a query finds, as root over the Unix socket: that is no host that could be blocked. */
  async query(sql: string): Promise<string> {
    const flags = ["--no-defaults", "--user=root", `--socket=${this.#home.path}/socket`];
    return (await run("mariadb", [...flags, "-NBe", sql])).stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.end("SIGKILL");
    await this.#home[Symbol.asyncDispose]();
  }
}

/** A Redis server that keeps nothing. */
export class Redis implements AsyncDisposable {
  #home: Directory;
  #server: Server;
  readonly port: number;

  private constructor(home: Directory, server: Server, port: number) {
    this.#home = home;
    this.#server = server;
    this.port = port;
  }

  static async start(settings: Record<string, string | number>): Promise<Redis> {
    const home = await Directory.make();
    const port = freePort();
    const all = { bind: "127.0.0.1", port, dir: home.path, save: "", ...settings };
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    const server = new Server("redis-server", args, `${home.path}/log`);
    await server.demand(() => accepts(port));
    return new Redis(home, server, port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.end();
    await this.#home[Symbol.asyncDispose]();
  }
}

/** An nginx with all its files in a directory of its own. */
export class Nginx implements AsyncDisposable {
  #home: Directory;
  #server: Server;
  /** A port of the plain service. */
  readonly port: number;
  /** A port of a service that is told the client's address, and answers with it. */
  readonly proxyPort: number;

  private constructor(home: Directory, server: Server, port: number, proxyPort: number) {
    this.#home = home;
    this.#server = server;
    this.port = port;
    this.proxyPort = proxyPort;
  }

  /** @param locations More of what the plain service answers, in nginx's own words. */
  static async start(locations = ""): Promise<Nginx> {
    const home = await Directory.make();
    const [port, proxyPort] = [freePort(), freePort()];
    const config = nginxConfig(home, port, proxyPort, locations);
    await Deno.writeTextFile(`${home.path}/nginx.conf`, config);
    const args = ["-p", home.path, "-c", `${home.path}/nginx.conf`];
    const server = new Server("nginx", args, `${home.path}/log`);
    await server.demand(() => accepts(port));
    return new Nginx(home, server, port, proxyPort);
  }

  /** What it serves files from, and takes uploads into. */
  get directory(): string {
    return this.#home.path;
  }

  /** The path of the Unix socket of the plain service. */
  get socket(): string {
    return `${this.directory}/nginx.sock`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.end();
    await this.#home[Symbol.asyncDispose]();
  }
}

function nginxConfig(
  { path, ofRoot }: Directory,
  port: number,
  proxyPort: number,
  locations: string,
): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
    daemon off;
    ${ofRoot ? "user root;" : ""}
    worker_processes 1;
    pid ${path}/nginx.pid;
    error_log ${path}/log;
    events { worker_connections 512; }
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${path}/${name};`).join(" ")}
      client_max_body_size 0;
      client_body_buffer_size 1m;
      server {
        listen 127.0.0.1:${port};
        listen unix:${path}/nginx.sock;
        root ${path};
        location = /hello { return 200 "hello\\n"; }
        location = /status { stub_status; }
        location /uploads/ { dav_methods PUT; create_full_put_path on; }
        ${locations}
      }
      server {
        listen 127.0.0.1:${proxyPort} proxy_protocol;
        location / { return 200 "$proxy_protocol_addr $proxy_protocol_port"; }
      }
    }`;
}

/** What Prometheus knows of one series, or of one alert. */
export interface Found {
  /** Its labels; also its name, as `__name__`. */
  labels: Record<string, string>;
  value: number;
}

/** A Prometheus server with all its files in a directory of its own. */
export class Prometheus implements AsyncDisposable {
  #home: Directory;
  #server: Server;
  #url: string;

  private constructor(home: Directory, server: Server, url: string) {
    this.#home = home;
    this.#server = server;
    this.#url = url;
  }

  /** @param files Its configuration, `prometheus.yml`, and what that refers to, by name. */
  static async start(files: Record<string, string>): Promise<Prometheus> {
    const home = await Directory.make();
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${home.path}/${name}`, text);
    }
    const address = `127.0.0.1:${freePort()}`;
    const server = new Server("prometheus", [
      `--config.file=${home.path}/prometheus.yml`,
      `--storage.tsdb.path=${home.path}/data`,
      ...["--storage.tsdb.retention.time=1h", "--storage.tsdb.retention.size=64MB"],
      `--web.listen-address=${address}`,
    ], `${home.path}/log`);
    const prometheus = new Prometheus(home, server, `http://${address}`);
    await server.demand(() => prometheus.#isReady());
    return prometheus;
  }

  /** What a query finds now. */
  async query(query: string): Promise<Found[]> {
    const { result } = await this.#ask(`query?${new URLSearchParams({ query })}`);
    return result.map((
      { metric, value }: { metric: Found["labels"]; value: [number, string] },
    ) => ({
      labels: metric,
      value: Number(value[1]),
    }));
  }

  /** Its rules, by their names: whether they could be evaluated, and why not. */
  async rules(): Promise<Map<string, { health: string; lastError?: string }>> {
    const { groups } = await this.#ask("rules");
    return new Map(
      groups.flatMap(({ rules }: { rules: { name: string; health: string }[] }) => rules)
        .map((rule: { name: string; health: string }) => [rule.name, rule]),
    );
  }

  /** The names of the alerts that fire. */
  async firing(): Promise<string[]> {
    const alerts = await this.query(`ALERTS{alertstate="firing"}`);
    return alerts.map(({ labels }) => labels.alertname ?? "");
  }

  /** https://prometheus.io/docs/prometheus/latest/querying/api/ */
  async #ask(path: string) {
    const answer = await (await fetch(`${this.#url}/api/v1/${path}`)).json();
    if (answer.status !== "success") throw new Error(JSON.stringify(answer));
    return answer.data;
  }

  async #isReady(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.#url}/-/ready`);
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.end();
    await this.#home[Symbol.asyncDispose]();
  }
}
