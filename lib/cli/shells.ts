/**
 * The shells that there are completions for.
 *
 * @module
 */

/** Their names. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
