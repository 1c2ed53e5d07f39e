/**
 * A connection that is itself a client of the pool: told in the pool's messages where it stands, answered when it asks
 * for itself. Holding the connection is holding the place.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import { decode } from "./decode.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";
import { encode } from "./encode.ts";
import { lineFarewell, type RejectFormat, type RejectReason } from "./farewell.ts";
import { MAX_HELD_BYTES } from "./intake.ts";
import { quote } from "./json_text.ts";
import { type ByteReader, isCut, type Portions, readLines } from "./lines.ts";
import type { Node } from "./node.ts";
import { Outlet } from "./outlet.ts";
import type { Counts } from "./pool.ts";
import { ErrorCode, type Refused, type ReplyBody, type Request } from "./protocol.ts";
import type { Session } from "./session.ts";
import { MAX_UNSENT_BYTES } from "./stdio.ts";

/** What all native sessions share. */
export interface Native {
  node: Node;
  /** The name that messages come from where the node has none. */
  address: string;
  rejectAs: RejectFormat;
  /** How long a connection that has a place may be silent. */
  idle: Deadlines<Connection>;
}

/** A line may be as long as what is held of one that waits for an upstream. */
const PORTIONS: Portions = { line: MAX_HELD_BYTES, read: 4 * 1024 };

/** The room for what is said to a client, and for what it says first, in bytes: most only hold their place. */
const FIRST_BYTES = 256;

/** The session of one connection. */
export class NativeSession implements Session {
  #connection: Connection;
  #native: Native;
  #outlet: Outlet;
  /** The reading of the client's lines, which ends with them. */
  #reading: Promise<void> | undefined;
  #dismissed = Promise.withResolvers<void>();
  /** Its silence, once it has a place. */
  #silence: Deadline<Connection> | undefined;

  constructor(connection: Connection, native: Native) {
    this.#connection = connection;
    this.#native = native;
    this.#outlet = new Outlet(connection, FIRST_BYTES);
  }

  hold(): void {
    this.#greet().then(() => this.#connection.hungUp());
  }

  async serve(promoted: Counts | undefined): Promise<undefined> {
    const connection = this.#connection;
    if (promoted === undefined) this.#greet();
    else this.#say({ type: "pool_promoted", clientId: connection.id, ...promoted });
    const { idle } = this.#native;
    this.#silence = idle.begin(connection);
    await Promise.race([this.#reading, this.#dismissed.promise]);
    idle.end(this.#silence);
  }

  dismiss(): void {
    this.#dismissed.resolve();
  }

  async part(reason: RejectReason | undefined): Promise<void> {
    const { socket, intake, standing } = this.#connection;
    if (reason !== undefined && this.#native.rejectAs === "line") {
      this.#say(lineFarewell(reason, standing));
    }
    await this.#outlet.flush();
    await socket.closeWrite();
    await (this.#reading ?? intake.drain());
  }

  /** Says where the connection stands, and begins to read; resolves when the client has ended. */
  #greet(): Promise<void> {
    this.#say({ type: "pool_connect_ok", ...this.#connection.standing });
    return this.#reading = this.#converse().catch(() => {});
  }

  /** Answers the client's lines until they end. */
  async #converse(): Promise<void> {
    const connection = this.#connection;
    const first = new Uint8Array(FIRST_BYTES);
    const length = await connection.intake.read(first);
    if (length === null) return;
    connection.countReceived(length);
    const input = followed(first.subarray(0, length), counted(connection));
    const lines = readLines(input, () => this.#outlet.flush(), PORTIONS);
    for (let number = 1;; number++) {
      const { done, value: line } = await lines.read();
      if (done) return;
      // Who has left the pool is not to come back on the same connection: nobody would give that place back.
      if (!connection.inPool) continue;
      this.#answer(line, number);
      if (this.#outlet.gathered.length > MAX_UNSENT_BYTES) await this.#outlet.flush();
    }
  }

  #answer(line: string, number: number): void {
    const { node, address, idle } = this.#native;
    const { id } = this.#connection;
    if (this.#silence !== undefined) idle.extend(this.#silence);
    const message = decode(line, id);
    if (message.type === "ignored") return;
    if (message.type === "fault") {
      const reason = isCut(line, PORTIONS)
        ? `it is longer than ${PORTIONS.line} bytes`
        : message.reason;
      const text = `line ${number} is passed over: ${reason}`;
      const body: ReplyBody = { type: "error", code: ErrorCode.MalformedRequest, text };
      return encode(node.announce({ src: id, dest: address }, body), this.#outlet.gathered);
    }
    encode(node.answer(ofItself(message, id)), this.#outlet.gathered);
  }

  /** Sends a message at once. */
  #say(body: ReplyBody): void {
    const { node, address } = this.#native;
    const to = { src: this.#connection.id, dest: address };
    encode(node.announce(to, body), this.#outlet.gathered);
    this.#outlet.flush().catch(() => this.#connection.close());
  }
}

/** The request, refused where it is not about the connection that made it. */
function ofItself(request: Request, id: string): Request {
  const { operation } = request;
  switch (operation.type) {
    case "pool_stats":
    case "refused":
      return request;
    case "pool_connect":
    case "pool_disconnect": {
      const { clientId } = operation;
      if (clientId === id) return request;
      const text = `client_id is ${quote(clientId)}, it must be ${quote(id)} or left out: ` +
        "a connection speaks for itself only";
      return { ...request, operation: refused(ErrorCode.MalformedRequest, text) };
    }
    case "init":
    case "pool_config": {
      const text = `type is ${quote(operation.type)}, on a connection it must be ` +
        "pool_connect, pool_disconnect or pool_stats";
      return { ...request, operation: refused(ErrorCode.NotSupported, text) };
    }
  }
}

function refused(code: ErrorCode, text: string): Refused {
  return { type: "refused", code, text };
}

/** A reader of a connection's bytes that counts them. */
function counted(connection: Connection): ByteReader {
  return {
    async read(buffer) {
      const length = await connection.intake.read(buffer);
      connection.countReceived(length ?? 0);
      return length;
    },
  };
}

/** A reader of some bytes, then of another reader. */
function followed(first: Uint8Array, rest: ByteReader): ByteReader {
  let left = first;
  return {
    read(buffer) {
      if (left.length === 0) return rest.read(buffer);
      const taken = left.subarray(0, buffer.length);
      buffer.set(taken);
      left = left.subarray(taken.length);
      return taken.length;
    },
  };
}
