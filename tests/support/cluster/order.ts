/**
 * Whether the first to come were the first to be served, over all gates: of what clients saw, and
 * of the commands that Redis carried out. Knows nothing of how poolgate does it but the names of
 * the keys. Imports nothing from lib/.
 *
 * @module
 */

import type { Visit } from "./crowd.ts";

/** What a record was found to say. */
export interface Judgement {
  /** How many were let in from the queue. */
  promoted: number;
  /** Those that were let in before somebody who had come before. */
  wrong: string[];
}

/**
 * Judges by what clients saw.
 *
 * @param apartMs How long one must have come before another to have certainly come first, in
 *   milliseconds.
 * @param lateMs How much later a client may see that it was let in, in milliseconds.
 */
export function judgeVisits(
  visits: readonly Visit[],
  apartMs: number,
  lateMs: number,
): Judgement {
  const served = visits.filter(({ entered }) => entered !== undefined)
    .map(({ id, came, entered }) => ({ id, came, entered: entered! }))
    .sort((a, b) => a.came - b.came);
  const wrong: string[] = [];
  let promoted = 0;
  let before = 0;
  let latest = -Infinity;
  for (const { id, came, entered } of served) {
    while (served[before]!.came < came - apartMs) {
      latest = Math.max(latest, served[before++]!.entered);
    }
    if (entered - came > apartMs) promoted++;
    if (latest > entered + lateMs) wrong.push(`${id} by ${Math.round(latest - entered)} ms`);
  }
  return { promoted, wrong };
}

const COMMAND = /^[\d.]+ \[\d+ lua\] (.*)$/;

/**
 * Judges by the commands that Redis carried out, in their order: nobody may be let in while there
 * waits one with a lower ticket, at any gate.
 *
 * @param lines As `MONITOR` writes them, from before the first client on.
 */
export function judgeRecord(lines: readonly string[], pool: string): Judgement {
  const waiting = new Map<string, number>();
  /** Those that have been taken out of a queue, and not been let in yet. */
  const taken = new Map<string, number>();
  const wrong: string[] = [];
  let promoted = 0;
  const admit = (client: string) => {
    const ticket = taken.get(client) ?? waiting.get(client);
    waiting.delete(client);
    taken.delete(client);
    const least = Math.min(...waiting.values());
    if (ticket !== undefined) promoted++;
    if (least < (ticket ?? Infinity)) wrong.push(`${client} (${ticket}) before ${least}`);
  };
  for (const line of lines) {
    const [, text = ""] = COMMAND.exec(line) ?? [];
    const [command = "", key = "", ...values] = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)]
      .map(([, word = ""]) => word);
    const [, kind, gate] = key.startsWith(`{poolgate:${pool}}`)
      ? /:([qa]):(\d+)$/.exec(key) ?? []
      : [];
    const name = (n = "") => `${gate}/${n}`;
    switch (`${command.toLowerCase()} ${kind}`) {
      case "zadd q":
        for (let at = 0; at < values.length; at += 2) {
          waiting.set(name(values[at + 1]), Number(values[at]));
        }
        break;
      case "zrem q":
        for (const n of values) {
          const ticket = waiting.get(name(n));
          if (ticket !== undefined) taken.set(name(n), ticket);
          waiting.delete(name(n));
        }
        break;
      case "sadd a":
        for (const n of values) admit(name(n));
    }
  }
  return { promoted, wrong };
}
