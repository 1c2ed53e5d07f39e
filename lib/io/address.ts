/**
 * Addresses: where to listen, where the upstream is, and who a peer is, as text and back, and as
 * bytes. Knows no socket.
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

/** Whether an IP address is one of IPv6. */
export function isV6(ip: string): boolean {
  return ip.includes(":");
}

/**
 * @returns The bytes of an IP address in the text forms of RFC 4291, 2.2, in network order: 4 of
 *   IPv4, 16 of IPv6. A zone is left out.
 */
export function ipBytes(ip: string): number[] {
  if (!isV6(ip)) return ip.split(".").map(Number);
  const [head = "", tail] = (ip.split("%")[0] ?? "").split("::");
  const before = groups(head);
  const after = groups(tail ?? "");
  return [...before, ...Array<number>(16 - before.length - after.length).fill(0), ...after];
}

function groups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) =>
    group.includes(".") ? group.split(".").map(Number) : uint16(parseInt(group, 16))
  );
}

/** @returns The two bytes of a number, in network order. */
export function uint16(value: number): number[] {
  return [value >> 8, value & 0xff];
}
