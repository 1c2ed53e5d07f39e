/**
 * Who may change anything: whoever has the token.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";

const BEARER = /^bearer +(\S+)$/i;

/**
 * Whether a request carries the token (RFC 6750, 2.1). However much of it is right, the answer
 * takes the same time.
 *
 * @param authorization The value of the request's `Authorization`, `null` where it has none.
 */
export function permits(token: string, authorization: string | null): boolean {
  const [, given = ""] = BEARER.exec(authorization ?? "") ?? [];
  return timingSafeEqual(digest(given), digest(token));
}

/** Of one length for all texts, which the comparison needs. */
function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
