/**
 * What a user of Prometheus and Grafana takes from a running poolgate: alert rules, and a dashboard
 * to import. Both are part of the program.
 *
 * @module
 */

import dashboard from "./prometheus/grafana.json" with { type: "text" };
import rules from "./prometheus/rules.yml" with { type: "text" };

/** By their paths: the text, and its media type. */
export const PROMETHEUS_FILES: ReadonlyMap<string, { text: string; type: string }> = new Map([
  ["/grafana.json", { text: dashboard, type: "application/json" }],
  ["/rules.yml", { text: rules, type: "application/yaml" }],
]);
