/**
 * What each flag is for, in words: the help and the completions of shells are made of these.
 *
 * @module
 */

import { LOST_MODES, MAX_LEASE_MS, MIN_LEASE_MS } from "../cluster/cluster_options.ts";
import { DRAIN_QUEUES, REJECT_FORMATS, UPSTREAM_ORDERS } from "../gate/gate_options.ts";
import { PROXY_PROTOCOLS } from "../gate/proxy_protocol.ts";
import { SERVICE_NAMES } from "../gate/services/services.ts";
import { showDuration } from "../io/duration.ts";
import { MAX_LIMIT } from "../pool/limits.ts";
import { CLUSTER_DEFAULTS } from "./cluster_options.ts";
import { FILE_NAMES } from "./file_names.ts";
import type { FlagName } from "./flag_names.ts";
import { GATE_DEFAULTS } from "./gate_options.ts";
import { DEFAULT_LIMITS, LOG_FORMATS } from "./options.ts";
import { inWords } from "./settings.ts";
import { SHELLS } from "./shells.ts";

/** A flag in words. */
export interface FlagText {
  /** The letter that stands for it. */
  letter?: string;
  /** What its value is called; left out where it needs none. */
  value?: string;
  /** The words that its value may be, where these are all. */
  words?: readonly string[];
  /** What it is for, in a few words without a full stop. */
  summary: string;
  /** What else is to know, in sentences. A small letter goes on with the summary's. */
  details: string;
}

