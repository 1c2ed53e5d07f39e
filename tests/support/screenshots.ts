/**
 * Makes pictures of the page in a real browser, before a real gate under a bounded load: idle, loaded,
 * with its upstream down, draining, and with the connection lost; at three widths, light and dark. They
 * go into the folder that is given. Imports nothing from lib/.
 *
 * @module
 */

import { Browser } from "./browser.ts";
import { Conversation } from "./program.ts";
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
/** How long the upstream takes for a client, in milliseconds. */
const WORK_MS = 600;
/** How many clients keep their places. */
const KEEPING = 12;
/** A client that was turned away comes again after so many milliseconds. */
const AGAIN_MS = 400;

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

  static async open(): Promise<Scene> {
    const service = new Service(work);
    const admin = `127.0.0.1:${freePort()}`;
    const [gate, address] = await Conversation.listening([
      ...["--admin", admin, "--admin-token", "sesame"],
      ...["--upstream", `127.0.0.1:${service.address.port}`],
      ...["--max-connections", `${PLACES}`, "--backlog-size", `${BACKLOG}`],
      ...["--reject-as", "close", "--queue-timeout", "5s", "--drain-timeout", "60s"],
    ]);
    return new Scene(gate, service, address, `http://${admin}/`);
  }

  load(): void {
    this.#loading = true;
    this.#clients = Array.from({ length: CLIENTS }, () => this.#comeAgain());
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
    const response = await fetch(`${this.admin}api/config`, {
      method: "PUT",
      headers: { authorization: "Bearer sesame" },
      body: JSON.stringify({ max_connections: maxConnections }),
    });
    await response.body?.cancel();
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

async function main(): Promise<number> {
  const [folder, ...others] = Deno.args;
  if (folder === undefined || others.length > 0) {
    console.error(
      "deno task screenshots FOLDER: the folder that the pictures go into is to be given",
    );
    return USAGE;
  }
  await Deno.mkdir(folder, { recursive: true });
  await using scene = await Scene.open();
  const browsers = await browsersAt(scene.admin);
  const shows = async (text: string | RegExp) => {
    for (const [, browser] of browsers) await browser.shows("#state", text);
  };
  const settle = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  try {
    await shows("Ready");
    await shoot(folder, "idle", browsers);
    await scene.keepPlaces();
    scene.load();
    await settle(LOAD_MS / 2);
    await scene.limit(PLACES - 50);
    await settle(LOAD_MS / 2);
    await shows("Clients are turned away");
    await shoot(folder, "loaded", browsers);
    await scene.upstreamGoes();
    await shows(/^Upstream down/);
    await settle(4000);
    await shoot(folder, "down", browsers);
    scene.upstreamComes();
    await until("the upstream is back", async () => await scene.state() !== "upstream_down");
    scene.rest();
    await settle(3000);
    await scene.keepPlaces();
    await settle(1500);
    scene.drain();
    await shows(/^Draining/);
    await shoot(folder, "draining", browsers);
    await scene.kill();
    await shows(/^Connection lost/);
    await shoot(folder, "lost", browsers);
  } finally {
    for (const [, browser] of browsers) await browser[Symbol.asyncDispose]();
    await Browser.quit();
  }
  return 0;
}

Deno.exit(await main());
