/**
 * Redis: a rejected client gets the server's own error, to each command.
 *
 * @module
 */

import { isLimit } from "../reason_text.ts";
import { lastWord } from "./answer.ts";
import { ascii, joined, printable } from "./ascii.ts";
import type { Check, Heard, Service } from "./service.ts";

/**
 * The error that Redis itself gives when `maxclients` is reached, and why:
 * https://redis.io/docs/latest/develop/reference/clients/#maximum-concurrent-connected-clients
 *
 * Clients show it only as the answer to a command, one to each: what comes without one, or an end
 * behind it, is to most a connection that failed, and they come again.
 */
export const service: Service = {
  reject({ reason, words }) {
    const text = isLimit(reason) ? `max number of clients reached (${words})` : words;
    const error = ascii(`-ERR ${text}\r\n`);
    return { hear: (bytes) => answerEach(bytes, error), blind: error, untilItGoes: true };
  },
  check: () => new RedisCheck(),
  clientEnds: true,
  patience: { client: "go-redis (Go)", ms: 3000 },
};

/** Answers all the commands that are whole with one error each. */
function answerEach(bytes: Uint8Array, error: Uint8Array): Heard {
  let taken = 0;
  let say = NOTHING;
  while (taken < bytes.length) {
    const command = commandAt(bytes, taken);
    if (command === "cut") break;
    if (command === "broken") return lastWord(joined(say, error));
    if (command.answered) say = joined(say, error);
    taken = command.end;
  }
  return taken === 0 ? "more" : { say, taken, done: false };
}

/** A command of the protocol, or of a person: Redis answers none that is empty. */
interface Command {
  end: number;
  answered: boolean;
}

/**
 * Finds the end of a command: an array of bulk strings, or words up to the end of a line.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
function commandAt(bytes: Uint8Array, start: number): Command | "cut" | "broken" {
  const line = lineAt(bytes, start);
  if (line === undefined) return "cut";
  if (!line.text.startsWith("*")) return { end: line.end, answered: line.text.trim() !== "" };
  const count = numberOf(line.text);
  if (count === undefined) return "broken";
  let { end } = line;
  for (let left = count; left > 0; left--) {
    const head = lineAt(bytes, end);
    if (head === undefined) return "cut";
    const length = head.text.startsWith("$") ? numberOf(head.text) : undefined;
    if (length === undefined || length < 0) return "broken";
    end = head.end + length + LINE_END.length;
    if (end > bytes.length) return "cut";
  }
  return { end, answered: count > 0 };
}

function lineAt(bytes: Uint8Array, start: number): { text: string; end: number } | undefined {
  const newLine = bytes.indexOf(NEW_LINE, start);
  if (newLine === -1) return undefined;
  const text = String.fromCharCode(...bytes.subarray(start, Math.min(newLine, start + MAX_LINE)));
  return { text: text.replace(/\r$/, ""), end: newLine + 1 };
}

/** The number behind the letter of a line. */
function numberOf(line: string): number | undefined {
  return /^.-?\d{1,9}$/.test(line) ? Number(line.slice(1)) : undefined;
}

/** The longest first line that is waited for, in bytes: the errors of Redis are far shorter. */
const MAX_LINE = 1024;

const NEW_LINE = 10;
const LINE_END = "\r\n";
const NOTHING = new Uint8Array();

/**
 * `PING`. Whatever the answer, it is one of a server that serves: `-NOAUTH` wants a password. Only
 * one that still reads its data from disk says so to every client.
 */
class RedisCheck implements Check {
  readonly opening = ascii("*1\r\n$4\r\nPING\r\n");
  #received = NOTHING;

  answer(bytes: Uint8Array) {
    this.#received = joined(this.#received, bytes);
    const end = this.#received.indexOf(NEW_LINE);
    if (end === -1) return { bytes: NOTHING, done: this.#received.length > MAX_LINE };
    const line = printable(this.#received.subarray(0, end)).replace(/\?$/, "");
    const verdict = { bytes: NOTHING, done: true };
    return line.startsWith("-LOADING") ? { ...verdict, problem: `it says ${line}` } : verdict;
  }
}
