/**
 * The options as the program would read them, from flags and variables that a test sets.
 *
 * @module
 */

import { readAdminOptions } from "../../lib/cli/admin_options.ts";
import { readClusterOptions } from "../../lib/cli/cluster_options.ts";
import { type Flags, NO_FLAGS } from "../../lib/cli/flag_names.ts";
import { readGateOptions } from "../../lib/cli/gate_options.ts";
import { type Options, readOptions } from "../../lib/cli/options.ts";
import { Settings } from "../../lib/cli/settings.ts";

/** Flags and their values. */
export type Values = Flags["values"];

/** The variables of an environment. */
export type Env = Readonly<Record<string, string>>;

/** The settings as they were given. */
export function settings(values: Values, env: Env = {}): Settings {
  return new Settings({ ...NO_FLAGS, values }, (name) => env[name]);
}

/** What the program would make of them. */
export function read(values: Values, env: Env = {}) {
  return readOptions(settings(values, env), readGateOptions, readAdminOptions, readClusterOptions);
}

/** The options; throws where there is a complaint instead. */
export function options(values: Values, env: Env = {}): Options {
  const reading = read(values, env);
  if ("complaint" in reading) throw new Error(reading.complaint);
  return reading.options;
}

/** The complaint; "no complaint" where there is none. */
export function complaint(values: Values, env: Env = {}): string {
  const reading = read(values, env);
  return "complaint" in reading ? reading.complaint : "no complaint";
}
