/**
 * MQTT: a rejected client gets a CONNACK that says to come again later, and in version 5 the words.
 *
 * @module
 */

import { lastWord, readBigEndian } from "./answer.ts";
import { ascii, joined } from "./ascii.ts";
import type { Check, Heard, Service } from "./service.ts";

const CONNECT = 0x10;
const CONNACK = 0x20;
const MORE_LENGTH = 0x80;
const MAX_LENGTH_BYTES = 4;

/** The version 5.0; those before know no words. */
const VERSION_5 = 5;

/** Server unavailable: MQTT 3.1.1, 3.2.2.3. */
const UNAVAILABLE = 3;

/** Server busy, and Reason String: MQTT 5.0, 3.2.2.2 and 3.2.2.3.9. */
const BUSY = 0x89;
const REASON_STRING = 0x1f;

/** https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html */
export const service: Service = {
  reject: ({ words }) => ({ hear: (bytes) => hear(bytes, words) }),
  check: () => new MqttCheck(),
  patience: { client: "mqtt, version 4 (npm)", ms: 30_000 },
};

function hear(bytes: Uint8Array, words: string): Heard {
  if (bytes[0] !== CONNECT) return "close";
  // The remaining length, of 1 to 4 bytes, then the name of the protocol, then its version.
  let at = 1;
  while (at < MAX_LENGTH_BYTES && (bytes[at] ?? 0) & MORE_LENGTH) at++;
  const name = at + 1;
  if (bytes.length < name + 2) return "more";
  const version = bytes[name + 2 + readBigEndian(bytes, name, 2)];
  if (version === undefined) return "more";
  return lastWord(version < VERSION_5 ? Uint8Array.of(CONNACK, 2, 0, UNAVAILABLE) : busy(words));
}

function busy(words: string): Uint8Array {
  const text = ascii(words);
  const reason = [REASON_STRING, 0, text.length, ...text];
  return Uint8Array.of(CONNACK, reason.length + 3, 0, BUSY, reason.length, ...reason);
}

const NOTHING = new Uint8Array();
const CONNACK_BYTES = 4;
const DISCONNECT = Uint8Array.of(0xe0, 0);

/** MQTT 3.1.1, 3.1: a clean session of no name, with no time to keep it alive. */
const CHECK_CONNECT = joined(
  Uint8Array.of(CONNECT, 12, 0, 4),
  joined(ascii("MQTT"), Uint8Array.of(4, 2, 0, 0, 0, 0)),
);

/** Asks for a session. That it is refused, for another reason than that, is an answer. */
class MqttCheck implements Check {
  readonly opening = CHECK_CONNECT;
  #received = NOTHING;

  answer(bytes: Uint8Array): ReturnType<Check["answer"]> {
    this.#received = joined(this.#received, bytes);
    if (this.#received.length < CONNACK_BYTES) return { bytes: NOTHING, done: false };
    const [type, , , code] = this.#received;
    const verdict = { bytes: code === 0 ? DISCONNECT : NOTHING, done: true };
    if (type !== CONNACK) return { ...verdict, problem: "it does not answer as MQTT does" };
    return code === UNAVAILABLE ? { ...verdict, problem: "it says: server unavailable" } : verdict;
  }
}
