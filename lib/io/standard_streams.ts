/**
 * The standard streams, each in two manners, and what their failures mean.
 *
 * A blocking one waits in the call itself: Deno's promises for these streams go by way of another
 * thread, and a lone request would take three times as long. It holds up all else, so it is right
 * only where nothing else runs beside it.
 *
 * @module
 */

import type { ByteReader, ByteWriter } from "./byte_stream.ts";

/** A standard stream has failed; the message says which and why, for the operator. */
export class StreamError extends Error {}

/** The peer of a standard stream has gone: the end of a conversation, no fault. */
export class PeerGone extends Error {}

/**
 * What a failing stream means. A pipe that nobody reads, or a socket that was reset, or that TCP
 * has given up, says only that the peer has gone.
 */
function streamError(action: string, error: unknown): StreamError | PeerGone {
  const { BrokenPipe, ConnectionReset, TimedOut } = Deno.errors;
  const gone = [BrokenPipe, ConnectionReset, TimedOut].some((kind) => error instanceof kind);
  return gone ? new PeerGone() : new StreamError(`${action} failed: ${(error as Error).message}`);
}

/**
 * The standard streams of a program; stdin and stdout fail with a {@linkcode StreamError} or
 * {@linkcode PeerGone}.
 */
export interface StandardStreams {
  stdin: ByteReader;
  stdout: ByteWriter;
  stderr: ByteWriter;
}

/** Streams that wait in the call. */
export const BLOCKING_STREAMS: StandardStreams = {
  stdin: {
    read(buffer) {
      try {
        return Deno.stdin.readSync(buffer);
      } catch (error) {
        throw streamError("reading stdin", error);
      }
    },
  },
  stdout: {
    write(bytes) {
      try {
        return Deno.stdout.writeSync(bytes);
      } catch (error) {
        throw streamError("writing stdout", error);
      }
    },
  },
  stderr: { write: (bytes) => Deno.stderr.writeSync(bytes) },
};

/** Streams beside which other things go on. */
export const ASYNC_STREAMS: StandardStreams = {
  stdin: {
    async read(buffer) {
      try {
        return await Deno.stdin.read(buffer);
      } catch (error) {
        throw streamError("reading stdin", error);
      }
    },
  },
  stdout: {
    async write(bytes) {
      try {
        return await Deno.stdout.write(bytes);
      } catch (error) {
        throw streamError("writing stdout", error);
      }
    },
  },
  stderr: { write: (bytes) => Deno.stderr.write(bytes) },
};
