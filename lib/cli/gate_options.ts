/**
 * The settings of the gate: what its flags mean, their defaults and their ranges.
 *
 * @module
 */

import {
  DRAIN_QUEUES,
  type DrainQueue,
  type GateOptions,
  REJECT_FORMATS,
  type RejectFormat,
  UPSTREAM_ORDERS,
  type UpstreamOrder,
} from "../gate/gate_options.ts";
import { PROXY_PROTOCOLS, type ProxyProtocol } from "../gate/proxy_protocol.ts";
import { SERVICE_NAMES, type ServiceName } from "../gate/services/services.ts";
import { type Address, ipBytes, isV6, readAddress } from "../io/address.ts";
import { DURATION_RANGE, readDuration } from "../io/duration.ts";
import { GATE_FLAGS, type ValueFlag } from "./flag_names.ts";
import { readListen } from "./listen_option.ts";
import { oneOf, type Reading, readSwitch, type Settings } from "./settings.ts";

/** The defaults; durations as they would be given. */
export const GATE_DEFAULTS = {
  upstreamOrder: "least",
  queueTimeout: "2m",
  connectTimeout: "10s",
  idleTimeout: "0",
  maxLifetime: "0",
  drainTimeout: "30s",
  drainQueue: "wait",
  upstreamLinger: "30s",
  /** What an IPv6 network gives to each host. */
  sourcePrefixV6: 64,
  checkInterval: "2s",
  checkFall: 3,
  checkRise: 2,
  checkPath: "/",
} as const;

/** How many upstreams there may be: each connection looks at all of them. */
const MAX_UPSTREAMS = 64;

const NEEDS_UPSTREAM: readonly ValueFlag[] = [
  "upstream-order",
  "service",
  "connect-timeout",
  "upstream-linger",
  "proxy-protocol",
];
const NEEDS_SERVICE: readonly ValueFlag[] = ["check-interval", "check-fall", "check-rise"];
const NEEDS_HTTP: readonly ValueFlag[] = ["check-path", "check-status"];
const NEEDS_LISTEN: readonly ValueFlag[] = GATE_FLAGS.filter((name) => name !== "listen");

const LIMITS_OF_SOURCES: readonly ValueFlag[] = ["max-per-source", "max-waiting-per-source"];

/** Of the services that can be named, those that take no PROXY header, in any version. */
const TAKE_NO_HEADER: { readonly [format in RejectFormat]?: string } = {
  postgres: "PostgreSQL",
  redis: "Redis",
};

