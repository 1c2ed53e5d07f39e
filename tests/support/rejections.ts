/**
 * The talks of services with a client that is rejected, held by the test.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { RejectReason } from "../../lib/pool/client.ts";
import type { Service } from "../../lib/gate/services/service.ts";

/** What clients are told in these tests. */
export const WORDS = "full: 20 are connected and 100 wait";

/** What a client hears, and whether anything that it says from then on is heard. */
export type Talk = [heard: string, state: "open" | "over"];

/** @returns Characters up to U+00FF as bytes. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/**
 * @param said What a client says: it is to hear the same wherever that is cut.
 * @returns What comes of it, after the opening.
 */
export function talk(
  service: Service,
  said: string | Uint8Array,
  reason: RejectReason = "backlog_full",
): Talk {
  const bytes = typeof said === "string" ? latin1(said) : said;
  const whole = hear([bytes]);
  assertEquals(hear(Array.from(bytes, (byte) => Uint8Array.of(byte))), whole, "cut anywhere");
  return whole;

  function hear(chunks: Uint8Array[]): Talk {
    const rejection = service.reject({ reason, words: WORDS });
    let heard = "";
    // As in a buffer that held something before.
    let left = Uint8Array.of(1, 2, 3).subarray(3);
    for (const chunk of chunks) {
      left = Uint8Array.of(0, ...left, ...chunk).subarray(1);
      while (left.length > 0) {
        const answer = rejection.hear!(left);
        if (answer === "more") break;
        if (answer === "close") return [heard, "over"];
        heard += String.fromCharCode(...answer.say);
        if (answer.done) return [heard, "over"];
        left = left.subarray(answer.taken);
      }
    }
    return [heard, "open"];
  }
}

/** @returns What a client hears at once. */
export function opening(service: Service, reason: RejectReason = "backlog_full"): string {
  return String.fromCharCode(...service.reject({ reason, words: WORDS }).opening ?? []);
}

/** @returns What a client hears that says nothing in time. */
export function blind(service: Service, reason: RejectReason = "backlog_full"): string {
  return String.fromCharCode(...service.reject({ reason, words: WORDS }).blind ?? []);
}
