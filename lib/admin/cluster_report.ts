/**
 * What operators are told of a pool that several gates share, and of how this one stands with
 * whoever keeps it: as figures, and in words.
 *
 * @module
 */

import type { ClusterState, GateShare, Pool, Stats } from "../pool/pool.ts";
import { seconds } from "./rounded.ts";

/** `gate-2` stands before `gate-10`. */
const BY_NAME = new Intl.Collator("en", { numeric: true });

/** @returns What `GET /api/stats` has of it; `null` where this process has the pool alone. */
export function clusterFigures(pool: Pool) {
  const { cluster, gates } = pool.describe();
  if (cluster === undefined) return null;
  const { up, down, downMs, heldMs, leaseValid, leaseLostTotal, lost, resyncs } = cluster;
  return {
    up,
    down: down ?? null,
    down_seconds: seconds(downMs / 1000),
    held_seconds: seconds(heldMs / 1000),
    lease_valid: leaseValid,
    lease_lost: leaseLostTotal,
    lost,
    resyncs,
    gate: {
      name: cluster.name,
      // Not `active`: whoever waits for "active":0 in the whole means the pool's.
      connected: pool.own.active,
      waiting: pool.own.queued,
      paused: cluster.paused,
    },
    gates: gates.map(gateFigures).sort((a, b) => BY_NAME.compare(a.name, b.name)),
    totals: totals(pool.stats()),
  };
}

function gateFigures({ name, own, active, queued, paused, leaseAgeMs }: GateShare) {
  const counts = { connected: active, waiting: queued };
  return { name, own, ...counts, paused, lease_age_seconds: seconds(leaseAgeMs / 1000) };
}

/** Those of all gates, since the pool was made. */
function totals(stats: Stats) {
  return {
    connected: stats.connectedTotal,
    queued: stats.queuedTotal,
    promoted: stats.promotedTotal,
    disconnected: stats.disconnectedTotal,
    rejected: stats.rejectedTotal,
  };
}

/** @returns Why this gate lets nobody in that is not the pool's, nor the upstream's. */
export function whyGateWaits(cluster: ClusterState | undefined): string[] {
  if (cluster === undefined) return [];
  const { up, down, heldMs, paused } = cluster;
  const held = `no gate lets anybody in for ${Math.ceil(heldMs / 1000)} s`;
  return [
    ...(paused ? ["this gate is paused by an operator"] : []),
    ...(up ? [] : [`Redis is away${down === undefined ? "" : `: ${down}`}`]),
    ...(up && heldMs > 0 ? [`${held}: others may have places that Redis does not know of`] : []),
  ];
}