/** The bits of an IPv6 address. */
const MAX_PREFIX_V6 = 128;

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
  const upstreams = settings.read<readonly Address[]>("upstream", readUpstreams, []);
  settings.demand("listen", NEEDS_LISTEN);
  settings.demand("upstream", NEEDS_UPSTREAM);
  if (!settings.anyOf(LIMITS_OF_SOURCES)) {
    settings.refuse("source-prefix-v6", "it needs --max-per-source or --max-waiting-per-source");
  }
  settings.demand("service", NEEDS_SERVICE);
  const time = (name: ValueFlag, byDefault: string) =>
    settings.read(name, readTime, readDuration(byDefault) ?? 0);
  const service = settings.read<ServiceName | undefined>(
    "service",
    oneOf(SERVICE_NAMES),
    undefined,
  );
  if (service !== "http") {
    for (const name of NEEDS_HTTP) settings.refuse(name, "it needs --service http");
  }
  const rejectAs = settings.read<RejectFormat>(
    "reject-as",
    settings.given("upstream") === undefined ? readNativeFormat : oneOf(REJECT_FORMATS),
    upstreams.length === 0 ? "line" : service ?? "close",
  );
  const headerless = TAKE_NO_HEADER[rejectAs];
  if (headerless !== undefined) {
    const why =
      `it must be left out with --reject-as ${rejectAs}: ${headerless} takes no PROXY header`;
    settings.refuse("proxy-protocol", why);
  }
  const options = {
    reusePort: settings.read("reuse-port", readSwitch, false),
    upstreams,
    upstreamOrder: settings.read<UpstreamOrder>(
      "upstream-order",
      oneOf(UPSTREAM_ORDERS),
      GATE_DEFAULTS.upstreamOrder,
    ),
    service,
    check: {
      intervalMs: time("check-interval", GATE_DEFAULTS.checkInterval),
      fall: settings.read("check-fall", readCount, GATE_DEFAULTS.checkFall),
      rise: settings.read("check-rise", readCount, GATE_DEFAULTS.checkRise),
      path: settings.read<string>("check-path", readPath, GATE_DEFAULTS.checkPath),
      status: settings.read<number | undefined>("check-status", readStatus, undefined),
    },
    queueTimeoutMs: time("queue-timeout", GATE_DEFAULTS.queueTimeout),
    connectTimeoutMs: time("connect-timeout", GATE_DEFAULTS.connectTimeout),
    idleTimeoutMs: time("idle-timeout", GATE_DEFAULTS.idleTimeout),
    maxLifetimeMs: time("max-lifetime", GATE_DEFAULTS.maxLifetime),
    drainTimeoutMs: time("drain-timeout", GATE_DEFAULTS.drainTimeout),
    drainQueue: settings.read<DrainQueue>(
      "drain-queue",
      oneOf(DRAIN_QUEUES),
      GATE_DEFAULTS.drainQueue,
    ),
    upstreamLingerMs: time("upstream-linger", GATE_DEFAULTS.upstreamLinger),
    rejectAs,
    maxPerSource: settings.read<number | undefined>("max-per-source", readCount, undefined),
    maxWaitingPerSource: settings.read<number | undefined>(
      "max-waiting-per-source",
      readCount,
      undefined,
    ),
    sourcePrefixV6: settings.read("source-prefix-v6", readPrefix, GATE_DEFAULTS.sourcePrefixV6),
    proxyProtocol: settings.read<ProxyProtocol | undefined>(
      "proxy-protocol",
      oneOf(PROXY_PROTOCOLS),
      undefined,
    ),
    // Where nobody reads such notes, none is made.
    logConnections: settings.read("log-connections", readSwitch, false) &&
      !settings.read("quiet", readSwitch, false),
  };
  return listen === undefined ? undefined : { listen, ...options };
}

/** Reads addresses, separated by commas. */
function readUpstreams(text: string): Reading<Address[]> {
  const texts = text.split(",").map((part) => part.trim());
  const value = texts.flatMap((part) => {
    const address = readAddress(part);
    return address === undefined || !isReachable(address) ? [] : [address];
  });
  if (value.length < texts.length) {
    const several = texts.length > 1 ? " each, with commas between" : "";
    return { allowed: `HOST:PORT, [V6]:PORT, with a port from 1, or unix:/path${several}` };
  }
  if (new Set(value.map(identityOf)).size < value.length) {
    return { allowed: "each address only once" };
  }
  if (value.length > MAX_UPSTREAMS) return { allowed: `${MAX_UPSTREAMS} addresses at most` };
  return { value };
}

function isReachable(address: Address): boolean {
  return address.transport === "unix" || (address.hostname !== undefined && address.port > 0);
}

/** What is the same for addresses that are the same, however they are written. */
function identityOf(address: Address): string {
  if (address.transport === "unix") return address.path;
  const { hostname = "", port } = address;
  const host = isV6(hostname) ? ipBytes(hostname).join(" ") : hostname.toLowerCase();
  return `${host}:${port}`;
}

function readTime(text: string): Reading<number> {
  const value = readDuration(text);
  return value === undefined ? { allowed: DURATION_RANGE } : { value };
}

function readCount(text: string): Reading<number> {
  return readInteger(text, Number.MAX_SAFE_INTEGER);
}

function readPrefix(text: string): Reading<number> {
  return readInteger(text, MAX_PREFIX_V6);
}

function readInteger(text: string, most: number): Reading<number> {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return { value };
  return { allowed: `an integer from 1 to ${most}` };
}

/** The path and the query of a URL, as they are sent. */
function readPath(text: string): Reading<string> {
  if (/^\/[!-~]*$/.test(text)) return { value: text };
  return { allowed: "a path such as /health, of printable ASCII characters without spaces" };
}

function readStatus(text: string): Reading<number> {
  if (/^[1-5]\d\d$/.test(text)) return { value: Number(text) };
  return { allowed: "a status of HTTP, from 100 to 599" };
}

function readNativeFormat(text: string): Reading<RejectFormat> {
  const reading = oneOf(NATIVE_FORMATS)(text);
  return "value" in reading ? reading : { allowed: `${reading.allowed} without --upstream` };
}
