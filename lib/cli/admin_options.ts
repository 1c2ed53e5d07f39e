/**
 * The settings for operators: where and under which names they are served, and what
 * permits them to change anything.
 *
 * @module
 */

import { hostnameOf } from "../admin/hosts.ts";
import type { Address } from "../io/address.ts";
import { readListen } from "./listen_option.ts";
import { type Reading, readSwitch, type Settings } from "./settings.ts";

/** What operators are served with. */
export interface AdminOptions {
  listen: Address;
  /** Whether others may listen there as well, if they also say so. */
  reusePort: boolean;
  /** What permits changes; `undefined` where nothing does. */
  token: string | undefined;
  /** The names that are served beside addresses and `localhost`; `undefined` for any. */
  hosts: ReadonlySet<string> | undefined;
}

const MAX_TOKEN = 256;

/** RFC 6750, 2.1: what a bearer token consists of. */
const TOKEN = new RegExp(`^(?=.{1,${MAX_TOKEN}}$)[\\w.~+/-]+=*$`);

/**
 * Reads the settings for operators.
 *
 * @param settings What was given; takes the complaints.
 * @returns The options, `undefined` where there is nowhere to serve them.
 */
export function readAdminOptions(settings: Settings): AdminOptions | undefined {
  const listen = settings.read<Address | undefined>("admin", readListen, undefined);
  const token = settings.read<string | undefined>("admin-token", readToken, undefined);
  const names = settings.read<string[]>("admin-host", readHosts, []);
  // A variable may be there for another poolgate.
  for (const flag of ["admin-token", "admin-host"] as const) {
    if (settings.given(flag)?.from === `--${flag}`) settings.demand("admin", [flag]);
  }
  settings.demand("admin", ["admin-reuse-port"]);
  const reusePort = settings.read("admin-reuse-port", readSwitch, false);
  if (listen === undefined) return undefined;
  // No browser reaches a Unix socket, and what does on its behalf knows whom it serves.
  const any = listen.transport === "unix" && names.length === 0;
  return { listen, reusePort, token, hosts: any ? undefined : new Set(names) };
}

function readToken(text: string): Reading<string> {
  if (TOKEN.test(text)) return { value: text };
  return { allowed: `1 to ${MAX_TOKEN} letters, digits and characters of -._~+/` };
}

/** Reads names, separated by commas. */
function readHosts(text: string): Reading<string[]> {
  const value = text.split(",").map((name) => name.trim()).flatMap((name) =>
    name.includes(":") ? [] : hostnameOf(name) ?? []
  );
  if (value.length === text.split(",").length) return { value };
  return { allowed: "names without a port, such as pool.example.com" };
}
