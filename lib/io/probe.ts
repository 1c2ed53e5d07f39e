/**
 * A look at whoever listens at an address, which leaves nothing behind. By `node:net`, whose
 * sockets can be reset: with nobody there, the kernel may connect a socket to itself, and one that
 * is closed in the regular way then keeps the port from the service for a minute.
 *
 * @module
 */

import { connect } from "node:net";
import type { Talk } from "./socket.ts";

/** How long the other side may take to close what it has accepted, in milliseconds. */
const CLOSE_MS = 250;

/** Where to look. */
export type Target = { host: string; port: number } | { path: string };

/**
 * Connects, says what there is to say, and ends that again. Resolves when the other side has closed
 * it too, so that it is counted there no more, or soon after. Rejects when nobody listens, when the
 * other side ends before the last word, and when `signal` says so.
 *
 * @param talk What is said; nothing where that is left out.
 */
export function probe(target: Target, signal: AbortSignal | undefined, talk?: Talk): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(target);
    let done = talk === undefined;
    const giveUp = () => {
      socket.destroy();
      reject(signal?.reason);
    };
    const end = () => {
      socket.end();
      setTimeout(() => socket.destroy(), CLOSE_MS);
    };
    const say = (bytes: Uint8Array) => {
      if (bytes.length > 0) socket.write(bytes);
    };
    signal?.addEventListener("abort", giveUp);
    socket.on("error", (error) => done ? resolve() : reject(error));
    socket.on("close", () => {
      signal?.removeEventListener("abort", giveUp);
      if (done) resolve();
      else reject(new Error("it has ended the connection without an answer"));
    });
    socket.on("connect", () => {
      if (
        "port" in target && socket.localPort === socket.remotePort &&
        socket.localAddress === socket.remoteAddress
      ) {
        socket.resetAndDestroy();
        return reject(new Error("nobody listens there: connected to itself"));
      }
      if (talk !== undefined) return say(talk.opening);
      socket.resume();
      end();
    });
    if (talk === undefined) return;
    socket.on("data", (bytes) => {
      if (done) return;
      try {
        const answer = talk.answer(bytes);
        done = answer.done;
        say(answer.bytes);
      } catch (error) {
        socket.destroy();
        reject(error);
      }
      if (done) end();
    });
  });
}
