/**
 * Load on what stands before a web server, by wrk, and what that took.
 *
 * @module
 */

import {
  delay,
  HOST,
  type Program,
  type Proxy,
  type Server,
  type Stage,
  type Usage,
  usage,
} from "./gate_programs.ts";

/** Has each request take a connection of its own. */
export const EACH_ANEW = ["-H", "Connection: close"];

/** What wrk is to do. */
export interface Work {
  stage: Stage;
  server: Server;
  connections: number;
  headers: string[];
}

/** What wrk tells, and what the proxy took for it. */
export interface Load {
  /** How many requests there were. */
  requests: number;
  /** Requests each second. */
  rate: number;
  /** The 99th percentile of their times, in milliseconds. */
  slowest: number;
  /** The proxy's CPU time for each, in microseconds. */
  cpu: number;
}

/** Waits until what a load has left behind is gone. */
export async function settled(server: Server): Promise<void> {
  do await delay(100); while ((await server.status()).open > 1);
}

/** Runs wrk, and returns its report. */
export async function wrk(
  stage: Stage,
  { port }: Program,
  connections: number,
  seconds: number,
  headers: string[],
): Promise<string> {
  const counts = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "30s", "--latency"];
  const text = await stage.run("wrk", ...counts, ...headers, `http://${HOST}:${port}/`);
  const complaint = /(Socket errors|Non-2xx).*/.exec(text)?.[0];
  if (complaint !== undefined) console.log(`  (wrk met errors: ${complaint})`);
  return text;
}

/** Has wrk load what stands before a server. */
export async function load(
  { stage, connections, headers }: Work,
  proxy: Proxy,
  seconds: number,
): Promise<Load> {
  const before = await usage(proxy);
  const text = await wrk(stage, proxy, connections, seconds, headers);
  const after = await usage(proxy);
  const requests = Number(/(\d+) requests in/.exec(text)?.[1]);
  return {
    requests,
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]),
    slowest: milliseconds(/99%\s+(\S+)/.exec(text)?.[1] ?? ""),
    cpu: cpuBetween(before, after) * 1e6 / requests,
  };
}

/** @returns The CPU time between two moments, in seconds. */
export function cpuBetween(before: Usage, after: Usage): number {
  return after.cpuSeconds - before.cpuSeconds;
}

/** Reads a time as wrk writes it. */
function milliseconds(text: string): number {
  const units: Record<string, number> = { us: 1e-3, ms: 1, s: 1e3, m: 60e3 };
  const [, value, unit = ""] = /^([\d.]+)([a-z]+)$/.exec(text) ?? [];
  return Number(value) * (units[unit] ?? NaN);
}
