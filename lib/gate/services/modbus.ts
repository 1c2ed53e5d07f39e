/**
 * Modbus/TCP: a rejected client gets an exception to its first request.
 *
 * @module
 */

import { behind, lastWord } from "./answer.ts";
import type { Heard, Service } from "./service.ts";

/** The header: transaction, protocol, length, unit; then the function. */
const PROTOCOL = 2;
const UNIT = 6;
const FUNCTION = 7;

/** What tells an exception from an answer, and the exception Server Device Busy. */
const EXCEPTION = 0x80;
const BUSY = 6;

/** MODBUS Application Protocol V1.1b3, 7; MODBUS Messaging on TCP/IP V1.0b, 3.1.3. */
export const service: Service = {
  reject: () => ({ hear }),
  patience: { client: "libmodbus (C)", ms: 500 },
};

function hear(bytes: Uint8Array): Heard {
  if (bytes.length <= FUNCTION) return "more";
  if (bytes[PROTOCOL] !== 0 || bytes[PROTOCOL + 1] !== 0) return "close";
  const exception = Uint8Array.of(0, 3, bytes[UNIT]!, bytes[FUNCTION]! | EXCEPTION, BUSY);
  return lastWord(behind([...bytes.subarray(0, PROTOCOL + 2)], exception));
}
