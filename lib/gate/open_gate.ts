/**
 * Puts a gate together: which sessions its connections have, and who is told of what.
 *
 * @module
 */

import { type Clock, reporting } from "../io/clock.ts";
import type { Note } from "../io/log.ts";
import type { Dial, Listener, Probe } from "../io/socket.ts";
import { Timeouts } from "../io/timeouts.ts";
import type { Pool } from "../pool/pool.ts";
import type { Node } from "../protocol/node.ts";
import type { Connection } from "./connection.ts";
import { noteFault } from "./fault.ts";
import { ForwardSession } from "./forward_session.ts";
import { Gate } from "./gate.ts";
import type { GateOptions } from "./gate_options.ts";
import { HeaderLog } from "./header_log.ts";
import { NativeSession } from "./native_session.ts";
import { Upstream } from "./upstream.ts";

/** How long a client may be silent once the upstream has ended, in milliseconds. */
const HALF_CLOSED_MS = 30_000;

/**
 * How often it is seen whether a client is still there that has sent as much as is kept, in
 * milliseconds.
 */
const PROBE_MS = 1000;

/** What {@linkcode openGate} works with. */
export interface OpenGateParts {
  listener: Listener;
  /** Opens a connection to the upstream; `undefined` where there is none. */
  dial: Dial | undefined;
  /** Sees whether the upstream is there, before the first client comes; left out, nobody does. */
  probe?: Probe | undefined;
  clock: Clock;
  pool: Pool;
  /** The time that the pool is told, in milliseconds. */
  now: () => number;
  node: Node;
  note: Note;
  options: GateOptions;
}

/** A gate that is ready to run. */
export interface OpenGate {
  gate: Gate;
  /** What its connections are joined to; `undefined` where there is none. */
  upstream: Upstream | undefined;
}

/** @returns A gate that is ready to run. */
export function openGate(given: OpenGateParts): OpenGate {
  const { note } = given;
  const clock = reporting(given.clock, (error) => noteFault(note, error, "a timer"));
  const parts = { ...given, clock };
  const upstream = parts.dial && openUpstream(parts, parts.dial);
  const openSession = upstream === undefined
    ? nativeSessions(parts)
    : forwardSessions(parts, upstream);
  const holdsBack = () => upstream?.lacksDescriptors ?? false;
  // With no places, nobody is to be connected to the upstream, not even to look.
  const ready = given.probe !== undefined && given.pool.limits.maxConnections > 0
    ? upstream?.look(given.probe)
    : undefined;
  return { gate: new Gate({ ...parts, openSession, holdsBack, ready }), upstream };
}

function nativeSessions({ node, listener, clock, note, options }: OpenGateParts) {
  const { idleTimeoutMs, rejectAs } = options;
  const idle = new Timeouts(clock, idleTimeoutMs, endSilent);
  const native = { node, address: listener.address, rejectAs, idle, note };
  return (connection: Connection) => new NativeSession(connection, native);
}

function openUpstream({ clock, pool, now, note, options }: OpenGateParts, dial: Dial): Upstream {
  return new Upstream({
    dial,
    clock,
    connectTimeoutMs: options.connectTimeoutMs,
    onDown: (reason) => {
      note("error", `the upstream is down, nobody is let in: ${reason}`);
      pool.pause("upstream_down");
    },
    onUp: () => {
      note("info", "the upstream is up again");
      pool.resume(now());
    },
    onShortage: (reason) => note("error", `connecting to the upstream has to wait: ${reason}`),
  });
}

function forwardSessions(
  { node, listener, clock, note, options }: OpenGateParts,
  upstream: Upstream,
) {
  const { idleTimeoutMs, upstreamLingerMs: lingerMs, proxyProtocol, rejectAs } = options;
  const forwarding = {
    upstream,
    proxyProtocol,
    headerLog: proxyProtocol && new HeaderLog(proxyProtocol, note),
    rejectAs,
    idle: new Timeouts(clock, idleTimeoutMs, endSilent),
    halfClosed: new Timeouts(clock, HALF_CLOSED_MS, endSilent),
    linger: lingerMs === 0
      ? undefined
      : new Timeouts<ForwardSession>(clock, lingerMs, (session) => session.closeUpstream()),
    probe: new Timeouts<ForwardSession>(clock, PROBE_MS, (session) => session.probe()),
    node,
    address: listener.address,
  };
  return (connection: Connection) => new ForwardSession(connection, forwarding);
}

function endSilent(connection: Connection): void {
  connection.end("idle_timeout");
}
