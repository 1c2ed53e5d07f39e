/**
 * OPC UA over TCP: a rejected client gets the error Bad_TcpServerTooBusy, with the words.
 *
 * @module
 */

import { lastWord, littleEndian } from "./answer.ts";
import { ascii, joined } from "./ascii.ts";
import type { Heard, Service } from "./service.ts";

const HELLO = "HELF";
const ERROR = ascii("ERRF");
const HEADER_BYTES = 8;
const SERVER_TOO_BUSY = 0x807d0000;

/** OPC 10000-6, 7.1.2.2 (header), 7.1.2.5 (error) and table A.2 of the codes. */
export const service: Service = {
  reject({ words }) {
    const text = ascii(words);
    const body = [...littleEndian(SERVER_TOO_BUSY, 4), ...littleEndian(text.length, 4), ...text];
    const length = littleEndian(HEADER_BYTES + body.length, 4);
    const error = joined(ERROR, Uint8Array.of(...length, ...body));
    return { hear: (bytes) => hear(bytes, error), blind: error };
  },
  patience: { client: "node-opcua-client without retries (npm)", ms: 60_000 },
};

function hear(bytes: Uint8Array, error: Uint8Array): Heard {
  const start = String.fromCharCode(...bytes.subarray(0, HELLO.length));
  if (!HELLO.startsWith(start)) return "close";
  return start.length < HELLO.length ? "more" : lastWord(error);
}
