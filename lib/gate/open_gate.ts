/**
 * Puts a gate together: which sessions its connections have, and who is told of what.
 *
 * @module
 */

import { showAddress } from "../io/address.ts";
import { type Clock, reporting } from "../io/clock.ts";
import type { Note } from "../io/log.ts";
import type { Ask, Dial, Listener, Probe } from "../io/socket.ts";
import { Timeouts } from "../io/timeouts.ts";
import type { Pool } from "../pool/pool.ts";
import type { Node } from "../protocol/node.ts";
import { Bypass } from "./bypass.ts";
import type { Connection } from "./connection.ts";
import { noteFault } from "./fault.ts";
import { ForwardSession } from "./forward_session.ts";
import { Gate } from "./gate.ts";
import type { GateOptions } from "./gate_options.ts";
import { HeaderLog } from "./header_log.ts";
import { HealthChecks } from "./health_checks.ts";
import type { Protocols } from "./load_protocols.ts";
import { NativeSession } from "./native_session.ts";
import { proxyHeader } from "./proxy_protocol.ts";
import { joined } from "./services/ascii.ts";
import { Upstream } from "./upstream.ts";

/** How long a client may be silent once the upstream has ended, in milliseconds. */
const HALF_CLOSED_MS = 30_000;

/**
 * How often it is seen whether a client is still there that has sent as much as is kept, in
 * milliseconds.
 */
const PROBE_MS = 1000;

/** How long a check may take, in milliseconds. */
const CHECK_TIMEOUT_MS = 5000;

/** What {@linkcode openGate} works with. */
export interface OpenGateParts {
  listener: Listener;
  /** Opens a connection to the upstream; `undefined` where there is none. */
  dial: Dial | undefined;
  /** Asks the upstream; `undefined` where it is not to be checked. */
  ask: Ask | undefined;
  /** Sees whether the upstream is there, before the first client comes; left out, nobody does. */
  probe?: Probe | undefined;
  clock: Clock;
  pool: Pool;
  /** The time that the pool is told, in milliseconds. */
  now: () => number;
  node: Node;
  note: Note;
  protocols: Protocols;
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
  const { dial } = parts;
  if (dial === undefined) {
    const openSession = nativeSessions(parts);
    return {
      gate: new Gate({ ...parts, openSession, holdsBack: () => false }),
      upstream: undefined,
    };
  }
  const { upstream, checks } = openUpstream(parts, dial);
  const openSession = forwardSessions(parts, dial, upstream, checks);
  checks?.begin();
  const holdsBack = () => upstream.lacksDescriptors;
  // With no places, nobody is to be connected to the upstream, not even to look.
  const ready =
    given.probe !== undefined && checks === undefined && given.pool.limits.maxConnections > 0
      ? upstream.look(given.probe)
      : undefined;
  return { gate: new Gate({ ...parts, openSession, holdsBack, ready }), upstream };
}

function nativeSessions({ node, listener, clock, note, options }: OpenGateParts) {
  const { idleTimeoutMs, rejectAs } = options;
  const idle = new Timeouts(clock, idleTimeoutMs, endSilent);
  const native = { node, address: listener.address, rejectAs, idle, note };
  return (connection: Connection) => new NativeSession(connection, native);
}

/** An upstream, and what asks it for its health, where anything does. */
interface CheckedUpstream {
  upstream: Upstream;
  checks: HealthChecks | undefined;
}

function openUpstream(parts: OpenGateParts, dial: Dial): CheckedUpstream {
  const { clock, pool, now, note, options } = parts;
  const ask = asking(parts);
  const upstream = new Upstream({
    dial,
    clock,
    connectTimeoutMs: options.connectTimeoutMs,
    checked: ask !== undefined,
    onHold: () => pool.pause("upstream_down"),
    onRelease: () => pool.resume("upstream_down", now()),
    onDown: (reason) => {
      const event = "upstream_down";
      note("error", `the upstream is down, nobody is let in: ${reason}`, { event, reason });
      checks?.fell();
    },
    onSilent: (reason) => note("warn", `the upstream may be down: ${reason}`),
    onUp: () => note("info", "the upstream is up again", { event: "upstream_up" }),
    onShortage: (reason) => note("error", `connecting to the upstream has to wait: ${reason}`),
  });
  const { check: { intervalMs, ...rules } } = options;
  const checks = ask && new HealthChecks({ ask, upstream, pool, now, clock, rules, intervalMs });
  return { upstream, checks };
}

/** How the upstream is asked for its health; `undefined` where that is not known. */
function asking({ ask, protocols, options }: OpenGateParts): (() => Promise<void>) | undefined {
  const { upstream, proxyProtocol, check: { path, status } } = options;
  const { service } = protocols;
  if (ask === undefined || upstream === undefined || service?.check === undefined) return undefined;
  const host = upstream.transport === "unix" ? "localhost" : showAddress(upstream);
  const begin = service.check;
  // As of a client without an address: a check is for none.
  const header = proxyProtocol === undefined
    ? new Uint8Array()
    : proxyHeader(proxyProtocol, undefined);
  return async () => {
    const check = begin({ host, path, status });
    let problem: string | undefined;
    const answer = (bytes: Uint8Array) => {
      const answer = check.answer(bytes);
      problem = answer.problem;
      return answer;
    };
    const opening = joined(header, check.opening);
    await ask({ opening, answer }, CHECK_TIMEOUT_MS);
    if (problem !== undefined) throw new Error(problem);
  };
}

function forwardSessions(
  { node, listener, clock, note, protocols, options }: OpenGateParts,
  dial: Dial,
  upstream: Upstream,
  checks: HealthChecks | undefined,
) {
  const { idleTimeoutMs, upstreamLingerMs: lingerMs, proxyProtocol, rejectAs } = options;
  const forwarding = {
    upstream,
    suspect: protocols.service?.clientEnds ? () => checks?.suspect() : () => {},
    bypass: new Bypass({ dial, clock, up: () => upstream.up }),
    proxyProtocol,
    headerLog: proxyProtocol && new HeaderLog(proxyProtocol, note),
    rejectAs,
    rejection: protocols.rejection,
    // Whoever says how clients are rejected has said, too, what they speak.
    passes: (protocols.service ?? protocols.rejection)?.passes,
    idle: new Timeouts(clock, idleTimeoutMs, endSilent),
    halfClosed: new Timeouts<Connection>(clock, HALF_CLOSED_MS, (one) => one.end("half_closed")),
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
