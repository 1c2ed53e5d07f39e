/**
 * What a client speaks that speaks none of the service's language, by its first bytes, and what
 * helps it. Pure.
 *
 * @module
 */

import { ascii } from "./services/ascii.ts";
import type { ServiceName } from "./services/services.ts";

/** What can be told from the language of any service. */
export type ForeignLanguage = "TLS" | "HTTP";

/** The record of a ClientHello: RFC 8446, 5.1 and 4. */
const TLS_HANDSHAKE = 22;
const TLS_MAJOR = 3;
const TLS_LAST_MINOR = 4;
const CLIENT_HELLO = 1;
const TLS_HEADER_BYTES = 6;

/** A request line of HTTP/1: RFC 9112, 3. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"];
const REQUEST_LINE = new RegExp(`^(?:${METHODS.join("|")}) \\S+ HTTP/1\\.[01]\r?\n`);
const LONGEST_METHOD = 8;

/** How much of a request line is looked at, in bytes. */
const MAX_REQUEST_LINE = 1024;

/**
 * @param bytes What a client has said first, at least one byte.
 * @returns What it speaks, where that is none of the service's; `"unknown"` while it takes more
 *   bytes to tell.
 */
export function foreignLanguage(
  bytes: Uint8Array,
  service: ServiceName,
): ForeignLanguage | "unknown" | undefined {
  const [first = 0] = bytes;
  if (first === TLS_HANDSHAKE) return tls(bytes);
  // Upper case: nothing but a command of a protocol of text.
  if (service === "http" || first < 0x41 || first > 0x5a) return undefined;
  return http(bytes);
}

function tls(bytes: Uint8Array): "TLS" | "unknown" | undefined {
  const [, major, minor = 1, , , type = CLIENT_HELLO] = bytes;
  if (major !== undefined && major !== TLS_MAJOR) return undefined;
  if (minor < 1 || minor > TLS_LAST_MINOR || type !== CLIENT_HELLO) return undefined;
  return bytes.length < TLS_HEADER_BYTES ? "unknown" : "TLS";
}

function http(bytes: Uint8Array): "HTTP" | "unknown" | undefined {
  const line = String.fromCharCode(...bytes.subarray(0, MAX_REQUEST_LINE));
  if (REQUEST_LINE.test(line)) return "HTTP";
  if (line.includes("\n") || line.length === MAX_REQUEST_LINE) return undefined;
  const start = line.slice(0, LONGEST_METHOD);
  return METHODS.some((method) => `${method} `.startsWith(start) || start.startsWith(`${method} `))
    ? "unknown"
    : undefined;
}

/**
 * What a client understands that is rejected at a gate for another language.
 *
 * - TLS: the alert internal_error, which says nothing of the client, its certificate or its
 *   version: RFC 8446, 6.2.
 * - HTTP: RFC 9110, 15.5.1.
 */
export function foreignAnswer(language: ForeignLanguage, service: ServiceName): Uint8Array {
  if (language === "TLS") return Uint8Array.of(21, 3, 3, 0, 2, 2, 80);
  const body = `this is a port for ${service}, not for HTTP\n`;
  return ascii(
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n" +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}
