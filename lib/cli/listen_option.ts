/**
 * An address to listen at, as the gate and the admin side take one.
 *
 * @module
 */

import { type Address, readAddress } from "../io/address.ts";
import type { Reading } from "./settings.ts";

/** Reads where to listen. */
export function readListen(text: string): Reading<Address> {
  const value = readAddress(text);
  if (value !== undefined) return { value };
  return { allowed: "HOST:PORT, [V6]:PORT, :PORT (every interface) or unix:/path" };
}
