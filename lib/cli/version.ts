/**
 * The version of the program.
 *
 * @module
 */

/** As in `deno.json`. */
export const VERSION = "0.2.0";

/** What the program runs on. */
export interface Runtime {
  deno: string;
  v8: string;
  /** The machine and its system, as Rust names them. */
  target: string;
}

/** @returns What `--version` prints. */
export function versionText({ deno, v8, target }: Runtime): string {
  return `poolgate ${VERSION} (deno ${deno}, v8 ${v8}, ${target})`;
}
