/**
 * The checks of services, answered by the test.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { CheckOptions, Service } from "../../lib/gate/services/service.ts";

const OPTIONS: CheckOptions = { host: "db:1", path: "/", status: undefined };

/**
 * What a check says to some bytes, and what it finds wrong: the same wherever these are cut, and
 * nothing before the last of them.
 */
export function problemOf(
  { check }: Service,
  bytes: Uint8Array,
  options: Partial<CheckOptions> = {},
): { said: string; problem: string | undefined } {
  const whole = hear(bytes);
  assertEquals(hear(...Array.from(bytes, (byte) => Uint8Array.of(byte))), whole);
  return whole;

  function hear(...chunks: Uint8Array[]) {
    const conversation = check!({ ...OPTIONS, ...options });
    let said = "";
    for (const chunk of chunks) {
      const answer = conversation.answer(chunk);
      said += String.fromCharCode(...answer.bytes);
      if (answer.done) return { said, problem: answer.problem };
      assertEquals(answer.problem, undefined);
    }
    throw new Error("it waits for more");
  }
}
