/**
 * The header by which a proxy tells the upstream whom it speaks for.
 *
 * The format: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 *
 * @module
 */

import { ipBytes, isV6, uint16 } from "../io/address.ts";
import type { Route } from "../io/socket.ts";

/** The versions of `--proxy-protocol`. */
export const PROXY_PROTOCOLS = ["v1", "v2"] as const;
export type ProxyProtocol = typeof PROXY_PROTOCOLS[number];

/**
 * @param route The client's connection; `undefined` where it has no addresses, as over a Unix
 *   socket. Both ends are of one family.
 * @returns The header, to be sent before the first byte of the client.
 */
export function proxyHeader(version: ProxyProtocol, route: Route | undefined): Uint8Array {
  return version === "v1" ? textHeader(route) : binaryHeader(route);
}

function textHeader(route: Route | undefined): Uint8Array {
  if (route === undefined) return new TextEncoder().encode("PROXY UNKNOWN\r\n");
  const { client, gate } = route;
  const family = isV6(client.ip) ? "TCP6" : "TCP4";
  return new TextEncoder().encode(
    `PROXY ${family} ${client.ip} ${gate.ip} ${client.port} ${gate.port}\r\n`,
  );
}

const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const VERSION_2_LOCAL = 0x20;
const VERSION_2_PROXY = 0x21;
const UNSPECIFIED = 0x00;
const TCP_OVER_V4 = 0x11;
const TCP_OVER_V6 = 0x21;

function binaryHeader(route: Route | undefined): Uint8Array {
  // Most receivers refuse a connection of the command PROXY without addresses, and nearly all take
  // LOCAL.
  if (route === undefined) return Uint8Array.of(...SIGNATURE, VERSION_2_LOCAL, UNSPECIFIED, 0, 0);
  const { client, gate } = route;
  const family = isV6(client.ip) ? TCP_OVER_V6 : TCP_OVER_V4;
  const addresses = [
    ...ipBytes(client.ip),
    ...ipBytes(gate.ip),
    ...uint16(client.port),
    ...uint16(gate.port),
  ];
  const length = uint16(addresses.length);
  return Uint8Array.of(...SIGNATURE, VERSION_2_PROXY, family, ...length, ...addresses);
}
