/**
 * fast-check for the property tests, and what they share. A failure prints its seed and path;
 * POOLGATE_TEST_SEED repeats a run.
 *
 * @module
 */

import fc from "fast-check";

const seed = Deno.env.get("POOLGATE_TEST_SEED");
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) });

export { fc };

/** Any text, lone surrogates included; half of the time printable ASCII without quotes and backslashes. */
export const anyText = (constraints: { minLength?: number; maxLength?: number } = {}) =>
  fc.oneof(
    fc.string({ ...constraints, unit: "grapheme-ascii" }).map((text) =>
      text.replace(/["\\]/g, "'")
    ),
    fc.string({ ...constraints, unit: "binary" }),
  );
