/**
 * The options: flags and environment in, what the program runs with, or one line of complaint, out.
 * The settings of the gate, those for operators and those of a shared pool stand in files of their
 * own, which are loaded only where one of them is given.
 *
 * @module
 */

import type { ClusterOptions } from "../cluster/cluster_options.ts";
import type { GateOptions } from "../gate/gate_options.ts";
import type { LogFormat } from "../io/log.ts";
import { isLimit, LIMIT_RANGE, type Limits } from "../pool/limits.ts";
import type { AdminOptions } from "./admin_options.ts";
import { oneOf, type Reading, readSwitch, type Settings } from "./settings.ts";

/** What the program runs with. */
export interface Options {
  /** The limits until the first `pool_config`. */
  limits: Limits;
  /** Whether a flag or a variable asks for any of them. */
  limitsGiven: boolean;
  /** The node's name until an `init`; `undefined` answers under the name addressed. */
  nodeId: string | undefined;
  logFormat: LogFormat;
  /** Whether stderr is kept for errors only. */
  quiet: boolean;
  /** What to listen for connections with; `undefined` where stdin is the only way in. */
  gate: GateOptions | undefined;
  /** What to serve operators with; `undefined` where that is not wanted. */
  admin: AdminOptions | undefined;
  /** What the pool is shared with; `undefined` where this process has it alone. */
  cluster: ClusterOptions | undefined;
}

/** How notes may be written. */
export const LOG_FORMATS: readonly LogFormat[] = ["text", "timed", "json"];

/** The limits where none are given. */
export const DEFAULT_LIMITS: Limits = { maxConnections: 100, backlogSize: 100 };

/**
 * Reads the settings.
 *
 * @param settings What was given.
 * @param readGate Reads those of the gate. Needed only where any of {@linkcode GATE_FLAGS} was
 *   given.
 * @param readAdmin Reads those for operators. Needed only where any of {@linkcode ADMIN_FLAGS} was
 *   given.
 * @param readCluster Reads those of a shared pool. Needed only where any of
 *   {@linkcode CLUSTER_FLAGS} was given.
 * @returns What to do.
 */
export function readOptions(
  settings: Settings,
  readGate: (settings: Settings) => GateOptions | undefined = () => undefined,
  readAdmin: (settings: Settings) => AdminOptions | undefined = () => undefined,
  readCluster: (settings: Settings) => ClusterOptions | undefined = () => undefined,
): { options: Options } | { complaint: string } {
  const options: Options = {
    limits: {
      maxConnections: settings.read("max-connections", readLimit, DEFAULT_LIMITS.maxConnections),
      backlogSize: settings.read("backlog-size", readLimit, DEFAULT_LIMITS.backlogSize),
    },
    limitsGiven: settings.anyOf(["max-connections", "backlog-size"]),
    nodeId: settings.read<string | undefined>("node-id", readName, undefined),
    logFormat: settings.read<LogFormat>("log-format", oneOf(LOG_FORMATS), "text"),
    quiet: settings.read("quiet", readSwitch, false),
    gate: readGate(settings),
    admin: readAdmin(settings),
    cluster: readCluster(settings),
  };
  const { complaint } = settings;
  if (complaint === undefined) return { options };
  return { complaint: `${complaint}; poolgate --help lists the flags` };
}

function readLimit(text: string): Reading<number> {
  const value = Number(text);
  return /^\d+$/.test(text) && isLimit(value) ? { value } : { allowed: LIMIT_RANGE };
}

function readName(text: string): Reading<string> {
  return text === "" ? { allowed: "a name that is not empty" } : { value: text };
}
