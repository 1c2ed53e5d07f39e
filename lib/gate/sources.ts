/**
 * How many connections each source has, so that one client cannot take every place. Pure.
 *
 * @module
 */

import { ipBytes, isV6, unmapped } from "../io/address.ts";

/**
 * @param ip The address of a client.
 * @param prefixV6 How many leading bits of an IPv6 address count, 1 to 128.
 * @returns What the client counts as: an IPv4 address, also where it is mapped into IPv6; the
 *   network of an IPv6 address, since each host may take any address in its own. Of link-local
 *   addresses the whole, since all hosts of a link have the same 64 bits in front.
 */
export function sourceOf(ip: string, prefixV6: number): string {
  const plain = unmapped(ip);
  if (!isV6(plain)) return plain;
  const bytes = ipBytes(plain);
  const bits = isLinkLocal(bytes) ? 8 * bytes.length : prefixV6;
  return bytes.map((byte, index) => byte & leading(bits - 8 * index)).join(".");
}

/** fe80::/10: RFC 4291, 2.5.6. */
function isLinkLocal([first = 0, second = 0]: readonly number[]): boolean {
  return first === 0xfe && (second & 0xc0) === 0x80;
}

/** A byte in which so many leading bits are set: none below 0, all from 8. */
function leading(bits: number): number {
  return 0xff00 >> Math.min(Math.max(bits, 0), 8) & 0xff;
}

/** Counts connections by where they come from. It holds those sources only that have any. */
export class Sources {
  #counts = new Map<string, number>();

  /** How many connections a source has. */
  count(source: string): number {
    return this.#counts.get(source) ?? 0;
  }

  /** Counts one more. */
  add(source: string): void {
    this.#counts.set(source, this.count(source) + 1);
  }

  /** Counts one less, of a source that has one. */
  remove(source: string): void {
    const count = this.count(source);
    if (count === 0) throw new Error(`BUG: no connection from ${source} to remove`);
    if (count === 1) this.#counts.delete(source);
    else this.#counts.set(source, count - 1);
  }
}
