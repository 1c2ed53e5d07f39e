/**
 * Makes pictures of the page in a real browser, before a real gate under a bounded load: idle, loaded, paused with the
 * changes open, with its upstream down, draining, and with the connection lost; then of two gates that share a pool,
 * also while their Redis is away, where there is one; at three widths, light and dark. They go into the folder that is
 * given. Imports nothing from lib/.
 *
 * @module
 */

import { Browser } from "./browser.ts";
import { freshPool, REDIS } from "./cluster/cluster.ts";
import { RedisServer } from "./cluster/redis_server.ts";
import { Conversation } from "./program.ts";
import { missing } from "./servers.ts";
import { Service } from "./service.ts";
import { Client, freePort, until } from "./sockets.ts";

const WIDTHS = { 390: 844, 1280: 800, 1920: 1080 };
const SCHEMES = ["light", "dark"] as const;

const PLACES = 150;
const BACKLOG = 400;
/** How many clients come at once, and again as soon as they are through. */
const CLIENTS = 600;
/** How long the load lasts before it is looked at, in milliseconds. */
const LOAD_MS = 20_000;
/** A gate that is there for longer is ended, in milliseconds. */
const SCENE_MS = 300_000;
/** How long the upstream takes for a client, in milliseconds. */
const WORK_MS = 600;
/** How many clients keep their places. */
const KEEPING = 12;
/** A client that was turned away comes again after so many milliseconds. */
const AGAIN_MS = 400;

const TOKEN = "sesame";

const USAGE = 2;

/** A gate before an upstream, and clients that come again and again. */
class Scene implements AsyncDisposable {
  #gate: Conversation;
  #service: Service;
  #upstreamPort: number;
  #address: string;
  #loading = false;
  #clients: Promise<void>[] = [];
  #keeping: Promise<unknown>[] = [];
  readonly admin: string;

  private constructor(gate: Conversation, service: Service, address: string, admin: string) {
    this.#gate = gate;
    this.#service = service;
    this.#upstreamPort = service.address.port;
    this.#address = address;
    this.admin = admin;
  }

  /** @param more Flags of the gate beside those that each has. */
  static async open(...more: string[]): Promise<Scene> {
    const service = new Service(work);
    const admin = `127.0.0.1:${freePort()}`;
    const [gate, address] = await Conversation.listening([
      ...["--admin", admin, "--admin-token", TOKEN, ...more],
      ...["--upstream", `127.0.0.1:${service.address.port}`],
      ...["--max-connections", `${PLACES}`, "--backlog-size", `${BACKLOG}`],
      ...["--reject-as", "close", "--queue-timeout", "5s", "--drain-timeout", "60s"],
    ], SCENE_MS);
    return new Scene(gate, service, address, `http://${admin}/`);
  }

  load(clients = CLIENTS): void {
    this.#loading = true;
    this.#clients = Array.from({ length: clients }, () => this.#comeAgain());
  }

  /** Lets nobody come any more. */
  rest(): void {
    this.#loading = false;
  }

  /** Lets clients come that stay, until the upstream or the gate ends. */
  async keepPlaces(): Promise<void> {
    for (let number = 0; number < KEEPING; number++) {
      const client = await Client.to(this.#address);
      await client.say("stay\n");
      const ended = client.socket.read(new Uint8Array(1)).catch(() => {});
      this.#keeping.push(ended.finally(() => client.close()));
    }
  }

  /** Sets a limit, so that the plot has a mark. */
  async limit(maxConnections: number): Promise<void> {
    await this.put("api/config", JSON.stringify({ max_connections: maxConnections }));
  }

  /** Changes something, as an operator does. */
  async put(path: string, body: string | null = null): Promise<void> {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const response = await fetch(`${this.admin}${path}`, { method: "PUT", headers, body });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`PUT ${path}: status ${response.status}`);
  }

  async state(): Promise<string> {
    return (await (await fetch(`${this.admin}api/stats`)).json()).last_minute.state;
  }

  async upstreamGoes(): Promise<void> {
    await this.#service[Symbol.asyncDispose]();
  }

  upstreamComes(): void {
    this.#service = new Service(work, this.#upstreamPort);
  }

  drain(): void {
    this.#gate.signal("SIGTERM");
  }

  async kill(): Promise<void> {
    this.#gate.signal("SIGKILL");
    await this.#gate.exit();
  }