/** Every flag. */
export const FLAG_TEXTS: Readonly<Record<FlagName, FlagText>> = {
  "max-connections": {
    value: "N",
    summary: "how many clients are let in at once",
    details: `from 0 (nobody) to ${MAX_LIMIT}, until a pool_config.
      Default ${DEFAULT_LIMITS.maxConnections}.`,
  },
  "backlog-size": {
    value: "B",
    summary: "how many more may wait for a place",
    details: `in the same range, until a pool_config. Default ${DEFAULT_LIMITS.backlogSize}.`,
  },
  "node-id": {
    value: "NAME",
    summary: "the name that replies come from until an init",
    details: "Default: the name that each request is addressed to.",
  },
  "log-format": {
    value: "FORMAT",
    words: LOG_FORMATS,
    summary: "how notes are written",
    details: "text, timed (text with the time before it) or json. Default text.",
  },
  "quiet": {
    summary: "write no notes, only errors",
    details: "Default false.",
  },
  "check": {
    summary: "read flags and variables as a start would, but open nothing",
    details: "Exit status 0 where it would start, 2 where it would not.",
  },
  "completions": {
    value: "SHELL",
    words: SHELLS,
    summary: "print the completions for a shell",
    details: `${inWords(SHELLS, "or")}. In bash: source <(poolgate --completions bash)`,
  },
  "print": {
    value: "FILE",
    words: FILE_NAMES,
    summary: "print a file for people who run poolgate",
    details: `${inWords(FILE_NAMES, "or")}. The first two are units, for one poolgate and for one a
      core.`,
  },
  "help": { letter: "h", summary: "print this text", details: "" },
  "version": {
    letter: "V",
    summary: "print the version, and what it runs on",
    details: "",
  },
  "listen": {
    value: "ADDR",
    summary: "where to take connections",
    details: `at HOST:PORT, [V6]:PORT, :PORT (every interface) or unix:/path. Port 0 takes a free
      one. Each connection is told in the messages of the pool whether it is connected, queued or
      rejected.`,
  },
  "reuse-port": {
    summary: "share the port, so that a new poolgate takes over",
    details: `Both of them need it, on Linux and of one user. At unix:/path, the new one takes the
      path. Default false.`,
  },
  "upstream": {
    value: "ADDR",
    summary: "the service that connections are for",
    details: `at HOST:PORT, [V6]:PORT or unix:/path. Each one that has a place is joined to it,
      byte for byte, and told nothing. With several, N is for all of them together, and one that is
      down is passed over.`,
  },
  "upstream-order": {
    value: "WORD",
    words: UPSTREAM_ORDERS,
    summary: "which of several upstreams takes the next connection",
    details: `least: the one with the fewest; first: the first that is up, so that the others stand
      by. Default ${GATE_DEFAULTS.upstreamOrder}.`,
  },
  "service": {
    value: "NAME",
    words: SERVICE_NAMES,
    summary: "what the upstream speaks",
    details: `${inWords(SERVICE_NAMES, "or")}. Sets how one that is turned away is told, how the
      upstream is checked (of some, only whether it takes connections), and lets PostgreSQL's cancels pass the queue. Default: nothing is known
      of it.`,
  },
  "check-interval": {
    value: "DUR",
    summary: "how often the --service is checked while it is up",
    details: `It is at the start, and while it is down. Default ${GATE_DEFAULTS.checkInterval}.`,
  },
  "check-fall": {
    value: "N",
    summary: "how many checks in a row have to fail until it counts as down",
    details: `from 1. Default ${GATE_DEFAULTS.checkFall}.`,
  },
  "check-rise": {
    value: "N",
    summary: "how many have to succeed until it is up again",
    details: `from 1. Default ${GATE_DEFAULTS.checkRise}.`,
  },
  "check-path": {
    value: "PATH",
    summary: "with --service http, what a check asks for",
    details: `Default ${GATE_DEFAULTS.checkPath}`,
  },
  "check-status": {
    value: "CODE",
    summary: "with --service http, the status that a check is answered with",
    details: "Default: any below 500.",
  },
  "queue-timeout": {
    value: "DUR",
    summary: "how long a connection may wait for a place",
    details: `such as 500ms, 30s, 1h30m or 1d; 0 for no limit, as for each duration here
      but --upstream-linger.
      Default ${GATE_DEFAULTS.queueTimeout}.`,
  },
  "connect-timeout": {
    value: "DUR",
    summary: "how long one that has a place waits for the upstream",
    details: `Default ${GATE_DEFAULTS.connectTimeout}.`,
  },
  "idle-timeout": {
    value: "DUR",
    summary: "how long one that has a place may be silent",
    details: `With an upstream, that is without a byte either way: a query that runs longer is cut.
      Without one, it is without a whole line of the client's.
      Default ${GATE_DEFAULTS.idleTimeout}.`,
  },
  "max-lifetime": {
    value: "DUR",
    summary: "how long one may keep its place",
    details: `Then it is evicted, also amidst a query. Clients of stdin have no connection that
      could be ended, and keep theirs. Default ${GATE_DEFAULTS.maxLifetime}.`,
  },
  "drain-timeout": {
    value: "DUR",
    summary: "how long those that are there may go on after a signal to end",
    details: `What the upstream has under way for them may go on for a second more.
      Default ${GATE_DEFAULTS.drainTimeout}.`,
  },
  "drain-queue": {
    value: "WORD",
    words: DRAIN_QUEUES,
    summary: "what becomes of those that wait at a signal to end",
    details: `with wait they keep their turn until the drain timeout, with reject they are turned
      away at once. Default ${GATE_DEFAULTS.drainQueue}.`,
  },
  "upstream-linger": {
    value: "DUR",
    summary: "how long the upstream may go on for a client that is gone",
    details: `That client keeps its place until it has ended; 0 closes it at once.
      Default ${GATE_DEFAULTS.upstreamLinger}.`,
  },
  "reject-as": {
    value: "FORMAT",
    words: REJECT_FORMATS,
    summary: "what a connection hears that is turned away",
    details: `with close nothing, with line a message of the pool, and with an upstream also what
      any --service says. Default: the --service; without one, close with an upstream, line
      without.`,
  },
  "max-per-source": {
    value: "N",
    summary: "how many connections of one source may be in the pool and its queue",
    details: `from 1. A source is an IPv4 address, or an IPv6 network. Those over a Unix socket
      have none. Default: any number.`,
  },
  "max-waiting-per-source": {
    value: "N",
    summary: "how many connections of one source may wait",
    details: "from 1. Default: any number.",
  },
  "source-prefix-v6": {
    value: "BITS",
    summary: "how long the prefix of an IPv6 network is that counts as one source",
    details: `from 1 to 128. Default ${GATE_DEFAULTS.sourcePrefixV6}.`,
  },
  "proxy-protocol": {
    value: "V",
    words: PROXY_PROTOCOLS,
    summary: "tell the upstream the client's address, as v1 or v2",
    details: `Take v2 with --listen unix:, where clients have none. PostgreSQL and Redis take
      neither. Default: do not.`,
  },
  "log-connections": {
    summary: "note each connection, and its whole story when it leaves",
    details: "Default false.",
  },
  "admin": {
    value: "ADDR",
    summary: "where to serve operators over HTTP",
    details: `a live page, metrics for Prometheus (/metrics), health (/healthz, /readyz) and JSON
      (/api/stats), for whoever reaches the address.`,
  },
  "admin-token": {
    value: "TOKEN",
    summary: "permit changes to whoever has this token",
    details: `on the page and under /api. Other programs see a flag: the environment variable is
      better. Default: no changes.`,
  },
  "admin-host": {
    value: "NAME",
    summary: "serve operators under this name, too",
    details: `such as that of a proxy, or the one that Prometheus scrapes. Default: under
      addresses and localhost only.`,
  },
  "admin-reuse-port": {
    summary: "share the port of --admin with the poolgate that takes over",
    details: `From a signal to end on, operators meet the new one. Not for several that live side by
      side: a request meets any of them. Default false.`,
  },
  "cluster": {
    value: "URL",
    summary: "share the limits and the queue with other gates, through this Redis or Valkey",
    details: `(7 or later) at redis://HOST:PORT, rediss://HOST:PORT or redis+unix:///path, with
      USER:PASSWORD@ before HOST or /path. Other programs see a flag: with a password, the
      environment variable is better. Default: this poolgate has its pool alone.`,
  },
  "cluster-pool": {
    value: "NAME",
    summary: "the pool that is shared",
    details: `Several may be in one Redis. Default ${CLUSTER_DEFAULTS.pool}.`,
  },
  "cluster-gate": {
    value: "NAME",
    summary: "what operators read for this gate",
    details: "Default: its host name and its PID.",
  },
  "cluster-lease": {
    value: "DUR",
    summary: "how long the places of a gate are kept that is not heard of",
    details: `from ${showDuration(MIN_LEASE_MS)} to ${showDuration(MAX_LEASE_MS)}.
      Default ${CLUSTER_DEFAULTS.lease}.`,
  },
  "cluster-lost": {
    value: "WORD",
    words: LOST_MODES,
    summary: "what becomes of those with a place when this gate is cut off for that long",
    details: `with hold they keep it, and may come on top of the limit; with cut they are ended.
      Default ${CLUSTER_DEFAULTS.lost}.`,
  },
};
