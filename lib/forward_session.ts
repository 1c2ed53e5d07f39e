/**
 * A connection for the upstream: held while it waits, joined once it has a place, told why in its own protocol when it
 * is turned away.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";
import { encodeLine } from "./encode.ts";
import {
  httpFarewell,
  lineFarewell,
  mysqlFarewell,
  redisFarewell,
  type RejectFormat,
  type RejectReason,
} from "./farewell.ts";
import { join, type Side } from "./forward.ts";
import type { Node } from "./node.ts";
import { writeAll } from "./outlet.ts";
import { PostgresFarewell } from "./postgres_farewell.ts";
import { proxyHeader, type ProxyProtocol } from "./proxy_protocol.ts";
import type { Session } from "./session.ts";
import type { Socket } from "./socket.ts";
import type { Upstream } from "./upstream.ts";

/** What all sessions for one upstream share. */
export interface Forwarding {
  upstream: Upstream;
  proxyProtocol: ProxyProtocol | undefined;
  rejectAs: RejectFormat;
  /** How long a joined connection may be silent. */
  idle: Deadlines<Connection>;
  /** How long the client may be silent once the upstream has ended. */
  halfClosed: Deadlines<Connection>;
  /** Writes the pool's own messages. */
  node: Node;
  /** The name that these come from where the node has none. */
  address: string;
}

/** The session of one connection. */
export class ForwardSession implements Session {
  #connection: Connection;
  #forwarding: Forwarding;

  constructor(connection: Connection, forwarding: Forwarding) {
    this.#connection = connection;
    this.#forwarding = forwarding;
  }

  hold(): void {
    const connection = this.#connection;
    connection.intake.watch(() => connection.hungUp());
  }

  async serve(): Promise<RejectReason | undefined> {
    const connection = this.#connection;
    let gone = false;
    const leave = () => {
      gone = true;
      attempt.giveUp();
    };
    const attempt = this.#forwarding.upstream.connect(() => connection.intake.watch(leave));
    connection.onClose(leave);
    const upstream = await attempt.socket;
    if (upstream === undefined) return gone ? undefined : "upstream_down";
    await this.#join(upstream);
  }

  dismiss(): void {
    this.#connection.close();
  }

  async part(reason: RejectReason | undefined): Promise<void> {
    const { socket, intake } = this.#connection;
    if (reason === undefined || this.#forwarding.rejectAs === "close") return;
    await this.#say(reason);
    await socket.closeWrite();
    await intake.drain();
  }

  async #join(socket: Socket): Promise<void> {
    const connection = this.#connection;
    const { idle, halfClosed } = this.#forwarding;
    const close = () => connection.close();
    const closeUpstream = once(() => socket.close());
    // A write that the upstream does not take ends only with the upstream's own socket.
    connection.onClose(closeUpstream);
    const silence = idle.begin(connection);
    let afterEnd: Deadline<Connection> | undefined;
    const moved = () => {
      idle.extend(silence);
      if (afterEnd !== undefined) halfClosed.extend(afterEnd);
    };
    const client: Side = {
      reader: connection.intake,
      socket: connection.socket,
      close,
      moved: (bytes) => {
        connection.countReceived(bytes);
        moved();
      },
    };
    const upstream: Side = {
      reader: socket,
      socket,
      close: closeUpstream,
      moved: (bytes) => {
        connection.countSent(bytes);
        moved();
      },
    };
    try {
      if (!await this.#introduce(socket)) return;
      await join(client, upstream, () => afterEnd = halfClosed.begin(connection));
    } finally {
      closeUpstream();
      idle.end(silence);
      if (afterEnd !== undefined) halfClosed.end(afterEnd);
    }
  }

  /** Tells the upstream whom the connection is for, where that is wanted, and returns whether it took it. */
  async #introduce(upstream: Socket): Promise<boolean> {
    const { proxyProtocol } = this.#forwarding;
    if (proxyProtocol === undefined) return true;
    const header = proxyHeader(proxyProtocol, this.#connection.arrival.route);
    return await writeAll(upstream, header).then(() => true, () => false);
  }

  async #say(reason: RejectReason): Promise<void> {
    const { rejectAs, node, address } = this.#forwarding;
    const connection = this.#connection;
    const { id, standing } = connection;
    switch (rejectAs) {
      case "line": {
        const body = lineFarewell(reason, standing);
        return await writeAll(
          connection,
          encodeLine(node.announce({ src: id, dest: address }, body)),
        );
      }
      case "http":
        return await writeAll(connection, httpFarewell(reason));
      case "postgres":
        return await this.#sayToPostgres(reason);
      case "mysql":
        return await writeAll(connection, mysqlFarewell());
      case "redis":
        return await writeAll(connection, redisFarewell());
    }
  }

  async #sayToPostgres(reason: RejectReason): Promise<void> {
    const connection = this.#connection;
    const farewell = new PostgresFarewell(reason);
    const buffer = new Uint8Array(1024);
    for (;;) {
      const length = await connection.intake.read(buffer);
      if (length === null) return;
      const { bytes, done } = farewell.take(buffer.subarray(0, length));
      await writeAll(connection, bytes);
      if (done) return;
    }
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
