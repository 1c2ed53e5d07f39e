/**
 * The files for people who run poolgate that it carries.
 *
 * @module
 */

/** Their names. */
export const FILE_NAMES = [
  "systemd",
  "systemd-template",
  "dockerfile",
  "kubernetes",
  "man",
] as const;
