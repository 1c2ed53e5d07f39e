/** The page for operators in a real browser, before the real program. Imports nothing from lib/. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Browser, CHROMIUM, type View } from "../support/browser.ts";
import { Conversation } from "../support/program.ts";
import { ADMIN_SERVED, testWith } from "../support/servers.ts";
import { Service } from "../support/service.ts";
import { Client, freePort, until } from "../support/sockets.ts";

const TOKEN = "sesame";
const OPEN_CHANGES = "Change limits, pause, disconnect";
const NEEDS = [ADMIN_SERVED, CHROMIUM];

/** Longer than the page takes silence for a pause, by its own clock: it looks for it twice a second. */
const SILENCE_MS = 6000;

Deno.test.afterAll(Browser.quit);

/** A running poolgate with a page. */
class Watched implements AsyncDisposable {
  #poolgate: Conversation;
  #clients = new Set<Client>();
  #over = false;
  readonly port: number;
  readonly adminPort: number;

  private constructor(poolgate: Conversation, port: number, adminPort: number) {
    this.#poolgate = poolgate;
    this.port = port;
    this.adminPort = adminPort;
  }

  static async open(
    maxConnections: number,
    backlogSize: number,
    { adminPort = freePort(), flags = ["--admin-token", TOKEN] } = {},
  ): Promise<Watched> {
    const port = freePort();
    const [poolgate] = await Conversation.listening([
      ...["--listen", `127.0.0.1:${port}`, "--admin", `127.0.0.1:${adminPort}`],
      ...["--max-connections", `${maxConnections}`, "--backlog-size", `${backlogSize}`, ...flags],
    ]);
    return new Watched(poolgate, port, adminPort);
  }

  /** Opens its page; `query` is what its address ends with, such as `?wall`. */
  async browse(view?: View, query = ""): Promise<Browser> {
    return await Browser.open(`http://127.0.0.1:${this.adminPort}/${query}`, view);
  }

  /** Lets clients come, each one after the one before has been answered. */
  async clients(count: number): Promise<Client[]> {
    const clients: Client[] = [];
    for (let number = 0; number < count; number++) {
      const client = await Client.to(`127.0.0.1:${this.port}`);
      this.#clients.add(client);
      await client.line();
      clients.push(client);
    }
    return clients;
  }

  /** Lets a client come that hears nothing, and goes when the test disposes of it. */
  async comes(): Promise<AsyncDisposable> {
    const client = await Client.to(`127.0.0.1:${this.port}`);
    this.#clients.add(client);
    return { [Symbol.asyncDispose]: () => Promise.resolve(this.leave(client)) };
  }

