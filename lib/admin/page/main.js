// @ts-check
/// <reference lib="dom" />
/**
 * Puts the page together: what the stream tells goes to each of its parts.
 *
 * @module
 */

import { showChanges } from "./changes.js";
import { showCluster } from "./cluster.js";
import { offerDisconnecting, showClients } from "./clients.js";
import { askToDisconnect } from "./disconnect.js";
import { forgetTransfers, showFigures } from "./figures.js";
import { showGauges } from "./gauges.js";
import { showHeader, showLost } from "./header.js";
import { showLimits } from "./limits.js";
import { Live } from "./live.js";
import { showPause } from "./pause.js";
import { Plot } from "./plot.js";
import { Samples } from "./samples.js";
import { showUpstreams } from "./upstreams.js";
import { showWaits } from "./waits.js";

const samples = new Samples();
const plot = new Plot(samples);

/**
 * The version that this page came from.
 *
 * @type {string | undefined}
 */
let version;

/** The newest sample's time, and the limit then. */
let newest = { time: Date.now() / 1000, limit: 0 };

offerDisconnecting(askToDisconnect);

new Live("api/events", {
  // It may be that of a new poolgate, and then replaces what was known of the last one.
  history({ samples: history }) {
    samples.replace(history);
    forgetTransfers();
  },
  now(now) {
    const { sample, stats } = now;
    version ??= stats.version;
    // A page stays open for longer than poolgate runs, and the next one may have another page.
    if (version !== stats.version) return location.reload();
    samples.add(sample);
    newest = { time: sample[0], limit: stats.max_connections };
    showHeader(now);
    showGauges(stats);
    showCluster(stats);
    showUpstreams(stats);
    showFigures(now, samples);
    plot.show(newest.time, newest.limit);
    showWaits(now.waits);
    showChanges(stats);
    showLimits(stats);
    showPause(stats);
    showClients(now);
  },
  lost(seconds) {
    showLost(seconds);
    plot.show(newest.time + seconds, newest.limit);
  },
});
