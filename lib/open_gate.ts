/**
 * Puts a gate together: which sessions its connections have, and who is told of what.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { Deadlines } from "./deadlines.ts";
import { ForwardSession } from "./forward_session.ts";
import { Gate } from "./gate.ts";
import type { GateOptions } from "./gate_options.ts";
import { noteLimits } from "./limits_note.ts";
import type { Note } from "./log.ts";
import { NativeSession } from "./native_session.ts";
import type { Node } from "./node.ts";
import type { Roster } from "./roster.ts";
import type { OpenSession } from "./session.ts";
import type { Dial, Listener } from "./socket.ts";
import { Upstream } from "./upstream.ts";

/** How long a client may be silent once the upstream has ended, in milliseconds. */
const HALF_CLOSED_MS = 30_000;

/** What {@linkcode openGate} works with. */
export interface GateSurroundings {
  listener: Listener;
  /** Opens a connection to the upstream; `undefined` where there is none. */
  dial: Dial | undefined;
  clock: Clock;
  roster: Roster;
  node: Node;
  note: Note;
  options: GateOptions;
}

/** @returns A gate that is ready to run. */
export function openGate(surroundings: GateSurroundings): Gate {
  const { listener, roster, clock, note, options } = surroundings;
  const openSession = surroundings.dial === undefined
    ? nativeSessions(surroundings)
    : forwardSessions(surroundings, surroundings.dial);
  noteLimits(roster, note);
  return new Gate({ listener, roster, openSession, clock, note, options });
}

function nativeSessions({ node, listener, clock, options }: GateSurroundings): OpenSession {
  const idle = new Deadlines(clock, options.idleTimeoutMs, close);
  const native = { node, address: listener.address, rejectAs: options.rejectAs, idle };
  return (connection) => new NativeSession(connection, native);
}

function forwardSessions(surroundings: GateSurroundings, dial: Dial): OpenSession {
  const { node, listener, clock, roster, note, options } = surroundings;
  const { connectTimeoutMs, idleTimeoutMs, proxyProtocol, rejectAs } = options;
  const upstream = new Upstream({
    dial,
    clock,
    connectTimeoutMs,
    onDown: (reason) => {
      note("error", `the upstream is down, nobody is let in: ${reason}`);
      roster.pause();
    },
    onUp: () => {
      note("info", "the upstream is up again");
      roster.resume();
    },
  });
  const forwarding = {
    upstream,
    proxyProtocol,
    rejectAs,
    idle: new Deadlines(clock, idleTimeoutMs, close),
    halfClosed: new Deadlines(clock, HALF_CLOSED_MS, close),
    node,
    address: listener.address,
  };
  return (connection) => new ForwardSession(connection, forwarding);
}

function close(connection: Connection): void {
  connection.close();
}
