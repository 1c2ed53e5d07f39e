/**
 * The settings of the gate: what its flags mean, their defaults and their ranges.
 *
 * @module
 */

import { type GateOptions, REJECT_FORMATS, type RejectFormat } from "../gate/gate_options.ts";
import { PROXY_PROTOCOLS, type ProxyProtocol } from "../gate/proxy_protocol.ts";
import { type Address, readAddress } from "../io/address.ts";
import { DURATION_RANGE, readDuration } from "../io/duration.ts";
import { GATE_FLAGS, type ValueFlag } from "./flag_names.ts";
import { readListen } from "./listen_option.ts";
import { oneOf, type Reading, readSwitch, type Settings } from "./settings.ts";

/** The defaults, as they would be given. */
export const GATE_DEFAULTS = {
  queueTimeout: "2m",
  connectTimeout: "10s",
  idleTimeout: "0",
  drainTimeout: "30s",
  upstreamLinger: "30s",
} as const;

const NEEDS_UPSTREAM: readonly ValueFlag[] = [
  "connect-timeout",
  "upstream-linger",
  "proxy-protocol",
];
const NEEDS_LISTEN: readonly ValueFlag[] = GATE_FLAGS.filter((name) => name !== "listen");

/** What a client of the pool itself can be told by. */
const NATIVE_FORMATS: readonly RejectFormat[] = ["close", "line"];

/**
 * Reads the settings of the gate.
 *
 * @param settings What was given; takes the complaints.
 * @returns The options, `undefined` where there is nothing to listen at.
 */
export function readGateOptions(settings: Settings): GateOptions | undefined {
  const listen = settings.read<Address | undefined>("listen", readListen, undefined);
  const upstream = settings.read<Address | undefined>("upstream", readUpstream, undefined);
  settings.demand("listen", NEEDS_LISTEN);
  settings.demand("upstream", NEEDS_UPSTREAM);
  const time = (name: ValueFlag, byDefault: string) =>
    settings.read(name, readTime, readDuration(byDefault) ?? 0);
  const rejectAs = settings.read<RejectFormat>(
    "reject-as",
    settings.given("upstream") === undefined ? readNativeFormat : oneOf(REJECT_FORMATS),
    upstream === undefined ? "line" : "close",
  );
  const options = {
    upstream,
    queueTimeoutMs: time("queue-timeout", GATE_DEFAULTS.queueTimeout),
    connectTimeoutMs: time("connect-timeout", GATE_DEFAULTS.connectTimeout),
    idleTimeoutMs: time("idle-timeout", GATE_DEFAULTS.idleTimeout),
    drainTimeoutMs: time("drain-timeout", GATE_DEFAULTS.drainTimeout),
    upstreamLingerMs: time("upstream-linger", GATE_DEFAULTS.upstreamLinger),
    rejectAs,
    maxPerSource: settings.read<number | undefined>("max-per-source", readCount, undefined),
    proxyProtocol: settings.read<ProxyProtocol | undefined>(
      "proxy-protocol",
      oneOf(PROXY_PROTOCOLS),
      undefined,
    ),
    logConnections: settings.read("log-connections", readSwitch, false),
  };
  return listen === undefined ? undefined : { listen, ...options };
}

function readUpstream(text: string): Reading<Address> {
  const value = readAddress(text);
  if (value?.transport === "unix" || (value?.hostname !== undefined && value.port > 0)) {
    return { value };
  }
  return { allowed: "HOST:PORT, [V6]:PORT, with a port from 1, or unix:/path" };
}

function readTime(text: string): Reading<number> {
  const value = readDuration(text);
  return value === undefined ? { allowed: DURATION_RANGE } : { value };
}

function readCount(text: string): Reading<number> {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return { value };
  return { allowed: `an integer from 1 to ${Number.MAX_SAFE_INTEGER}` };
}

function readNativeFormat(text: string): Reading<RejectFormat> {
  const reading = oneOf(NATIVE_FORMATS)(text);
  return "value" in reading ? reading : { allowed: `${reading.allowed} without --upstream` };
}