  async #comeAgain(): Promise<void> {
    while (this.#loading) {
      const client = await Client.to(this.#address).catch(() => undefined);
      if (client !== undefined) {
        await client.say("work\n").catch(() => {});
        await client.rest();
        client.close();
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS * Math.random()));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#loading = false;
    await this.kill().catch(() => {});
    await Promise.all([...this.#clients, ...this.#keeping]);
    await this.#service[Symbol.asyncDispose]().catch(() => {});
  }
}

async function work(socket: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(64);
  const length = await socket.read(buffer) ?? 0;
  if (new TextDecoder().decode(buffer.subarray(0, length)).startsWith("stay")) {
    await socket.read(buffer);
    return;
  }
  await new Promise((resolve) => setTimeout(resolve, WORK_MS * (0.5 + Math.random())));
  await socket.write(new TextEncoder().encode("done\n"));
}

/** Makes the pictures of one state, by the pages that are open. */
async function shoot(folder: string, state: string, browsers: [string, Browser][]): Promise<void> {
  for (const [name, { page }] of browsers) {
    const path = `${folder}/${state}-${name}.png`;
    await page.screenshot({ path, fullPage: true });
    console.log(path);
  }
}

/** A page for each width and scheme, and one for a wall. */
async function browsersAt(url: string): Promise<[string, Browser][]> {
  const opened: [string, Browser][] = [];
  for (const [width, height] of Object.entries(WIDTHS)) {
    for (const colorScheme of SCHEMES) {
      const view = { width: Number(width), height, colorScheme };
      opened.push([`${width}-${colorScheme}`, await Browser.open(url, view)]);
    }
  }
  const wall = { width: 1920, height: 1080, colorScheme: "dark" } as const;
  opened.push(["wall-dark", await Browser.open(`${url}?wall`, wall)]);
  return opened;
}

/** Opens the changes with the token, where there are any. */
async function openChanges(browsers: [string, Browser][]): Promise<void> {
  for (const [, { page }] of browsers) {
    if (!await page.locator("#open-changes").isVisible()) continue;
    await page.locator("#open-changes").click();
    await page.locator("#token").fill(TOKEN);
    await page.locator("#token").press("Enter");
  }
}

/** Opens the pages of a scene, and closes them when its pictures are made. */
async function withBrowsers(
  { admin }: Scene,
  make: (
    shoot: (state: string, headline: string | RegExp) => Promise<void>,
    browsers: [string, Browser][],
  ) => Promise<void>,
  folder: string,
): Promise<void> {
  const browsers = await browsersAt(admin);
  try {
    await make(async (state, headline) => {
      for (const [, browser] of browsers) await browser.shows("#state", headline);
      await shoot(folder, state, browsers);
    }, browsers);
  } finally {
    for (const [, browser] of browsers) await browser[Symbol.asyncDispose]();
  }
}

function settle(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function shootOneGate(folder: string): Promise<void> {
  await using scene = await Scene.open();
  await withBrowsers(scene, async (shoot, browsers) => {
    await shoot("idle", "Ready");
    await scene.keepPlaces();
    scene.load();
    await settle(LOAD_MS / 2);
    await scene.limit(PLACES - 50);
    await settle(LOAD_MS / 2);
    await shoot("loaded", "Clients are turned away");
    await scene.put("api/pause");
    await openChanges(browsers);
    await shoot("paused", /^Paused/);
    await scene.put("api/resume");
    await scene.upstreamGoes();
    await settle(4000);
    await shoot("down", /^Upstream down/);
    scene.upstreamComes();
    await until("the upstream is back", async () => await scene.state() !== "upstream_down");
    scene.rest();
    await settle(3000);
    await scene.keepPlaces();
    await settle(1500);
    scene.drain();
    await shoot("draining", /^Draining/);
    await scene.kill();
    await shoot("lost", /^Connection lost/);
  }, folder);
}

async function shootTwoGates(folder: string): Promise<void> {
  await using redis = await RedisServer.start();
  const shared = ["--cluster", `redis://127.0.0.1:${redis.port}`, "--cluster-pool", freshPool()];
  await using scene = await Scene.open(...shared, "--cluster-gate", "front-1");
  await using other = await Scene.open(...shared, "--cluster-gate", "front-2");
  await withBrowsers(scene, async (shoot) => {
    await scene.keepPlaces();
    await other.keepPlaces();
    scene.load(CLIENTS / 3);
    await settle(LOAD_MS / 2);
    await other.put("api/pause?gate");
    await settle(1500);
    await shoot("cluster", "Clients have to wait");
    await redis.kill();
    await settle(4000);
    await shoot("cluster-away", /^Redis is away/);
    await redis.resume();
    await until("Redis is back", async () => await scene.state() !== "cluster_down");
    await settle(2000);
    await shoot("cluster-back", /./);
  }, folder);
}

async function main(): Promise<number> {
  const [folder, ...others] = Deno.args;
  if (folder === undefined || others.length > 0) {
    console.error(
      "deno task screenshots FOLDER: the folder that the pictures go into is to be given",
    );
    return USAGE;
  }
  await Deno.mkdir(folder, { recursive: true });
  try {
    await shootOneGate(folder);
    const lacking = missing(REDIS);
    if (lacking === undefined) await shootTwoGates(folder);
    else console.log(`no pictures of two gates: no ${lacking} on this machine`);
  } finally {
    await Browser.quit();
  }
  return 0;
}

Deno.exit(await main());
