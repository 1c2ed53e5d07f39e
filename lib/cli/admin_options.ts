/**
 * The settings for operators: where they are served, and what permits them to change anything.
 *
 * @module
 */

import type { Address } from "../io/address.ts";
import { readListen } from "./listen_option.ts";
import type { Reading, Settings } from "./settings.ts";

/** What operators are served with. */
export interface AdminOptions {
  listen: Address;
  /** What permits changes; `undefined` where nothing does. */
  token: string | undefined;
}

/** What Deno reads: where the first server of HTTP is to be, whatever the program says. */
const SERVE_ADDRESS = "DENO_SERVE_ADDRESS";

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
  // A variable may be there for another poolgate.
  if (settings.given("admin-token")?.from === "--admin-token") {
    settings.demand("admin", ["admin-token"]);
  }
  if (listen === undefined) return undefined;
  settings.forbid(SERVE_ADDRESS, "it has --admin served elsewhere: unset it");
  return { listen, token };
}

function readToken(text: string): Reading<string> {
  if (TOKEN.test(text)) return { value: text };
  return { allowed: `1 to ${MAX_TOKEN} letters, digits and characters of -._~+/` };
}