  /** Asks the admin listener. */
  fetch(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.adminPort}${path}`);
  }

  /** Lets a client go. */
  leave(client: Client | undefined): void {
    if (client === undefined || !this.#clients.delete(client)) throw new Error("nobody to leave");
    client.close();
  }

  /** Sends a request on stdin, and waits for the reply. */
  async ask(body: Record<string, unknown>): Promise<void> {
    await this.#poolgate.say(`${JSON.stringify({ src: "c", dest: "n", body })}\n`);
    await this.#poolgate.hear();
  }

  stats(): ReturnType<Conversation["stats"]> {
    return this.#poolgate.stats();
  }

  signal(signal: Deno.Signal): void {
    this.#poolgate.signal(signal);
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.signal("SIGKILL");
    await this.#poolgate.exit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.kill();
  }
}

async function unlock({ page }: Browser, token = TOKEN): Promise<void> {
  // It is shown with the first figures.
  const opener = page.getByRole("button", { name: OPEN_CHANGES });
  await opener.waitFor();
  if (await opener.getAttribute("aria-expanded") === "false") await opener.click();
  await page.locator("#token").fill(token);
  await page.locator("#token").press("Enter");
}

/** The colours of the plot's lines in the present scheme, such as `#1a5fb4`. */
async function colours({ page }: Browser): Promise<string[]> {
  const style = "getComputedStyle(document.documentElement)";
  const names = ["--place", "--waiting", "--turned-away", "--let-in"];
  const texts = await Promise.all(
    names.map((name) => page.evaluate(`${style}.getPropertyValue("${name}")`)),
  );
  return texts.map((text) => String(text).trim());
}

/** Which of some colours the plot has, in more than a pixel or two. */
async function drawn({ page }: Browser, colours: string[]): Promise<string[]> {
  const counts = await page.evaluate(`(() => {
    const canvas = document.querySelector("#plot canvas");
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    return ${JSON.stringify(colours)}.map((colour) => {
      const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
      let count = 0;
      for (let at = 0; at < data.length; at += 4) {
        const near = wanted.every((value, offset) => Math.abs(data[at + offset] - value) < 24);
        if (near && data[at + 3] > 200) count++;
      }
      return count;
    });
  })()`) as number[];
  return colours.filter((_, index) => counts[index]! > 2);
}

/** Opens the page anew, so that a test can change what the stream tells, by {@linkcode alter}. */
async function intercept({ page }: Browser): Promise<void> {
  await page.addInitScript(`{
    globalThis.EventSource = class extends EventSource {
      addEventListener(name, hear) {
        super.addEventListener(name, (event) => {
          if (name !== "now") return hear(event);
          globalThis.hearAgain = () => {
            const now = JSON.parse(event.data);
            globalThis.alter?.(now);
            hear({ data: JSON.stringify(now) });
          };
          globalThis.hearAgain();
        });
      }
    };
  }`);
  await page.reload();
}

/** The page hears the last event again, and each one to come, as these statements change its `now`. */
async function alter({ page }: Browser, statements: string): Promise<void> {
  await page.evaluate(`globalThis.alter = (now) => { ${statements} }; globalThis.hearAgain?.()`);
}

/** Opens the page anew, so that {@linkcode written} knows what its plot writes. */
async function recordTexts({ page }: Browser): Promise<void> {
  await page.addInitScript(`{
    const { fillText } = CanvasRenderingContext2D.prototype;
    globalThis.written = [];
    CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
      globalThis.written = [...globalThis.written, text].slice(-200);
      return fillText.call(this, text, ...rest);
    };
  }`);
  await page.reload();
}

/** What the plot has written since it was asked last. */
async function written({ page }: Browser): Promise<string[]> {
  return await page.evaluate("globalThis.written.splice(0)") as string[];
}

/** Waits until the plot says something to those who do not see it. */
async function plotTells({ page }: Browser, what: RegExp): Promise<void> {
  const label = () => page.locator("#plot").getAttribute("aria-label");
  await until(`the plot tells ${what}`, async () => what.test(await label() ?? ""));
}

/** A property of an element's style, or of what stands before its content. */
async function styleOf(
  { page }: Browser,
  selector: string,
  property: string,
  pseudo?: "::before",
): Promise<string> {
  const element = `document.querySelector(${JSON.stringify(selector)})`;
  const style = `getComputedStyle(${element}, ${JSON.stringify(pseudo ?? null)})`;
  return String(await page.evaluate(`${style}.getPropertyValue("${property}")`));
}

/** At how many heights the plot's left half has a horizontal line of a colour, dashed or not. */
async function heights({ page }: Browser, colour: string): Promise<number> {
  return Number(
    await page.evaluate(`(() => {
    const canvas = document.querySelector("#plot canvas");
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const wanted = [1, 3, 5].map((at) => parseInt("${colour}".slice(at, at + 2), 16));
    let count = 0;
    let inside = false;
    for (let y = 0; y < height; y++) {
      const { data } = copy.getImageData(0, y, width / 2, 1);
      let found = 0;
      for (let at = 0; at < data.length; at += 4) {
        if (wanted.every((value, offset) => Math.abs(data[at + offset] - value) < 24)) found++;
      }
      const line = found > width / 10;
      if (line && !inside) count++;
      inside = line;
    }
    return count;
  })()`),
  );
}

testWith(NEEDS, "page: its numbers move as connections come, wait and go", async () => {
  await using poolgate = await Watched.open(2, 2);
  await using browser = await poolgate.browse();
  await browser.shows("#state", "Ready");
  await browser.shows("#connection", "live");
  await browser.shows("#listen", `127.0.0.1:${poolgate.port}`);
  await browser.shows("#active .meaning", "2 places free");
  await browser.shows("#no-clients", "Nobody.");
  await browser.shows("#expected .value", "is let in at once");
  const [first] = await poolgate.clients(5);
  await browser.shows("#active .reading", "2 of 2");
  await browser.shows("#queued .reading", "2 of 2");
  await browser.shows("#queued .meaning", "full: who comes now is turned away");
  await browser.shows("#state", "Clients are turned away");
  await browser.shows("#state-detail", "In the last minute: 1 turned away, 2 had to wait.");
  await browser.shows("#longest .detail", /^now, the oldest waits for \d/);
  await browser.shows("#rejected .value", "1");
  assertEquals(await browser.page.title(), "turning away 2/2 +2 poolgate");
  const { page } = browser;
  const rows = page.locator("#client-table tbody tr");
  await until("those with a place are listed", async () => await rows.count() === 2);
  await page.locator("#filter input[value=all]").check();
  await until("all are listed", async () => await rows.count() === 4);
  assertEquals(await page.getByRole("meter", { name: "Waiting" }).count(), 1);
  poolgate.leave(first);
  await browser.shows("#queued .reading", "1 of 2");
  await browser.shows("#promoted .detail", /\bin all 1/);
  await page.locator("#waits").waitFor();
  await page.locator("#filter input[value=queued]").check();
  await until("one is listed", async () => await rows.count() === 1);
  assertEquals(browser.problems, []);
});

testWith(NEEDS, "page: the plot draws its lines in the colours of either scheme", async () => {
  await using poolgate = await Watched.open(2, 2);
  await using browser = await poolgate.browse({ colorScheme: "light" });
  const draws = async (colours: string[]) => {
    await until(`it draws in ${colours}`, async () => {
      return (await drawn(browser, colours)).length === colours.length;
    });
  };
  const [first] = await poolgate.clients(7);
  await browser.shows("#rejected .value", "3");
  poolgate.leave(first);
  await browser.shows("#promoted .detail", /\bin all 1/);
  const light = await colours(browser);
  await draws(light);
  await browser.page.emulateMedia({ colorScheme: "dark" });
  const dark = await colours(browser);
  await draws(dark);
  assertEquals(await drawn(browser, light), []);
  await browser.page.setViewportSize({ width: 800, height: 600 });
  const width = "document.querySelector('#plot canvas').getBoundingClientRect().width";
  await until("the plot fits", async () => Number(await browser.page.evaluate(width)) < 800);
  await draws(dark);
  assertEquals(browser.problems, []);
});

testWith(NEEDS, "page: the token opens the changes, which are made for real", async () => {
  await using poolgate = await Watched.open(1, 5);
  await using browser = await poolgate.browse();
  const { page } = browser;
  const [first, second] = await poolgate.clients(4);
  await browser.shows("#active .reading", "1 of 1");
  assertEquals(await page.locator("#client-table button").first().isVisible(), false);

  assertEquals(await page.locator("form:visible").count(), 0);
  const below = Number(
    await page.evaluate(`document.documentElement.scrollHeight - scrollY -
      document.querySelector("#open-changes").getBoundingClientRect().top`),
  );
  assert(below < 150, `the button is not at the end, but ${below} pixels above it`);
  await unlock(browser, "open");
  await browser.shows("#notice", /^This token is wrong/);
  assertEquals(await page.locator("#limits-form").isVisible(), false);
  await unlock(browser);
  await browser.shows("#notice", "Unlocked.");
  assertEquals(await page.locator("#token-form").isVisible(), false);
  assertEquals(await page.locator("#backlog-size").inputValue(), "5");

  await page.locator("#max-connections").fill("3");
  await page.getByRole("button", { name: "Set limits" }).click();
  await browser.shows("#notice", /2 were let in/);
  await browser.shows("#active .reading", "3 of 3");
  const { max_connections, backlog_size, active } = await poolgate.stats();
  assertEquals([max_connections, backlog_size, active], [3, 5, 3]);

  await page.getByRole("button", { name: `Disconnect ${first!.name}` }).click();
  await browser.shows("dialog h2", `Disconnect ${first!.name}?`);
  await page.getByRole("button", { name: "Keep it" }).click();
  assertEquals(await page.locator("dialog").isVisible(), false);
  await page.getByRole("button", { name: `Disconnect ${second!.name}` }).click();
  await page.locator("dialog").getByRole("button", { name: "Disconnect" }).click();
  await browser.shows("#notice", /is disconnected/);
  await second!.rest();
  assertEquals([first!.ended, second!.ended], [false, true]);

  await page.getByRole("button", { name: "Lock again" }).click();
  assertEquals(await page.locator("#limits-form").isVisible(), false);
  assertEquals(await page.locator("#client-table button").first().isVisible(), false);
  assertEquals(browser.problems, []);
});

testWith(NEEDS, "page: a button pauses, and then resumes", async () => {
  await using poolgate = await Watched.open(2, 1);
  await using browser = await poolgate.browse();
  const { page } = browser;
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  await browser.shows("#state", "Ready");
  assertEquals(await button("Pause").count(), 0);
  await unlock(browser);
  await browser.shows("#notice", "Unlocked.");

  // The second click of a double click is not one for the button that stands there then.
  await button("Pause").dblclick();
  await browser.shows("#notice", "Paused: nobody is let in.");
  await browser.shows("#state", "Paused: nobody is let in");
  await browser.shows("#expected .detail", "as long as the pause lasts");
  await browser.shows("#active .meaning", "paused: nobody is let in");
  assertEquals(await page.title(), "paused 0/2 poolgate");
  const [first] = await poolgate.clients(2);
  await browser.shows("#queued .meaning", "full: who comes now is turned away");
  await browser.shows("#rejected .detail", /paused/);
  assertEquals(await button("Pause").count(), 0);

  await button("Resume").click();
  await browser.shows("#notice", "Resumed. One was let in by it.");
  await browser.shows("#state", "Clients are turned away");
  await browser.shows("#client-table .id bdi", first!.name);
  await button("Pause").focus();
  await page.keyboard.press("Enter");
  await browser.shows("#state", "Paused: nobody is let in");
  await page.keyboard.press("Enter");
  await browser.shows("#state", "Clients are turned away");
  await button("Lock again").click();
  assertEquals(await button("Pause").count(), 0);
  assertEquals(browser.problems, []);
});

testWith(
  NEEDS,
  "page: limits under edit are not overwritten, and bad ones not sent",
  async () => {
    await using poolgate = await Watched.open(1, 5);
    await using browser = await poolgate.browse();
    const { page } = browser;
    const max = page.locator("#max-connections");
    await unlock(browser);
    await poolgate.ask({ type: "pool_config", max_connections: 7, backlog_size: 6 });
    await until("the form follows", async () => await max.inputValue() === "7");
    await max.fill("12");
    await poolgate.ask({ type: "pool_config", max_connections: 8, backlog_size: 6 });
    await browser.shows("#active .limit", "of 8");
    await browser.shows(".present-max", "now 8");
    assertEquals(await max.inputValue(), "12");
    await max.fill("-1");
    await max.press("Enter");
    assertEquals(await page.locator("#max-connections:invalid").count(), 1);
    assertEquals((await poolgate.stats()).max_connections, 8);
    await page.getByRole("button", { name: "Undo" }).click();
    assertEquals(await max.inputValue(), "8");
    await max.fill("9007199254740991");
    await max.press("Enter");
    await browser.shows("#active .reading", "0 without a limit");
    assertEquals(browser.problems, []);
  },
);

testWith(
  NEEDS,
  "page: says that the connection is lost, and comes back to a new poolgate",
  async () => {
    await using poolgate = await Watched.open(2, 2);
    const { adminPort } = poolgate;
    await using browser = await poolgate.browse();
    const [first] = await poolgate.clients(4);
    await browser.shows("#legend .queued-value", "2");
    poolgate.leave(first);
    await browser.shows("#promoted .detail", "in all 1");
    await browser.shows("#legend .queued-value", "1");
    await poolgate.kill();
    await browser.shows("#state", /^Connection lost \d+ s ago, trying again$/);
    assertEquals(await browser.page.title(), "lost 2/2 +1 poolgate");
    await using next = await Watched.open(7, 2, { adminPort });
    await browser.shows("#active .reading", "0 of 7");
    await browser.shows("#connection", "live");
    await browser.shows("#listen", `127.0.0.1:${next.port}`);
    // Of the last ten minutes, those of the new one are known.
    await plotTells(browser, /at most 0 waiting/);
    assertEquals(await browser.page.title(), "0/7 poolgate");
    assertEquals(browser.problems, []);
  },
);

testWith(
  NEEDS,
  "page: comes back when the stream was refused, or has fallen silent",
  async () => {
    await using poolgate = await Watched.open(2, 2);
    await using browser = await poolgate.browse();
    const { page } = browser;
    await page.clock.install();
    await page.reload();
    await browser.shows("#connection", "live");
    const refused: number[] = [];
    await page.route("**/api/events", (route) => {
      refused.push(performance.now());
      return route.fulfill({ status: 503 });
    });
    poolgate.signal("SIGSTOP");
    await page.clock.runFor(SILENCE_MS);
    await until("it has tried again twice", () => refused.length === 2);
    // Refused, it tries again sooner than it gives up on silence.
    assert(refused[1]! - refused[0]! < 4500, `${refused}`);
    await browser.shows("#state", /^Connection lost/);
    await page.unroute("**/api/events");
    poolgate.signal("SIGCONT");
    await browser.shows("#connection", "live");
    assertEquals(browser.problems, []);
  },
);

testWith(
  NEEDS,
  "page: waits 15 s for the first event, as a proxy may hold it back, and 5 s for each other",
  async () => {
    await using poolgate = await Watched.open(2, 2);
    await using browser = await poolgate.browse();
    const { page } = browser;
    let asked = 0;
    await page.clock.install();
    await page.route("**/api/events", async (route) => {
      if (++asked > 1) await route.continue();
    });
    await page.reload();
    await until("it has asked", () => asked === 1);
    await page.clock.runFor(13_000);
    assertEquals(asked, 1);
    await page.clock.runFor(3000);
    await until("it asks again", () => asked === 2);
    await browser.shows("#connection", "live");
    poolgate.signal("SIGSTOP");
    await page.clock.runFor(3000);
    assertEquals(asked, 2);
    await page.clock.runFor(3000);
    await until("it asks once more", () => asked === 3);
    poolgate.signal("SIGCONT");
    await browser.shows("#connection", "live");
    assertEquals(browser.problems, []);
  },
);

testWith(
  NEEDS,
  "page: each of several upstreams has a row, which says why it is down",
  async () => {
    const greet = async (socket: Deno.TcpConn) => {
      await socket.write(new TextEncoder().encode("ready\n"));
      await socket.read(new Uint8Array(1));
    };
    await using first = new Service(greet);
    const second = new Service(greet);
    const [a, b] = [first, second].map(({ address }) => `127.0.0.1:${address.port}`);
    const flags = ["--upstream", `${a}`, "--upstream", `${b}`];
    await using poolgate = await Watched.open(5, 5, { flags });
    await using browser = await poolgate.browse();
    await poolgate.clients(2);
    await browser.shows("#upstream", `${a}, ${b}`);
    await browser.shows(
      "#upstreams tbody tr:nth-child(1)",
      new RegExp(`${a}\\s*1 connection\\s*up`),
    );
    await browser.shows(
      "#upstreams tbody tr:nth-child(2)",
      new RegExp(`${b}\\s*1 connection\\s*up`),
    );
    await second[Symbol.asyncDispose]();
    await poolgate.clients(2);
    await browser.shows("#upstreams .down .state", /^down: .*refused/);
    await browser.shows("#state", "Ready");
    await browser.shows("#state-detail", /; of 2 upstreams, 1 is down\.$/);
    await browser.shows("#upstreams .up .number", "3 connections");
    assertEquals(browser.problems, []);
  },
);

testWith(NEEDS, "page: a client is ending until its upstream has ended", async () => {
  const { promise: work, resolve: finish } = Promise.withResolvers<void>();
  await using service = new Service(async (socket) => {
    await socket.write(new TextEncoder().encode("ready\n"));
    await work;
  });
  const upstream = `127.0.0.1:${service.address.port}`;
  const flags = ["--admin-token", TOKEN, "--upstream", upstream];
  await using poolgate = await Watched.open(1, 5, { flags });
  await using browser = await poolgate.browse();
  const { page } = browser;
  const [client] = await poolgate.clients(1) as [Client];
  await browser.shows("#client-table .state", "joined");
  await unlock(browser);
  await page.getByRole("button", { name: `Disconnect ${client.name}` }).click();
  await page.locator("dialog").getByRole("button", { name: "Disconnect" }).click();
  await browser.shows("#notice", /is disconnected. Its place is free when the upstream has ended/);
  await browser.shows("#client-table .state", "ending");
  assertEquals(await client.line(), undefined);
  finish();
  await browser.shows("#active .reading", "0 of 1");
  assertEquals(browser.problems, []);
});

testWith(NEEDS, "page: is loaded anew when another version of poolgate answers", async () => {
  await using poolgate = await Watched.open(2, 2);
  await using browser = await poolgate.browse();
  const { page } = browser;
  await page.clock.install();
  await page.reload();
  await browser.shows("#connection", "live");
  await page.evaluate("document.title = globalThis.before = 'before'");
  const stats = await (await fetch(`http://127.0.0.1:${poolgate.adminPort}/api/stats`)).json();
  const now = {
    ...{ sample: [Date.now() / 1000, 0, 0, 0, 0, 2, 2], marks: [] },
    ...{ stats: { ...stats, version: "99.0.0" }, waits: { bounds: [1], counts: [0, 0] } },
  };
  const body = `event: now\ndata: ${JSON.stringify(now)}\n\n`;
  const { promise: lost, resolve: answer } = Promise.withResolvers<void>();
  await page.route("**/api/events", async (route) => {
    await lost;
    await route.fulfill({ status: 200, contentType: "text/event-stream", body });
  }, { times: 1 });
  poolgate.signal("SIGSTOP");
  await page.clock.runFor(SILENCE_MS);
  await browser.shows("#state", /^Connection lost/);
  answer();
  await until("the other version has answered", async () => {
    poolgate.signal("SIGCONT");
    return await page.evaluate("globalThis.before").catch(() => "loading") === undefined;
  });
  await browser.shows("#connection", "live");
  await browser.shows("#version", stats.version);
  assertEquals(browser.problems, []);
});

testWith(NEEDS, "page: fits a phone, and shows any id as text", async () => {
  await using poolgate = await Watched.open(9, 2);
  const ids = ["<img src=x onerror=alert(1)>", "a/b ?#&%", "\u202egro.live", "x".repeat(256)];
  for (const client_id of ids) await poolgate.ask({ type: "pool_connect", client_id });
  await using browser = await poolgate.browse({ width: 360, height: 740 });
  const { page } = browser;
  await unlock(browser);
  await browser.shows("#notice", "Unlocked.");
  await until(
    "all are listed",
    async () => await page.locator("#client-table tr .id").count() === 4,
  );
  assertEquals((await page.locator("#client-table .id bdi").allInnerTexts()).sort(), ids.sort());
  assertEquals(await page.locator("img").count(), 0);
  const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
  assertEquals(await page.evaluate(overflow), 0);
  const heights = "[...document.querySelectorAll('tbody tr')].map((row) => row.offsetHeight)";
  const tallest = Math.max(...await page.evaluate(heights) as number[]);
  assert(tallest > 0 && tallest < 150, `a row is ${tallest} pixels tall`);
  await page.getByRole("button", { name: "Disconnect a/b ?#&%" }).click();
  await page.locator("dialog").getByRole("button", { name: "Disconnect" }).click();
  await browser.shows("#active .reading", "3 of 9");
  assertEquals(browser.problems, []);
});

testWith(
  NEEDS,
  "page: a keyboard is enough, and keeps its place while rows change",
  async () => {
    await using poolgate = await Watched.open(2, 5);
    await using browser = await poolgate.browse();
    const { page } = browser;
    const [first, second, third, fourth] = await poolgate.clients(4);
    await browser.shows("#queued .reading", "2 of 5");
    await page.keyboard.press("Tab");
    assertEquals(await browser.focused(), "skip");
    await page.keyboard.press("Enter");
    await browser.tabTo("open-changes");
    await page.keyboard.press("Enter");
    assertEquals(await browser.focused(), "token");
    await page.keyboard.type(TOKEN);
    await page.keyboard.press("Enter");
    await browser.shows("#notice", "Unlocked.");
    const stateOf = (client?: Client) => `tr:has([aria-label="Disconnect ${client?.name}"]) .state`;
    const button = `Disconnect ${fourth!.name}`;
    await page.locator("#filter input[value=all]").check();
    await until(
      "all are listed",
      async () => await page.locator("#client-table .id").count() === 4,
    );
    await browser.tabTo(button);
    poolgate.leave(first);
    await browser.shows(stateOf(third), "connected");
    assertEquals(await browser.focused(), button);
    poolgate.leave(second);
    await browser.shows(stateOf(fourth), "connected");
    assertEquals(await browser.focused(), button);
    await page.keyboard.press("Space");
    await browser.shows("dialog h2", `${button}?`);
    await page.keyboard.press("Escape");
    assertEquals(await browser.focused(), button);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    assertEquals(await browser.focused(), "grave confirm");
    await page.keyboard.press("Enter");
    await browser.shows("#notice", /is disconnected/);
    await fourth!.rest();
    assertEquals([third!.ended, fourth!.ended], [false, true]);
    await until("the focus is kept near", async () => await browser.focused() === "clients");
    assertEquals(browser.problems, []);
  },
);

testWith(NEEDS, "page: offers no changes without --admin-token, and says how", async () => {
  await using poolgate = await Watched.open(2, 0, { flags: [] });
  await using browser = await poolgate.browse();
  await browser.shows("#no-changes", /--admin-token/);
  assertEquals(await browser.page.locator("#changes form:visible").count(), 0);
  await browser.shows("#queued .meaning", "no queue: who finds no place is turned away");
  assertStringIncludes(await browser.page.title(), "0/2");
  assertEquals(browser.problems, []);
});

testWith(
  NEEDS,
  "page: under constant overload, the headline changes once and then stands",
  async () => {
    await using poolgate = await Watched.open(1, 1);
    await using browser = await poolgate.browse();
    const { page } = browser;
    await intercept(browser);
    await browser.shows("#state", "Ready");
    await page.evaluate(`{
    globalThis.headlines = [];
    const state = document.querySelector("#state");
    new MutationObserver(() => globalThis.headlines.push(state.textContent))
      .observe(state, { childList: true, characterData: true, subtree: true });
  }`);
    const isTold = async (state: string) => {
      await alter(browser, `globalThis.moment = now.stats.state`);
      await until(`it is told ${state}`, async () => await page.evaluate("moment") === state);
    };
    // The queue is full at one moment and has room at the next.
    for (let round = 0; round < 3; round++) {
      const clients = await poolgate.clients(3);
      await isTold("full");
      for (const client of clients) poolgate.leave(client);
      await isTold("ready");
    }
    assertEquals(await page.evaluate("globalThis.headlines"), ["Clients are turned away"]);
    assertEquals(browser.problems, []);
  },
);

testWith(NEEDS, "page: each state has its headline, and the colour of what it means", async () => {
  await using poolgate = await Watched.open(2, 2);
  await using browser = await poolgate.browse();
  await intercept(browser);
  await browser.shows("#state", "Ready");
  const states = {
    draining: ["Draining: new clients are refused", "--held"],
    upstream_down: ["Upstream down: nobody is let in", "--fault"],
    cluster_down: ["Redis is away: nobody is let in", "--fault"],
    paused: ["Paused: nobody is let in", "--held"],
    turning_away: ["Clients are turned away", "--turned-away"],
    waiting: ["Clients have to wait", "--waiting"],
  };
  for (const [state, [headline, property]] of Object.entries(states)) {
    await alter(browser, `now.stats.last_minute.state = "${state}"`);
    await browser.shows("#state", headline!);
    const band = await browser.page.evaluate(`{
      const probe = document.body.appendChild(document.createElement("i"));
      probe.style.color = "var(${property})";
      const colour = getComputedStyle(probe).color;
      probe.remove();
      colour;
    }`);
    assertEquals(await styleOf(browser, "#header", "background-color"), band, state);
  }
  await alter(
    browser,
    `now.stats.state = "draining"; now.stats.drain_seconds_left = 7;
    now.stats.last_minute.state = "draining"`,
  );
  await browser.shows("#state-detail", /; it ends in 7 s at most\.$/);
  assertEquals(browser.problems, []);
});

testWith(
  NEEDS,
  "page: what matters on a wall stands large: turned away, longest wait, expected wait",
  async () => {
    await using poolgate = await Watched.open(2, 2);
    await using browser = await poolgate.browse();
    await intercept(browser);
    await alter(
      browser,
      `Object.assign(now.stats, {
    expected_wait_seconds: { p10: 8, p50: 12, p90: 15 },
    wait_seconds: { count: 354, p50: 1.2, p90: 2.71, p99: 3.03, longest: 3.06 },
    oldest_wait_seconds: 2, queued: 1,
  }); now.stats.last_minute.rejected = 1323`,
    );
    await browser.shows("#rejected .value", "1,323");
    await browser.shows("#longest .value", "3.1 s");
    await browser.shows("#longest .detail", "now, the oldest waits for 2 s");
    await browser.shows(
      "#expected",
      /A client that comes now\s+waits about 12 s\s+eight in ten: 8 s to 15 s/,
    );
    await browser.shows(
      "#wait",
      /1\.2 s\s+p50\s+2\.7 s\s+p90\s+3 s\s+p99\s+3\.1 s\s+longest\s+of 354/,
    );
    for (const figure of ["#rejected", "#longest"]) {
      const size = parseFloat(await styleOf(browser, `${figure} .value`, "font-size"));
      assert(size >= 40, `${figure} is ${size} pixels high`);
    }
    await alter(
      browser,
      "now.stats.oldest_wait_seconds = 75; now.stats.expected_wait_seconds = null",
    );
    await browser.shows("#longest .value", "1.3 min");
    await browser.shows("#expected .value", "unknown");
    await alter(browser, "now.stats.expected_wait_seconds = { p10: 0, p50: 0, p90: 0 }");
    await browser.shows("#expected .value", "is let in at once");
    assertEquals(browser.problems, []);
  },
);

testWith(NEEDS, "page: one colour means one thing in gauges, legend and table", async () => {
  await using poolgate = await Watched.open(2, 2);
  await using browser = await poolgate.browse();
  await poolgate.clients(4);
  await browser.page.locator("#filter input[value=all]").check();
  await browser.shows("#client-table tr.queued:last-child .state", "waiting");
  for (const colorScheme of ["light", "dark"] as const) {
    await browser.page.emulateMedia({ colorScheme });
    const of = async (kind: string) => [
      await styleOf(browser, `#${kind} .fill`, "background-color"),
      await styleOf(browser, `#legend .swatch.${kind}`, "background-color", "::before"),
      await styleOf(browser, `#client-table .${kind} .swatch`, "background-color", "::before"),
    ];
    const [places, waiting] = [await of("active"), await of("queued")];
    assertEquals([new Set(places).size, new Set(waiting).size], [1, 1], `${places} ${waiting}`);
    assert(places[0] !== waiting[0], `both are ${places[0]}`);
  }
  assertEquals(browser.problems, []);
});

testWith(
  NEEDS,
  "page: the plot names its axes, limits and marks, and shows only the time there is",
  async () => {
    await using poolgate = await Watched.open(3, 4);
    await using browser = await poolgate.browse();
    await recordTexts(browser);
    await poolgate.clients(4);
    await browser.shows("#legend .queued-value", "1");
    await written(browser);
    await poolgate.ask({ type: "pool_config", max_connections: 3, backlog_size: 5 });
    await browser.shows(
      "#marks li",
      /^\d\d:\d\d:\d\d the limits were changed: backlog_size 4 -> 5$/,
    );
    let texts: string[] = [];
    const writes = async (...wanted: string[]) => {
      await written(browser);
      await until(`it writes ${wanted}`, async () => {
        texts.push(...await written(browser));
        return wanted.every((text) => texts.includes(text));
      });
    };
    await writes(
      "clients",
      "clients a second",
      "time of day",
      "limit of places 3",
      "limit of queue 5",
      "limits",
    );
    const times = texts.filter((text) => /^\d\d:\d\d:\d\d$/.test(text));
    const seconds = times.map((time) => Date.parse(`1970-01-01T${time}Z`) / 1000);
    assert(times.length >= 2, `${texts}`);
    assert(Math.max(...seconds) - Math.min(...seconds) < 120, `${times}`);

    // A limit far above all lines is told, and does not press them flat.
    await poolgate.ask({ type: "pool_config", max_connections: 3, backlog_size: 5000 });
    texts = [];
    await writes("limit of places 3", "limit of queue 5,000 \u2191");
    assertEquals(browser.problems, []);
  },
);

testWith(
  NEEDS,
  "page: the plot shows an hour or a day when asked, with its marks, and goes on",
  async () => {
    await using poolgate = await Watched.open(3, 4);
    await using browser = await poolgate.browse();
    const { page } = browser;
    const now = Math.floor(Date.now() / 1000);
    const asked: string[] = [];
    await page.route("**/api/history?*", async (route) => {
      asked.push(new URL(route.request().url()).search);
      const real = await (await route.fetch()).json();
      const samples = Array.from(
        { length: 600 },
        (_, at) => [now - 3005 + 5 * at, 3, 77, 0, 0, 30, 50],
      );
      const marks = [{ time: now - 1200, kind: "paused", text: "" }];
      await route.fulfill({ json: { ...real, samples, marks } });
    });
    await recordTexts(browser);
    await browser.shows("#connection", "live");
    await page.locator("#span input[value='1h']").check();
    await browser.shows("#marks li", /an operator has paused poolgate$/);
    await plotTells(browser, /at most 77 waiting/);
    const held = String(
      await page.evaluate(
        "getComputedStyle(document.documentElement).getPropertyValue('--held')",
      ),
    ).trim();
    const [place, waiting] = await colours(browser);
    await until("each line and its limit is drawn", async () => {
      return await heights(browser, place!) === 2 && await heights(browser, waiting!) === 2;
    });
    await until("its mark is drawn", async () => (await drawn(browser, [held])).length === 1);
    await plotTells(browser, /^[^:]*: now 0 /);
    await page.locator("#span input[value='24h']").check();
    await until("the day is asked for", () => asked.length === 2);
    assertEquals(asked, ["?span=1h", "?span=24h"]);
    await page.locator("#span input[value='10m']").check();
    await plotTells(browser, /at most 0 waiting/);
    await until("its marks are its own", async () => await page.locator("#marks li").count() === 0);
    assertEquals(browser.problems, []);
  },
);

testWith(
  NEEDS,
  "page: the histogram has only the rows from the first to the last filled one",
  async () => {
    await using poolgate = await Watched.open(2, 2);
    await using browser = await poolgate.browse();
    await intercept(browser);
    await alter(browser, "now.waits = { bounds: [1, 2, 3, 4, 5], counts: [0, 3, 0, 2, 0, 0] }");
    await browser.shows("#waits tbody", /^up to 2 s\s+3\s+up to 3 s\s+up to 4 s\s+2\s*$/);
    await alter(browser, "now.waits = { bounds: [1, 2, 3, 4, 5], counts: [0, 0, 0, 0, 0, 7] }");
    await browser.shows("#waits tbody", /^longer\s+7\s*$/);
    assertEquals(browser.problems, []);
  },
);

testWith(
  NEEDS,
  "page: of 150 with a place and 1,200 that wait, those with a place come at once, in pages",
  async () => {
    await using poolgate = await Watched.open(150, 1200);
    for (let number = 0; number < 1350; number++) {
      await poolgate.ask({ type: "pool_connect", client_id: `client ${number}` });
    }
    await using browser = await poolgate.browse();
    const { page } = browser;
    const ids = () => page.locator("#client-table .id bdi").allInnerTexts();
    const lists = async (what: string, from: number, step: number) => {
      const wanted = Array.from({ length: 25 }, (_, at) => `client ${from + step * at}`);
      await until(`${what} are listed`, async () => `${await ids()}` === `${wanted}`);
    };
    await lists("the first with a place", 0, 1);
    assertEquals(await page.locator("#client-table tr.queued").count(), 0);
    await browser.shows("#filter", /with a place 150\s+waiting 1,200\s+all/);
    await browser.shows("#clients .page-number", "page 1 of 6");
    await page.locator("#clients .next").click();
    await lists("the next", 25, 1);
    await browser.shows("#clients .page-number", "page 2 of 6");
    await page.locator("#clients .back").click();
    await lists("the first again", 0, 1);
    assertEquals(await page.locator("#clients .back").isDisabled(), true);
    await page.locator("#clients .next").click();
    await lists("the next again", 25, 1);
    await page.locator("#client-sort").selectOption("shortest");
    await lists("the latest", 149, -1);
    await page.locator("#filter input[value=queued]").check();
    await lists("the latest that wait", 1349, -1);
    await browser.shows("#clients .page-number", "page 1 of 48");
    await page.locator("#client-search").fill("client 134");
    await until("those found are listed", async () => (await ids()).length === 10);
    await browser.shows("#clients .total", "10 found");
    await page.locator("#clients .pages").waitFor({ state: "hidden" });
    assertEquals(browser.problems, []);
  },
);

testWith(NEEDS, "page: lists who holds the places by address", async () => {
  await using poolgate = await Watched.open(2, 1);
  await using browser = await poolgate.browse();
  await browser.shows("#no-sources", "Nobody.");
  await poolgate.clients(4);
  await browser.shows("#sources tbody tr", /^127\.0\.0\.1\s+2\s+1\s+1\s+\d+ s$/);
  await poolgate.ask({ type: "pool_config", max_connections: 9, backlog_size: 9 });
  for (const client_id of ["a", "b", "c", "d"]) {
    await poolgate.ask({ type: "pool_connect", client_id });
  }
  await browser.shows("#sources tbody tr:first-child th", "no address (stdin, Unix sockets)");
  await browser.page.locator("#source-sort").selectOption("rejected");
  await browser.shows("#sources tbody tr:first-child th", "127.0.0.1");
  assertEquals(browser.problems, []);
});

testWith(
  NEEDS,
  "page: while the upstream is down, a client is being connected, and not joined",
  async () => {
    const service = new Service();
    const upstream = `127.0.0.1:${service.address.port}`;
    await using poolgate = await Watched.open(2, 2, { flags: ["--upstream", upstream] });
    await using browser = await poolgate.browse();
    await browser.shows("#state", "Ready");
    await service[Symbol.asyncDispose]();
    await using _client = await poolgate.comes();
    await browser.shows("#state", "Upstream down: nobody is let in");
    await browser.shows("#state-detail", /why it is down: .*refused/);
    await browser.shows("#active .meaning", /; 1 being connected$/);
    await browser.shows("#client-table .state", "being connected");
    await browser.shows("#marks li", /the upstream went down: .*refused/);
    await browser.shows("#expected .detail", "as long as the upstream is down");
    assertEquals(browser.problems, []);
  },
);

testWith(
  NEEDS,
  "page: on a wall, only state, gauges and plot are shown, on one screen",
  async () => {
    await using poolgate = await Watched.open(2, 2);
    await using browser = await poolgate.browse({ width: 1920, height: 1080 }, "?wall");
    const { page } = browser;
    await poolgate.clients(5);
    await browser.shows("#rejected .value", "1");
    for (const shown of ["#state", "#active", "#queued", "#rejected", "#longest", "#plot canvas"]) {
      await page.locator(shown).waitFor();
    }
    for (
      const hidden of ["#clients", "#sources", "#changes", "#waits-name", "#promoted", ".facts"]
    ) {
      assertEquals(await page.locator(hidden).isVisible(), false, hidden);
    }
    const overflow = "document.documentElement.scrollHeight - innerHeight";
    assertEquals(await page.evaluate(overflow), 0);
    const asked = await page.evaluate(
      "performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)",
    ) as string[];
    assert(asked.includes("/page.css"), `${asked}`);
    assertEquals(asked.filter((path) => /api\/(clients|sources)/.test(path)), []);
    assertEquals(browser.problems, []);
  },
);
