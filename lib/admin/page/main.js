// @ts-check
/// <reference lib="dom" />
/**
 * Puts the page together: what the stream tells goes to each of its parts.
 *
 * @module
 */

import { showChanges } from "./changes.js";
import { showCluster } from "./cluster.js";
import { offerDisconnecting, refreshClients } from "./clients.js";
import { askToDisconnect } from "./disconnect.js";
import { forgetTransfers, showFigures } from "./figures.js";
import { showForemost } from "./foremost.js";
import { showGauges } from "./gauges.js";
import { showHeader, showLost } from "./header.js";
import { showLimits } from "./limits.js";
import { Live } from "./live.js";
import { Past } from "./past.js";
import { showPause } from "./pause.js";
import { Plot } from "./plot.js";
import { refreshSources } from "./sources.js";
import { showUpstreams } from "./upstreams.js";
import { showWaits } from "./waits.js";

/** For a screen on a wall: only the state, the gauges and the plot. */
const wall = new URLSearchParams(location.search).has("wall");
document.documentElement.classList.toggle("wall", wall);

const past = new Past(() => plot.show());
const plot = new Plot(past);

/**
 * The version that this page came from.
 *
 * @type {string | undefined}
 */
let version;

/** The newest sample's time. */
let newest = Date.now() / 1000;

offerDisconnecting(askToDisconnect);

new Live("api/events", {
  // It may be that of a new poolgate, and then replaces what was known of the last one.
  history(history) {
    past.replace(history);
    forgetTransfers();
  },
  now(now) {
    const { sample, stats } = now;
    version ??= stats.version;
    // A page stays open for longer than poolgate runs, and the next one may have another page.
    if (version !== stats.version) return location.reload();
    past.add(now);
    newest = sample[0];
    showHeader(now);
    showGauges(stats);
    showForemost(stats);
    plot.show(newest);
    if (wall) return;
    showCluster(stats);
    showUpstreams(stats);
    showFigures(now, past.minutes);
    showWaits(now.waits);
    showChanges(stats);
    showLimits(stats);
    showPause(stats);
    refreshSources();
    refreshClients(stats);
  },
  lost(seconds) {
    showLost(seconds);
    plot.show(newest + seconds);
  },
});
