/**
 * Puts the upstreams together: how each is reached and asked, and who is told of what becomes of
 * it.
 *
 * @module
 */

import { type Address, showAddress } from "../io/address.ts";
import type { Clock } from "../io/clock.ts";
import type { Note } from "../io/log.ts";
import type { Ask, Dial, Probe } from "../io/socket.ts";
import type { Pool } from "../pool/pool.ts";
import { Bypass } from "./bypass.ts";
import type { GateOptions } from "./gate_options.ts";
import { HeaderLog } from "./header_log.ts";
import { CHECK_ID, HealthChecks } from "./health_checks.ts";
import type { Protocols } from "./load_protocols.ts";
import { proxyHeader } from "./proxy_protocol.ts";
import { joined } from "./services/ascii.ts";
import { type MemberParts, Upstreams } from "./upstreams.ts";
import type { UpstreamFigures } from "./upstream_figures.ts";

/** How long a check may take, in milliseconds. */
const CHECK_TIMEOUT_MS = 5000;

/** How an upstream is reached. */
export interface Reach {
  address: Address;
  /** Opens a connection to it. */
  dial: Dial;
  /** Asks it; `undefined` where it is not to be checked. */
  ask: Ask | undefined;
  /** Sees whether it is there, before the first client comes; left out, nobody does. */
  probe?: Probe | undefined;
}

/** What {@linkcode openUpstreams} works with. */
export interface OpenUpstreamsParts {
  /** One for each upstream, in order. */
  reaches: readonly Reach[];
  clock: Clock;
  pool: Pool;
  /** The time that the pool is told, in milliseconds. */
  now: () => number;
  /** Counts what goes on with all of them; left out, nobody does. */
  figures?: UpstreamFigures | undefined;
  note: Note;
  protocols: Protocols;
  options: Pick<GateOptions, "upstreamOrder" | "connectTimeoutMs" | "proxyProtocol" | "check">;
}

/** The upstreams, and what goes to them beside the connections of those who have a place. */
export interface OpenUpstreams {
  upstreams: Upstreams;
  /** The way of what needs no place: to all of them, since nobody knows whom it is for. */
  bypass: Pick<Bypass, "send">;
  /** The looks whether they are there; `undefined` where there are none to wait for. */
  ready: Promise<void> | undefined;
}

/** @returns The upstreams, which are checked from now on, where it is known how. */
export function openUpstreams(given: OpenUpstreamsParts): OpenUpstreams {
  const { clock, pool, now, figures, options } = given;
  const reaches = figures === undefined
    ? given.reaches
    : given.reaches.map((reach) => ({ ...reach, dial: figures.dialling(reach.dial, clock) }));
  const parts = { ...given, reaches };
  const several = reaches.length > 1;
  const asks = reaches.map((reach) => asking(reach, parts));
  const checks: (HealthChecks | undefined)[] = [];
  const upstreams: Upstreams = new Upstreams({
    clock,
    connectTimeoutMs: options.connectTimeoutMs,
    order: options.upstreamOrder,
    // Of a pool that is shared, others may have all places for as long as this process can let
    // nobody in: it would never see that the upstream is back.
    places: () => ({ ...pool.stats(), ...pool.describe().cluster && { active: pool.own.active } }),
    onHold: () => pool.pause("upstream_down"),
    onRelease: () => pool.resume("upstream_down", now()),
    members: reaches.map((reach, at) =>
      memberParts(reach, parts, {
        checked: asks[at] !== undefined,
        checks: () => checks[at],
        othersGoOn: () => !upstreams.held,
      })
    ),
  });
  const { check: { intervalMs, ...rules } } = options;
  for (const [at, upstream] of upstreams.all.entries()) {
    const ask = asks[at];
    const id = several ? `${CHECK_ID} of ${upstream.address}` : CHECK_ID;
    const shared = { upstream, looks: upstreams.looks, pool, now, clock, rules, intervalMs, id };
    const leftOut = () => {
      if (figures !== undefined) figures.checks.left_out++;
    };
    checks.push(ask && new HealthChecks({ ask: figures?.asking(ask) ?? ask, leftOut, ...shared }));
  }
  for (const one of checks) one?.begin();
  const bypasses = reaches.map(({ dial }, at) =>
    new Bypass({ dial, clock, up: () => upstreams.all[at]?.up ?? false })
  );
  const bypass = {
    send: async (bytes: Uint8Array) => {
      await Promise.all(bypasses.map((bypass) => bypass.send(bytes)));
    },
  };
  return { upstreams, bypass, ready: looking(upstreams, parts) };
}

/** What one upstream says of itself, and to whom. */
function memberParts(
  { address, dial }: Reach,
  { reaches, note, protocols, options: { proxyProtocol } }: OpenUpstreamsParts,
  { checked, checks, othersGoOn }: {
    checked: boolean;
    checks: () => HealthChecks | undefined;
    othersGoOn: () => boolean;
  },
): MemberParts {
  const shown = showAddress(address);
  const name = reaches.length > 1 ? `the upstream ${shown}` : "the upstream";
  const which = reaches.length > 1 ? { upstream: shown } : {};
  const clientEnds = protocols.service?.clientEnds ?? false;
  return {
    address: shown,
    dial,
    checked,
    headerLog: proxyProtocol && new HeaderLog(proxyProtocol, note, name),
    ...(clientEnds ? { onSuspicion: () => checks()?.suspect() } : {}),
    onDown: (reason) => {
      const rest = othersGoOn() ? "the others take its clients" : "nobody is let in";
      const event = "upstream_down";
      note("error", `${name} is down, ${rest}: ${reason}`, { event, ...which, reason });
      checks()?.fell();
    },
    onSilent: (reason) => note("warn", `${name} may be down: ${reason}`),
    onUp: () => note("info", `${name} is up again`, { event: "upstream_up", ...which }),
    onShortage: (reason) => note("error", `connecting to ${name} has to wait: ${reason}`),
  };
}

/**
 * Looks at each whether it is there, where no checks do: at no more than there are places, at once,
 * so at none where there are none.
 */
function looking(
  { all }: Upstreams,
  { reaches, pool: { limits: { maxConnections } } }: OpenUpstreamsParts,
): Promise<void> | undefined {
  const looks = all.flatMap((upstream, at) => {
    const probe = reaches[at]?.probe;
    return upstream.checked || probe === undefined ? [] : [() => upstream.look(probe)];
  });
  if (looks.length === 0 || maxConnections === 0) return undefined;
  const begin = async () => {
    for (let look = looks.shift(); look !== undefined; look = looks.shift()) await look();
  };
  return Promise.all(looks.slice(0, maxConnections).map(begin)).then(() => {});
}

/** How an upstream is asked for its health; `undefined` where that is not known. */
function asking(
  { ask, address }: Reach,
  { protocols, options }: OpenUpstreamsParts,
): (() => Promise<void>) | undefined {
  const { proxyProtocol, check: { path, status } } = options;
  const begin = protocols.service?.check;
  if (ask === undefined || begin === undefined) return undefined;
  const host = address.transport === "unix" ? "localhost" : showAddress(address);
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
