// @ts-check
/// <reference lib="dom" />
/**
 * A list that the server sorts, searches and cuts into pages: which page is shown, the buttons that
 * turn it, and asking for it again and again.
 *
 * @module
 */

import { find, setText } from "./dom.js";
import { count } from "./format.js";

/**
 * How many times as long as an answer took it is not asked for again: then a list keeps poolgate
 * busy for a sixth of its time at most, however long it is and however many look.
 */
const REST = 5;

/**
 * @template Page
 * @typedef {object} Listed
 * @property {HTMLElement} section Where the buttons are.
 * @property {string} url
 * @property {() => Record<string, string>} query What is asked for, but for the page.
 * @property {number} limit How many rows a page has.
 * @property {(page: Page) => void} show
 */

/** @template {{ total: number, next: string | null }} Page */
export class Pager {
  #listed;
  /** What the pages before and the shown one begin behind; the first, behind nothing. */
  /** @type {(string | undefined)[]} */
  #begins = [undefined];
  /** @type {string | null} */
  #next = null;
  #loading = false;
  /** When the list may be asked for again. */
  #restsUntil = 0;
  /** Counts what has been asked for: an answer to something else comes too late. */
  #asked = 0;
  #buttons;

  /** @param {Listed<Page>} listed */
  constructor(listed) {
    this.#listed = listed;
    this.#buttons = find(".pages", HTMLElement, listed.section);
    this.#button("back").addEventListener("click", () => this.#turn(() => this.#begins.pop()));
    this.#button("next").addEventListener("click", () => {
      const next = this.#next;
      if (next !== null) this.#turn(() => this.#begins.push(next));
    });
  }

  /** Something else is asked for: shows its first page. */
  restart() {
    this.#turn(() => this.#begins = [undefined]);
  }

  /** Asks for the shown page again, unless that was just so, or nobody sees it. */
  refresh() {
    const rests = this.#loading || performance.now() < this.#restsUntil;
    if (!rests && !document.hidden) this.#load();
  }

  /** @param {() => void} change */
  #turn(change) {
    change();
    this.#load();
  }

  async #load() {
    const { url, query, limit, show } = this.#listed;
    const asked = ++this.#asked;
    const after = this.#begins.at(-1);
    const parameters = { ...query(), limit: `${limit}`, ...(after === undefined ? {} : { after }) };
    this.#loading = true;
    const begin = performance.now();
    const page = await this.#fetch(`${url}?${new URLSearchParams(parameters)}`);
    if (asked !== this.#asked) return;
    this.#loading = false;
    const end = performance.now();
    this.#restsUntil = end + REST * (end - begin);
    if (page === undefined) return;
    this.#next = page.next;
    this.#showButtons(page.total);
    show(page);
  }

  /**
   * @param {string} url
   * @returns {Promise<Page | undefined>} Nothing where poolgate does not answer, which the header
   *   tells.
   */
  async #fetch(url) {
    try {
      const response = await fetch(url);
      return response.ok ? await response.json() : undefined;
    } catch {
      return undefined;
    }
  }

  /** @param {number} total */
  #showButtons(total) {
    const pages = Math.max(Math.ceil(total / this.#listed.limit), this.#begins.length);
    const number = `page ${count(this.#begins.length)} of ${count(pages)}`;
    this.#buttons.hidden = this.#next === null && this.#begins.length === 1;
    this.#button("back").disabled = this.#begins.length === 1;
    this.#button("next").disabled = this.#next === null;
    setText(find(".page-number", HTMLElement, this.#buttons), number);
  }

  /** @param {"back" | "next"} name */
  #button(name) {
    return find(`.${name}`, HTMLButtonElement, this.#buttons);
  }
}
