/**
 * Streams in memory, for the edges under test.
 *
 * @module
 */

import type { ByteReader, ByteWriter } from "../../lib/io/byte_stream.ts";

/** An input that gives these chunks, then ends, or fails with `error`. */
export function input(chunks: Iterable<Uint8Array>, error?: Error): ByteReader {
  const rest = [...chunks];
  return {
    read(buffer) {
      const chunk = rest.shift();
      if (chunk === undefined) return error === undefined ? null : Promise.reject(error);
      const taken = chunk.subarray(0, buffer.length);
      if (taken.length < chunk.length) rest.unshift(chunk.subarray(taken.length));
      buffer.set(taken);
      return Promise.resolve(taken.length);
    },
  };
}

/** A reader that tells of each read before it passes it on. */
export function watched(reader: ByteReader, beforeRead: () => void): ByteReader {
  return {
    read(buffer) {
      beforeRead();
      return reader.read(buffer);
    },
  };
}

/** The bytes of a text, as one chunk. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** An output that keeps what it is given, at most `most` bytes a write. */
export class Output implements ByteWriter {
  writes: string[] = [];
  constructor(private most = Infinity) {}

  write(chunk: Uint8Array): Promise<number> {
    const taken = chunk.subarray(0, this.most);
    this.writes.push(new TextDecoder().decode(taken));
    return Promise.resolve(taken.length);
  }

  get text(): string {
    return this.writes.join("");
  }
}
