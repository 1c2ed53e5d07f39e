/**
 * A connection for the upstream: held while it waits, joined once it has a place, told why in its
 * own protocol when it is rejected.
 *
 * @module
 */

import { writeAll } from "../io/byte_stream.ts";
import type { Socket } from "../io/socket.ts";
import type { Timeout, Timeouts } from "../io/timeouts.ts";
import type { RejectReason } from "../pool/client.ts";
import { encodeLine } from "../protocol/encode.ts";
import type { Node } from "../protocol/node.ts";
import type { Connection } from "./connection.ts";
import { type Ending, rejectReason } from "./ending.ts";
import type { RejectFormat } from "./gate_options.ts";
import { join, type Side } from "./join.ts";
import { lineRejection } from "./line_rejection.ts";
import { proxyHeader, type ProxyProtocol } from "./proxy_protocol.ts";
import { SERVICES } from "./services/services.ts";
import type { Session } from "./session.ts";
import type { Attempt, Upstream } from "./upstream.ts";

/** What all sessions for one upstream share. */
export interface Forwarding {
  upstream: Upstream;
  proxyProtocol: ProxyProtocol | undefined;
  rejectAs: RejectFormat;
  /** How long a joined connection may be silent. */
  idle: Timeouts<Connection>;
  /** How long the client may be silent once the upstream has ended. */
  halfClosed: Timeouts<Connection>;
  /** Numbers the pool's own messages. */
  node: Node;
  /** The name that these come from where the node has none. */
  address: string;
}

/** How much is read at a time of a client that is being rejected, in bytes. */
const READ_BYTES = 1024;

/** The session of one connection. */
export class ForwardSession implements Session {
  #connection: Connection;
  #forwarding: Forwarding;
  #attempt: Attempt | undefined;
  #upstream: Socket | undefined;

  constructor(connection: Connection, forwarding: Forwarding) {
    this.#connection = connection;
    this.#forwarding = forwarding;
  }

  hold(): void {
    this.#connection.side.input.watch();
  }

  queued(): void {}

  async serve(): Promise<Ending> {
    const { side } = this.#connection;
    this.#attempt = this.#forwarding.upstream.connect(() => side.input.watch());
    const upstream = await this.#attempt.socket;
    if (upstream === undefined) return "upstream_down";
    this.#upstream = upstream;
    await this.#join(upstream);
    return "finished";
  }

  interrupt(): void {
    this.#connection.side.close();
    this.#attempt?.giveUp();
    this.#closeUpstream();
  }

  endUpstream(): void {
    this.#closeUpstream();
  }

  async sayGoodbye(ending: Ending): Promise<void> {
    const { side } = this.#connection;
    const reason = rejectReason(ending);
    if (reason === undefined || this.#forwarding.rejectAs === "close") return;
    await this.#reject(reason, this.#forwarding.rejectAs);
    await side.closeWrite();
    await side.input.drain();
  }

  async #join(upstream: Socket): Promise<void> {
    const connection = this.#connection;
    const { side } = connection;
    const { idle, halfClosed } = this.#forwarding;
    const silence = idle.begin(connection);
    let afterEnd: Timeout<Connection> | undefined;
    const moved = () => {
      idle.extend(silence);
      if (afterEnd !== undefined) halfClosed.extend(afterEnd);
    };
    const clientSide: Side = {
      reader: side.input,
      socket: side.socket,
      close: () => side.close(),
      moved: (bytes) => {
        side.countReceived(bytes);
        moved();
      },
    };
    const upstreamSide: Side = {
      reader: upstream,
      socket: upstream,
      close: () => this.#closeUpstream(),
      moved: (bytes) => {
        side.countSent(bytes);
        moved();
      },
    };
    try {
      if (!await this.#introduce(upstream)) return;
      await join(clientSide, upstreamSide, () => afterEnd = halfClosed.begin(connection));
    } finally {
      idle.end(silence);
      if (afterEnd !== undefined) halfClosed.end(afterEnd);
    }
  }

  #closeUpstream(): void {
    this.#upstream?.close();
    this.#upstream = undefined;
  }

  /** Tells the upstream whom the connection is for, where that is wanted: whether it took it. */
  async #introduce(upstream: Socket): Promise<boolean> {
    const { proxyProtocol } = this.#forwarding;
    if (proxyProtocol === undefined) return true;
    const header = proxyHeader(proxyProtocol, this.#connection.arrival.route);
    return await writeAll(upstream, header).then(() => true, () => false);
  }

  async #reject(reason: RejectReason, format: Exclude<RejectFormat, "close">): Promise<void> {
    const { client, side } = this.#connection;
    if (format === "line") {
      const { node, address } = this.#forwarding;
      const to = { src: client.id, dest: address };
      return await writeAll(side, encodeLine(node.message(to, lineRejection(reason, client))));
    }
    const rejection = SERVICES[format].reject(reason);
    if (rejection.opening.length > 0) await writeAll(side, rejection.opening);
    if (rejection.answer === undefined) return;
    const buffer = new Uint8Array(READ_BYTES);
    for (;;) {
      const length = await side.hear(buffer);
      if (length === null) return;
      const { bytes, done } = rejection.answer(buffer.subarray(0, length));
      await writeAll(side, bytes);
      if (done) return;
    }
  }
}
