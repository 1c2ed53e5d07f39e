/**
 * HTTP/1.1: a rejected client gets a whole response, whatever it asks for.
 *
 * @module
 */

import { REASON_TEXT } from "../reason_text.ts";
import { ascii } from "./ascii.ts";
import type { Service } from "./service.ts";

/** How long a rejected client is asked to stay away, in seconds. */
const RETRY_AFTER_S = 5;

/** RFC 9110, 15.6.4: 503 Service Unavailable, with Retry-After (10.2.3). */
export const service: Service = {
  reject(reason) {
    const body = `${REASON_TEXT[reason]}\n`;
    const head = "HTTP/1.1 503 Service Unavailable\r\n" +
      `Retry-After: ${RETRY_AFTER_S}\r\n` +
      "Content-Type: text/plain\r\n" +
      `Content-Length: ${body.length}\r\n` +
      "Cache-Control: no-store\r\n" +
      "Connection: close\r\n";
    return { opening: ascii(`${head}\r\n${body}`) };
  },
};
