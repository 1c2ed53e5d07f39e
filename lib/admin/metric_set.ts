/**
 * A set of metrics whose values are asked for when they are read. Knows no metric by name.
 *
 * @module
 */

import { Counter, Gauge, type Histogram, Registry } from "prom-client";

/** What the values of a metric are, by its only label. */
type Values = () => [label: string, value: number][];

/** Metrics, in the text format of Prometheus. */
export class MetricSet {
  #registry = new Registry();

  /** The media type of {@linkcode text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /**
   * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
   *
   * @returns All metrics as they are now.
   */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value());
      },
    });
  }

  /** A gauge with a value for each value of its only label, which are always the same. */
  gauges(name: string, help: string, label: string, values: Values): void {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        for (const [value, number] of values()) this.set({ [label]: value }, number);
      },
    });
  }

  /** A counter of what is counted elsewhere: its values, by its only label where it has one. */
  counter(name: string, help: string, label: string | undefined, values: Values): void {
    new Counter({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [value, count] of values()) {
          if (label === undefined) this.inc(count);
          else this.inc({ [label]: value }, count);
        }
      },
    });
  }

  /** A histogram that somebody else fills. */
  histogram(histogram: Histogram): void {
    this.#registry.registerMetric(histogram);
  }
}
