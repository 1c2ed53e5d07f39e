/**
 * A real browser, Debian's Chromium, for the tests of the page. Imports nothing from lib/.
 *
 * @module
 */

import type { Browser as Chromium, BrowserContext, Page } from "playwright-core";
import { until } from "./sockets.ts";

/** The program that these tests need. */
export const CHROMIUM = "chromium";

const ARGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** How a page is looked at. */
export interface View {
  width?: number;
  height?: number;
  colorScheme?: "light" | "dark";
}

/** What the browser itself says of answers that it did not like, or did not get. */
const OF_THE_NETWORK = /^Failed to load resource: (net::ERR_|.*a status of (403|503) )/;

/**
 * A browser with nothing but one page, until the test disposes of it: it shares one process with others, as a start
 * takes long, and nothing else. A file that opens any tells `Deno.test.afterAll` to {@linkcode Browser.quit}.
 */
export class Browser implements AsyncDisposable {
  static #chromium: Chromium | undefined;
  #context: BrowserContext;
  readonly page: Page;
  /** What went wrong in the page: errors that nobody caught, and what it wrote to the console. */
  readonly problems: string[] = [];

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on("pageerror", ({ message }) => this.problems.push(message));
    page.on("console", (message) => {
      if (!OF_THE_NETWORK.test(message.text())) this.problems.push(message.text());
    });
    page.on("dialog", (dialog) => {
      this.problems.push(`a dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
  }

  /** Opens a page. */
  static async open(url: string, view: View = {}): Promise<Browser> {
    const { width = 1440, height = 900, colorScheme = "light" } = view;
    // One that has crashed is not connected any more.
    if (!Browser.#chromium?.isConnected()) Browser.#chromium = await launch();
    const context = await Browser.#chromium.newContext({
      viewport: { width, height },
      colorScheme,
    });
    const page = await context.newPage();
    const browser = new Browser(context, page);
    await page.goto(url);
    return browser;
  }

  /** Ends the process, where there is one. */
  static async quit(): Promise<void> {
    await Browser.#chromium?.close();
    Browser.#chromium = undefined;
  }

  /** The text of an element as it is seen. */
  async text(selector: string): Promise<string> {
    return await this.page.locator(selector).innerText();
  }

  /** Waits until an element has a text. */
  async shows(selector: string, text: string | RegExp): Promise<void> {
    let seen = "";
    const matches = () => typeof text === "string" ? seen === text : text.test(seen);
    await until(`${selector} shows ${text}`, async () => {
      seen = await this.text(selector);
      return matches();
    }).catch((error) => {
      throw new Error(`${error.message}: it shows ${seen}`);
    });
  }

  /** What has the focus, as a path of ids and names of elements that tells them apart. */
  async focused(): Promise<string> {
    const element = "document.activeElement";
    return String(
      await this.page.evaluate(`${element}.id || ${element}.ariaLabel || ${element}.className`),
    );
  }

  /** Presses Tab until something has the focus. */
  async tabTo(name: string): Promise<void> {
    for (let presses = 0; presses < MOST_TABS; presses++) {
      if (await this.focused() === name) return;
      await this.page.keyboard.press("Tab");
    }
    throw new Error(`Tab does not come to ${name}, but to ${await this.focused()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}

const MOST_TABS = 60;

/** Playwright looks for Windows below Linux in files that Deno shows only to whoever may do everything. */
async function launch(): Promise<Chromium> {
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("playwright-core");
  return await chromium.launch({ executablePath: `/usr/bin/${CHROMIUM}`, args: ARGS });
}
