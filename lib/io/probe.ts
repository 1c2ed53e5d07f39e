/**
 * A look whether anybody listens at a TCP address, which leaves nothing behind. By `node:net`,
 * whose sockets can be reset: with nobody there, the kernel may connect a socket to itself, and one
 * that is closed in the regular way then keeps the port from the service for a minute.
 *
 * @module
 */

import { connect } from "node:net";

/** How long the other side may take to close what it has accepted, in milliseconds. */
const CLOSE_MS = 250;

/**
 * Connects, and ends that again. Resolves when the other side has closed it too, so that it is
 * counted there no more, or soon after. Rejects when nobody listens, and when `signal` says so.
 */
export function probe(host: string, port: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const giveUp = () => {
      socket.destroy();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", giveUp);
    socket.on("error", reject);
    socket.on("close", () => {
      signal?.removeEventListener("abort", giveUp);
      resolve();
    });
    socket.on("connect", () => {
      if (socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress) {
        socket.resetAndDestroy();
        return reject(new Error("nobody listens there: connected to itself"));
      }
      socket.resume();
      socket.end();
      setTimeout(() => socket.destroy(), CLOSE_MS);
    });
  });
}
