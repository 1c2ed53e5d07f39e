/**
 * gRPC: a rejected client's call ends with the status UNAVAILABLE and the words.
 *
 * Most clients send a call only when the server has sent its settings, and a call may have a secret
 * in it. To these the connection ends without settings, which they take for UNAVAILABLE. With
 * settings and a GOAWAY, those of gRPC's C core would come again at once, a thousand times a
 * second.
 *
 * @module
 */

import { behind, bigEndian, lastWord, readBigEndian } from "./answer.ts";
import { ascii, joined } from "./ascii.ts";
import type { Heard, Service } from "./service.ts";

/** RFC 9113, 3.4. */
const PREFACE = ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Frames: RFC 9113, 4.1 and 6. */
const FRAME_HEAD = 9;
const HEADERS = 1;
const SETTINGS = 4;
const END_OF_ALL = 0x05;

/** Ours, which are as by default, and that theirs are taken. */
const OUR_SETTINGS = Uint8Array.of(
  0,
  0,
  0,
  SETTINGS,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  SETTINGS,
  1,
  0,
  0,
  0,
  0,
);

/** `:status 200` of the static table: RFC 7541, A. */
const STATUS_200 = 0x88;

/** The status UNAVAILABLE: https://grpc.io/docs/guides/status-codes/ */
const UNAVAILABLE = "14";

/** Trailers-Only: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, Responses. */
export const service: Service = {
  reject: ({ words }) => ({ hear: (bytes) => hear(bytes, words) }),
  patience: { client: "grpcio (Python)", ms: 20_000 },
};

function hear(bytes: Uint8Array, words: string): Heard {
  const preface = bytes.subarray(0, PREFACE.length);
  if (preface.some((byte, at) => byte !== PREFACE[at])) return "close";
  let at = PREFACE.length;
  let settled = false;
  while (bytes.length >= at + FRAME_HEAD) {
    const end = at + FRAME_HEAD + readBigEndian(bytes, at, 3);
    if (bytes.length < end) break;
    const type = bytes[at + 3];
    if (!settled && type !== SETTINGS) return "close";
    settled = true;
    if (type === HEADERS) return lastWord(refuseCall(bytes.subarray(at + 5, at + 9), words));
    at = end;
  }
  return settled && bytes.length === at ? "close" : "more";
}

function refuseCall(stream: Uint8Array, words: string): Uint8Array {
  const fields = [
    STATUS_200,
    ...field("content-type", "application/grpc"),
    ...field("grpc-status", UNAVAILABLE),
    ...field("grpc-message", words.replaceAll("%", "%25")),
  ];
  return joined(OUR_SETTINGS, frame(HEADERS, END_OF_ALL, [...stream], fields));
}

/** A field that is not to be indexed, its name and value as they are: RFC 7541, 6.2.2. */
function field(name: string, value: string): number[] {
  return [0, name.length, ...ascii(name), value.length, ...ascii(value)];
}

function frame(type: number, flags: number, stream: number[], payload: number[]): Uint8Array {
  const head = [...bigEndian(payload.length, 3), type, flags, ...stream];
  return behind(head, Uint8Array.from(payload));
}
