/**
 * AMQP 0-9-1: a rejected client gets connection.close, with the words, in answer to its header.
 *
 * Some clients show the words only behind connection.start, but that has them send the password
 * first: these say that they expected another method.
 *
 * @module
 */

import { behind, bigEndian, lastWord } from "./answer.ts";
import { ascii } from "./ascii.ts";
import type { Heard, Service } from "./service.ts";

const HEADER = ascii("AMQP\0\0\x09\x01");

/** Frames: AMQP 0-9-1, 4.2.3 and 2.3.5. */
const METHOD = 1;
const FRAME_END = 0xce;

/** connection.close, 1.4.2.9: reply-code connection-forced, reply-text, no method that failed. */
const CONNECTION_CLOSE = [...bigEndian(10, 2), ...bigEndian(50, 2)];
const CONNECTION_FORCED = 320;

/** https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf */
export const service: Service = {
  reject: ({ words }) => ({ hear: (bytes) => hear(bytes, words) }),
  patience: { client: "RabbitMQ's client (Java)", ms: 5000 },
};

function hear(bytes: Uint8Array, words: string): Heard {
  const header = bytes.subarray(0, HEADER.length);
  if (header.some((byte, at) => byte !== HEADER[at])) return "close";
  return header.length < HEADER.length ? "more" : lastWord(close(words));
}

function close(words: string): Uint8Array {
  const code = bigEndian(CONNECTION_FORCED, 2);
  const payload = [...CONNECTION_CLOSE, ...code, words.length, ...ascii(words), 0, 0, 0, 0];
  const head = [METHOD, ...bigEndian(0, 2), ...bigEndian(payload.length, 4)];
  return behind(head, Uint8Array.of(...payload, FRAME_END));
}
