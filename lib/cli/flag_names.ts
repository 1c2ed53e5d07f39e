/**
 * Which flags there are. What they mean is for the options to say.
 *
 * @module
 */

/** The flags whose settings are those of the gate. */
export const GATE_FLAGS = [
  "listen",
  "reuse-port",
  "upstream",
  "upstream-order",
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
  "drain-queue",
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
  "admin-host",
  "admin-reuse-port",
] as const;

/** The flags whose settings are those of a shared pool. */
export const CLUSTER_FLAGS = [
  "cluster",
  "cluster-pool",
  "cluster-gate",
  "cluster-lease",
  "cluster-lost",
] as const;

/** Each flag with a value. Switches may be given without one. */
export const VALUE_FLAGS = [
  "max-connections",
  "backlog-size",
  ...GATE_FLAGS,
  ...ADMIN_FLAGS,
  ...CLUSTER_FLAGS,
  "node-id",
  "log-format",
  "quiet",
] as const;
export type ValueFlag = typeof VALUE_FLAGS[number];

/** The flags that are no settings, and so no variables either: each says what to do. */
export const COMMAND_FLAGS = [
  "check",
  "completions",
  "print",
  "help",
  "version",
] as const;
export type FlagName = ValueFlag | typeof COMMAND_FLAGS[number];

/** Every flag. */
export const FLAG_NAMES: readonly FlagName[] = [...VALUE_FLAGS, ...COMMAND_FLAGS];

/**
 * The flags that may be given more than once: that is one value, which has commas between, as in
 * their variables.
 */
export const REPEATABLE_FLAGS: readonly ValueFlag[] = ["upstream", "admin-host"];

/** What the arguments say. */
export interface Flags {
  help: boolean;
  version: boolean;
  /** What was given behind `--check`, which takes no value: `""` for nothing. */
  check: string | undefined;
  /** The shell whose completions are asked for. */
  completions: string | undefined;
  /** The file that is asked for. */
  print: string | undefined;
  /**
   * The values as they were given, `""` for a flag without one; those of a flag that may be
   * repeated have commas between.
   */
  values: { readonly [flag in ValueFlag]?: string };
  /** The first argument that is no flag of poolgate. */
  stray: string | undefined;
  /** What that was probably meant to be, where it is like a flag of poolgate. */
  suggestion: string | undefined;
  /** The first flag that was given more often than it may be, and its values. */
  repeated: { flag: ValueFlag; texts: readonly string[] } | undefined;
}

/** The flags of an empty command line. */
export const NO_FLAGS: Flags = {
  help: false,
  version: false,
  check: undefined,
  completions: undefined,
  print: undefined,
  values: {},
  stray: undefined,
  suggestion: undefined,
  repeated: undefined,
};
