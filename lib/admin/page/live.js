// @ts-check
/// <reference lib="dom" />
/**
 * The event stream, and its coming back: EventSource reconnects by itself only where the connection
 * broke, not where it was refused (a 503), and not where it hangs half open.
 *
 * @module
 */

/** @import { History, Now } from "./contract.d.ts" */

/** How long a stream may be silent before its first event, which a proxy may gather with others. */
const FIRST_MS = 15_000;

/** How long it may be silent after that. */
const SILENCE_MS = 5000;

const PAUSE_MS = 1000;
const LOOK_MS = 500;

/**
 * @typedef {object} Listener
 * @property {(history: History) => void} history
 * @property {(now: Now) => void} now
 * @property {(seconds: number) => void} lost Told again and again while nothing is heard, with the
 *   time since something was.
 */

/** Hears the server for as long as the page is open. */
export class Live {
  #listener;
  #url;
  /** @type {EventSource | undefined} */
  #source;
  /** When this source was opened, or was last heard. */
  #alive = 0;
  #heard = performance.now();
  /** How long the present stream may be silent. */
  #patience = FIRST_MS;
  #lost = false;

  /**
   * @param {string} url
   * @param {Listener} listener
   */
  constructor(url, listener) {
    this.#url = url;
    this.#listener = listener;
    this.#open();
    setInterval(() => this.#look(), LOOK_MS);
    // Timers stand still in a page that nobody sees.
    document.addEventListener("visibilitychange", () => this.#look());
  }

  #open() {
    this.#source?.close();
    const source = new EventSource(this.#url);
    this.#source = source;
    this.#alive = performance.now();
    this.#patience = FIRST_MS;
    source.addEventListener("history", ({ data }) => {
      this.#hear();
      this.#listener.history(JSON.parse(data));
    });
    source.addEventListener("now", ({ data }) => {
      this.#hear();
      this.#lost = false;
      this.#listener.now(JSON.parse(data));
    });
    source.addEventListener("error", () => {
      // Where the browser comes back by itself, that is another stream.
      this.#patience = FIRST_MS;
      this.#lose();
    });
  }

  #hear() {
    this.#alive = this.#heard = performance.now();
    this.#patience = SILENCE_MS;
  }

  #lose() {
    this.#lost = true;
    this.#listener.lost((performance.now() - this.#heard) / 1000);
  }

  #look() {
    const silence = performance.now() - this.#alive;
    const refused = this.#source?.readyState === EventSource.CLOSED;
    const hangs = silence > this.#patience;
    if (hangs || this.#lost) this.#lose();
    if (hangs || (refused && silence > PAUSE_MS)) this.#open();
  }
}
