/**
 * Addresses: where to listen, where the upstream is, and who a peer is, as text and back. Knows no
 * socket.
 *
 * @module
 */

/** A place to listen at or to connect to. */
export type Address =
  | { transport: "tcp"; hostname: string | undefined; port: number }
  | { transport: "unix"; path: string };

const TCP = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/;
const MAX_PORT = 65535;

/**
 * Reads an address.
 *
 * @param text `HOST:PORT`, `[V6]:PORT`, `:PORT` or `unix:/path`; the port from 0 to 65535.
 * @returns The address, without a `hostname` for `:PORT`; `undefined` when the text is none.
 */
export function readAddress(text: string): Address | undefined {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    return path === "" ? undefined : { transport: "unix", path };
  }
  const [, v6, host, digits] = TCP.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > MAX_PORT) return undefined;
  return { transport: "tcp", hostname: v6 ?? (host || undefined), port };
}

/** @returns The address as {@linkcode readAddress} reads it. */
export function showAddress(address: Address): string {
  if (address.transport === "unix") return `unix:${address.path}`;
  return showHostPort(address.hostname ?? "", address.port);
}

/** @returns `HOST:PORT`, or `[V6]:PORT`. */
export function showHostPort(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

const MAPPED = "::ffff:";

/**
 * @returns The IPv4 address in one that is mapped into IPv6 (RFC 4291, 2.5.5.2); any other as it
 *   is.
 */
export function unmapped(ip: string): string {
  return ip.startsWith(MAPPED) && ip.includes(".") ? ip.slice(MAPPED.length) : ip;
}
