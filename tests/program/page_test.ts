/** The page for operators in a real browser, before the real program. Imports nothing from lib/. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Browser, CHROMIUM, type View } from "../support/browser.ts";
import { Conversation } from "../support/program.ts";
import { ADMIN_SERVED, testWith } from "../support/servers.ts";
import { Service } from "../support/service.ts";
import { Client, freePort, until } from "../support/sockets.ts";

const TOKEN = "sesame";
const NEEDS = [ADMIN_SERVED, CHROMIUM];

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

  /** Opens its page. */
  async browse(view?: View): Promise<Browser> {
    return await Browser.open(`http://127.0.0.1:${this.adminPort}/`, view);
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
  await page.locator("#token").fill(token);
  await page.locator("#token").press("Enter");
}

/** The colours of the plot's lines in the present scheme, such as `#1a5fb4`. */
async function colours({ page }: Browser): Promise<string[]> {
  const style = "getComputedStyle(document.documentElement)";
  const names = ["--active", "--queued", "--rejected", "--promoted"];
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

testWith(NEEDS, "page: its numbers move as connections come, wait and go", async () => {
  await using poolgate = await Watched.open(2, 2);
  await using browser = await poolgate.browse();
  await browser.shows("#state", "Ready");
  await browser.shows("#connection", "live");
  await browser.shows("#listen", `127.0.0.1:${poolgate.port}`);
  await browser.shows("#active .meaning", "2 places free");
  await browser.shows("#clients", /Nobody/);
  const [first, , third] = await poolgate.clients(5);
  await browser.shows("#active .reading", "2 of 2");
  await browser.shows("#queued .reading", "2 of 2");
  await browser.shows("#queued .meaning", "full: who comes now is turned away");
  await browser.shows("#state", "Full: new clients are turned away");
  await browser.shows("#oldest .detail", third!.name);
  await browser.shows("#rejected .value", "1");
  assertEquals(await browser.page.title(), "full 2/2 +2 poolgate");
  assertEquals(await browser.page.locator("#client-table tbody tr").count(), 4);
  assertEquals(await browser.page.getByRole("meter", { name: "Waiting" }).count(), 1);
  poolgate.leave(first);
  await browser.shows("#queued .reading", "1 of 2");
  await browser.shows("#state", "Ready");
  await browser.shows("#promoted .detail", /\bin all 1/);
  assertEquals(await browser.page.locator("#waits").isVisible(), true);
  await browser.page.locator("#filter input[value=queued]").check();
  assertEquals(await browser.page.locator("#client-table tbody tr").count(), 1);
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

  await unlock(browser, "open");
  await browser.shows("#notice", /token/);
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
  await browser.shows("#state", "Paused: new clients wait");
  await browser.shows("#active .meaning", "paused: nobody is let in");
  assertEquals(await page.title(), "paused 0/2 poolgate");
  const [first] = await poolgate.clients(2);
  await browser.shows("#state", "Paused, queue full: new clients are turned away");
  await browser.shows("#rejected .detail", /paused/);
  assertEquals(await button("Pause").count(), 0);

  await button("Resume").click();
  await browser.shows("#notice", "Resumed. One was let in by it.");
  await browser.shows("#state", "Ready");
  await browser.shows(".id bdi", first!.name);
  await button("Pause").focus();
  await page.keyboard.press("Enter");
  await browser.shows("#state", "Paused: new clients wait");
  await page.keyboard.press("Enter");
  await browser.shows("#state", "Ready");
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
    const plot = await browser.page.locator("#plot").getAttribute("aria-label");
    assertStringIncludes(plot ?? "", "at most 0 waiting");
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
    await browser.shows("#connection", "live");
    const refused: number[] = [];
    await page.route("**/api/events", (route) => {
      refused.push(performance.now());
      return route.fulfill({ status: 503 });
    });
    poolgate.signal("SIGSTOP");
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
  await browser.shows("#client-table .state", "connected");
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
  await browser.shows("#connection", "live");
  await page.evaluate("document.title = globalThis.before = 'before'");
  const stats = await (await fetch(`http://127.0.0.1:${poolgate.adminPort}/api/stats`)).json();
  const now = {
    ...{ sample: [Date.now() / 1000, 0, 0, 0, 0], active: [], queued: [] },
    ...{ stats: { ...stats, version: "99.0.0" }, waits: { bounds: [1], counts: [0, 0] } },
  };
  const body = `event: now\ndata: ${JSON.stringify(now)}\n\n`;
  const once = { times: 1 };
  await page.route("**/api/events", (route) => {
    return route.fulfill({ status: 200, contentType: "text/event-stream", body });
  }, once);
  poolgate.signal("SIGSTOP");
  await browser.shows("#state", /^Connection lost/);
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
    await browser.tabTo("token");
    await page.keyboard.type(TOKEN);
    await page.keyboard.press("Enter");
    await browser.shows("#notice", "Unlocked.");
    const stateOf = (client?: Client) => `tr:has([aria-label="Disconnect ${client?.name}"]) .state`;
    const button = `Disconnect ${fourth!.name}`;
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
