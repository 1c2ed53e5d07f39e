/**
 * SSH: a rejected client gets a disconnect, with the words, behind the version.
 *
 * @module
 */

import { behind, bigEndian } from "./answer.ts";
import { ascii, joined } from "./ascii.ts";
import type { Service } from "./service.ts";

const VERSION = ascii("SSH-2.0-poolgate\r\n");

/** SSH_MSG_DISCONNECT, and the reason SSH_DISCONNECT_TOO_MANY_CONNECTIONS: RFC 4253, 11.1. */
const DISCONNECT = 1;
const TOO_MANY_CONNECTIONS = 12;

/** A packet without encryption: RFC 4253, 6. */
const BLOCK_BYTES = 8;
const MIN_PADDING = 4;
const HEAD_BYTES = 5;

/** RFC 4253, 4.2: either side may speak first. */
export const service: Service = {
  reject: ({ words }) => ({ opening: joined(VERSION, packet(disconnect(words))) }),
  patience: { client: "paramiko (Python)", ms: 15_000 },
};

function disconnect(words: string): number[] {
  const noLanguage = bigEndian(0, 4);
  const text = [...bigEndian(words.length, 4), ...ascii(words)];
  return [DISCONNECT, ...bigEndian(TOO_MANY_CONNECTIONS, 4), ...text, ...noLanguage];
}

function packet(payload: number[]): Uint8Array {
  const least = HEAD_BYTES + payload.length + MIN_PADDING;
  const all = Math.ceil(least / BLOCK_BYTES) * BLOCK_BYTES;
  const padding = new Uint8Array(all - HEAD_BYTES - payload.length);
  return behind([...bigEndian(all - 4, 4), padding.length, ...payload], padding);
}
