/**
 * Which flags there are. What they mean is for the options to say.
 *
 * @module
 */

/** The flags whose settings are those of the gate. */
export const GATE_FLAGS = [
  "listen",
  "upstream",
  "service",
  "check-interval",
  "check-fall",
  "check-rise",
  "check-path",
  "check-status",
  "queue-timeout",
  "connect-timeout",
  "idle-timeout",
  "max-lifetime",
  "drain-timeout",
  "upstream-linger",
  "reject-as",
  "max-per-source",
  "max-waiting-per-source",
  "source-prefix-v6",
  "proxy-protocol",
  "log-connections",
] as const;

/** The flags whose settings are for operators. */
export const ADMIN_FLAGS = [
  "admin",
  "admin-token",
] as const;

/** Each flag with a value. `quiet` and `log-connections` may be given without one. */
export const VALUE_FLAGS = [
  "max-connections",
  "backlog-size",
  ...GATE_FLAGS,
  ...ADMIN_FLAGS,
  "node-id",
  "log-format",
  "quiet",
] as const;
export type ValueFlag = typeof VALUE_FLAGS[number];

/** What the arguments say. */
export interface Flags {
  help: boolean;
  version: boolean;
  /**
   * The values as they were given, `""` for a flag without one; of a flag given twice, the last.
   */
  values: { readonly [flag in ValueFlag]?: string };
  /** The first argument that is no flag of poolgate. */
  stray: string | undefined;
}

/** The flags of an empty command line. */
export const NO_FLAGS: Flags = { help: false, version: false, values: {}, stray: undefined };
