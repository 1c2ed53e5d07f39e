/**
 * What a request asks for behind the `?` of its URL, held to what is allowed.
 *
 * @module
 */

import { describe } from "../protocol/decode.ts";
import { Refusal } from "./http.ts";
import { type Key, readKey } from "./paging.ts";

/** How many rows a page has: at most, and where the request does not say. */
export const MAX_LISTED = 1000;
export const DEFAULT_LISTED = 100;

/** How long a text may be that is searched for: as long as the longest id of a client. */
export const MAX_SEARCH = 256;

/** The parameters of a request. Each method throws a {@linkcode Refusal} that says what may be. */
export class Query {
  #parameters: URLSearchParams;

  /**
   * @param names Those that the path takes.
   * @throws {Refusal} When there is another one, or one twice.
   */
  constructor({ pathname, searchParams }: URL, names: readonly string[]) {
    this.#parameters = searchParams;
    for (const name of searchParams.keys()) {
      if (!names.includes(name)) {
        throw bad(`${pathname} has no parameter ${describe(name)}, it takes ${names.join(", ")}`);
      }
      if (searchParams.getAll(name).length > 1) {
        throw bad(`${name} is given more than once, it may be given once`);
      }
    }
  }

  /** @returns One of some words; the fallback where the parameter is left out. */
  choice<T extends string, F>(name: string, choices: readonly T[], fallback: F): T | F {
    const text = this.#parameters.get(name);
    if (text === null) return fallback;
    const choice = choices.find((choice) => choice === text);
    if (choice !== undefined) return choice;
    throw bad(`${name} is ${describe(text)}, it must be ${orList(choices)}, or left out`);
  }

  /** @returns How many rows are wanted. */
  limit(): number {
    const text = this.#parameters.get("limit");
    if (text === null) return DEFAULT_LISTED;
    const value = Number(text);
    if (/^\d{1,4}$/.test(text) && value >= 1 && value <= MAX_LISTED) return value;
    throw bad(`limit is ${describe(text)}, it must be an integer from 1 to ${MAX_LISTED}`);
  }

  /** @returns What the rows are searched for; empty for all. */
  search(): string {
    const text = this.#parameters.get("search") ?? "";
    if (text.length <= MAX_SEARCH) return text;
    throw bad(`search is ${text.length} characters long, it must be ${MAX_SEARCH} at most`);
  }

  /** @returns The last row of the page before; `undefined` where the first page is wanted. */
  after(): Key | undefined {
    const text = this.#parameters.get("after");
    if (text === null) return undefined;
    const key = readKey(text);
    if (key !== undefined) return key;
    throw bad(`after is ${describe(text)}, it must be what an answer has as next, or left out`);
  }
}

function bad(sentence: string): Refusal {
  return new Refusal(400, sentence);
}

/** `a, b or c`. */
function orList(words: readonly string[]): string {
  return [words.slice(0, -1).join(", "), ...words.slice(-1)].filter((part) => part !== "")
    .join(" or ");
}
