/**
 * Puts a gate together: which sessions its connections have, and who is told of what.
 *
 * @module
 */

import { type Clock, reporting } from "../io/clock.ts";
import type { Note } from "../io/log.ts";
import type { Listener, Socket } from "../io/socket.ts";
import { Timeouts } from "../io/timeouts.ts";
import type { Pool } from "../pool/pool.ts";
import type { Node } from "../protocol/node.ts";
import type { Connection } from "./connection.ts";
import { noteFault } from "./fault.ts";
import { ForeignLog } from "./foreign_log.ts";
import { ForwardSession } from "./forward_session.ts";
import { Gate } from "./gate.ts";
import type { GateOptions } from "./gate_options.ts";
import type { Protocols } from "./load_protocols.ts";
import { NativeSession } from "./native_session.ts";
import { type OpenUpstreams, openUpstreams, type Reach } from "./open_upstreams.ts";
import { patienceAdvice } from "./patience_advice.ts";
import { RetriedSocket } from "./retried_socket.ts";
import type { Upstream } from "./upstream.ts";
import type { Attempt } from "./upstreams.ts";
import type { UpstreamFigures } from "./upstream_figures.ts";

/** How long a client may be silent once the upstream has ended, in milliseconds. */
const HALF_CLOSED_MS = 30_000;

/** How long a client may be silent that would say first to which upstreams it goes. */
const FIRST_WORDS_MS = 5000;

/**
 * How often it is seen whether a client is still there that has sent as much as is kept, in
 * milliseconds.
 */
const PROBE_MS = 1000;

/** What {@linkcode openGate} works with. */
export interface OpenGateParts {
  listener: Listener;
  /** How each upstream is reached, in order; none where there are none. */
  reaches: readonly Reach[];
  clock: Clock;
  pool: Pool;
  /** The time that the pool is told, in milliseconds. */
  now: () => number;
  node: Node;
  /** How long a client would have to wait that comes now, in milliseconds, where that is known. */
  expectedWaitMs?: (() => number | undefined) | undefined;
  /** Counts what goes on with the upstream; left out, nobody does. */
  figures?: UpstreamFigures | undefined;
  note: Note;
  protocols: Protocols;
  options: GateOptions;
}

/** A gate that is ready to run. */
export interface OpenGate {
  /** What is counted of them all, where anything is. */
  figures: UpstreamFigures | undefined;
  gate: Gate;
  /** What its connections are joined to, in order. */
  upstreams: readonly Upstream[];
}

/** @returns A gate that is ready to run. */
export function openGate(given: OpenGateParts): OpenGate {
  const { note } = given;
  const clock = reporting(given.clock, (error) => noteFault(note, error, "a timer"));
  const parts = { ...given, clock };
  const { figures } = given;
  if (given.reaches.length === 0) {
    const openSession = nativeSessions(parts);
    const native = { holdsBack: () => false, upstreamDown: () => false };
    const gate = new Gate({ ...parts, openSession, ...native });
    return { gate, upstreams: [], figures: undefined };
  }
  const opened = openUpstreams(parts);
  const { upstreams, ready } = opened;
  const openSession = forwardSessions(parts, opened);
  const holdsBack = () => upstreams.lacksDescriptors;
  const upstreamDown = () => !upstreams.up;
  const advice = patienceAdvice(parts.protocols, parts.options.queueTimeoutMs);
  const gate = new Gate({ ...parts, openSession, holdsBack, upstreamDown, ready, advice });
  return { gate, upstreams: upstreams.all, figures };
}

function nativeSessions({ node, listener, clock, note, options }: OpenGateParts) {
  const { idleTimeoutMs, rejectAs } = options;
  const idle = new Timeouts(clock, idleTimeoutMs, endSilent);
  const native = { node, address: listener.address, rejectAs, idle, note };
  return (connection: Connection) => new NativeSession(connection, native);
}

function forwardSessions(
  { node, listener, clock, note, expectedWaitMs, protocols, options }: OpenGateParts,
  { upstreams, bypass }: OpenUpstreams,
) {
  const { idleTimeoutMs, upstreamLingerMs: lingerMs, proxyProtocol, rejectAs } = options;
  // Whoever says how clients are rejected has said, too, what they speak.
  const passes = (protocols.service ?? protocols.rejection)?.passes;
  // Without checks, nothing tells a refusal of one client from that of a service that stops.
  const checked = upstreams.all.every(({ checked }) => checked);
  const beginning = checked ? protocols.service?.beginning : undefined;
  const forwarding = {
    upstreams,
    bypass,
    retried: (socket: Socket, attempt: Attempt, headerBytes: number) =>
      beginning === undefined
        ? socket
        : new RetriedSocket({ socket, beginning, headerBytes, attempt, clock }),
    firstWords: upstreams.all.length > 1 && passes !== undefined
      ? new Timeouts<ForwardSession>(clock, FIRST_WORDS_MS, (session) => session.stopListening())
      : undefined,
    proxyProtocol,
    rejectAs,
    rejection: protocols.rejection,
    expectedWaitMs: expectedWaitMs ?? (() => undefined),
    passes,
    foreignLog: rejectAs === "close" || rejectAs === "line"
      ? undefined
      : new ForeignLog(rejectAs, note),
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
