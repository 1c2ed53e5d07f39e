/**
 * The version of the program.
 *
 * @module
 */

/** As in `deno.json`. */
export const VERSION = "0.1.0";
