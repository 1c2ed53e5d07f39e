/**
 * A connection that is itself a client of the pool: told in the pool's messages where it stands,
 * answered when it asks for itself. Holding the connection is holding the place.
 *
 * @module
 */

import { BufferedWriter } from "../io/buffered_writer.ts";
import { type ByteReader, drain } from "../io/byte_stream.ts";
import { quote } from "../io/json_text.ts";
import { type Line, LineReader, type Portions } from "../io/lines.ts";
import type { Note } from "../io/log.ts";
import type { Timeout, Timeouts } from "../io/timeouts.ts";
import { isInPool } from "../pool/client.ts";
import { decode } from "../protocol/decode.ts";
import {
  ErrorCode,
  type Fault,
  type Ignored,
  type Refused,
  type ReplyBody,
  type Request,
} from "../protocol/messages.ts";
import type { Node } from "../protocol/node.ts";
import { Replies } from "../protocol/replies.ts";
import type { Connection } from "./connection.ts";
import { type CloseReason, type Ending, rejectReason } from "./ending.ts";
import { noteFault } from "./fault.ts";
import type { RejectFormat } from "./gate_options.ts";
import type { Goodbye } from "./goodbyes.ts";
import { lineRejection } from "./line_rejection.ts";
import { MAX_HELD_BYTES } from "./read_ahead.ts";
import type { Session } from "./session.ts";

/**
 * With more bytes of replies than this gathered, they are written before the next request is
 * answered.
 */
const MAX_UNSENT_BYTES = 64 * 1024;

/** What all native sessions share. */
export interface Native {
  node: Node;
  /** The name that messages come from where the node has none. */
  address: string;
  rejectAs: RejectFormat;
  /** How long a connection that has a place may be silent. */
  idle: Timeouts<Connection>;
  note: Note;
}

/** A line may be as long as what is held of one that waits for an upstream. */
const PORTIONS: Portions = { line: MAX_HELD_BYTES, read: 4 * 1024 };

/**
 * The room for what is said to a client, and for what it says first, in bytes: most only hold their
 * place.
 */
const FIRST_BYTES = 256;

/** The endings behind which a client may still read what it was told. */
const HEARD: readonly Ending[] = ["finished", "evicted", "max_lifetime"];

/** The session of one connection. */
export class NativeSession implements Session {
  readonly leavesLater = false;
  closing: CloseReason | undefined;
  #connection: Connection;
  #native: Native;
  #writer: BufferedWriter;
  #replies: Replies;
  /** The reading of the client's lines, which ends with them. */
  #reading: Promise<void> | undefined;
  /** Ends {@linkcode serve}. */
  #stop = () => {};
  /** Called when the client has said something. */
  #heard = () => {};
  /** Its silence, once it has a place. */
  #silence: Timeout<Connection> | undefined;

  constructor(connection: Connection, native: Native) {
    this.#connection = connection;
    this.#native = native;
    this.#writer = new BufferedWriter(connection.side, FIRST_BYTES);
    this.#replies = new Replies({
      node: native.node,
      gathered: () => this.#writer.gathered,
      late: () => this.#flush(),
      afterwards: queueMicrotask,
      crashed: (error) => noteFault(native.note, error, "a request of a connection"),
    });
  }

  hold(): void {
    const { client, side } = this.#connection;
    // Who is told at once is read from at once, too.
    if (client.state === "asking") side.input.watch();
  }

  /** Who is answered is seen to be gone when an answer cannot be written. */
  heldFull(): void {}

  queued(): void {
    this.#greet("queued");
  }

  async serve(): Promise<Ending> {
    const { client } = this.#connection;
    const { active, queued, id: clientId } = client;
    if (this.#reading === undefined) this.#greet("connected");
    else this.#say({ type: "pool_promoted", clientId, active, queued });
    const { idle } = this.#native;
    this.#silence = idle.begin(this.#connection);
    await new Promise<void>((resolve) => this.#stop = resolve);
    idle.end(this.#silence);
    return "finished";
  }

  interrupt(ending: Ending): void {
    // First, so that a fault of the closing does not keep it from ending.
    this.#stop();
    if (!HEARD.includes(ending)) this.#connection.side.close();
  }

  closeUpstream(): void {}

  endUpstream(): void {}

  async sayGoodbye(ending: Ending, goodbye: Goodbye): Promise<void> {
    const { client, side } = this.#connection;
    const reason = rejectReason(ending);
    if (reason !== undefined && this.#native.rejectAs === "line") {
      this.#say(lineRejection(reason, client));
    }
    await new Promise<void>((resolve) => this.#replies.whenAnswered(resolve));
    await this.#writer.flush();
    await side.closeWrite();
    goodbye.told();
    this.#heard = () => goodbye.heard();
    await (this.#reading ?? drain(side.input, this.#heard));
  }

  /** Says where the connection stands, and reads from now on. */
  #greet(status: "connected" | "queued"): void {
    const { client: { active, queued } } = this.#connection;
    this.#say({ type: "pool_connect_ok", status, active, queued });
    this.#reading = this.#converse().then(
      () => this.#connection.end("finished"),
      (error) => this.#fail(error),
    );
  }

  #fail(error: unknown): void {
    const { side } = this.#connection;
    if (side.failed) this.closing = "client_reset";
    else noteFault(this.#native.note, error);
    this.#connection.end(side.failed ? "finished" : "fault");
  }

  /** Answers the client's lines until they end. */
  async #converse(): Promise<void> {
    const { client, side } = this.#connection;
    const first = new Uint8Array(FIRST_BYTES);
    const length = await side.read(first);
    if (length === null) return;
    const reader = new LineReader(followed(first.subarray(0, length), side), PORTIONS);
    let number = 0;
    for (let batch = await reader.read(); batch !== undefined; batch = await reader.read()) {
      this.#heard();
      for (const line of batch) {
        number++;
        // Who has left the pool is not to come back on the same connection: nobody would give that
        // place back.
        if (isInPool(client)) this.#answer(line, number);
        if (this.#writer.gathered.length > MAX_UNSENT_BYTES) await this.#writer.flush();
      }
      await this.#writer.flush();
    }
  }

  #answer(line: Line, number: number): void {
    const { id } = this.#connection.client;
    if (this.#silence !== undefined) this.#native.idle.extend(this.#silence);
    const message = typeof line === "string" ? decode(line, id) : CUT;
    if (message.type === "request") this.#answerRequest(ofItself(message, id), number);
    if (message.type !== "fault") return;
    const text = `line ${number} is passed over: ${message.reason}`;
    this.#announce({ type: "error", code: ErrorCode.MalformedRequest, text });
  }

  #answerRequest(request: Request, line: number): void {
    if (request.operation.type === "pool_disconnect") this.closing = "client_disconnected";
    this.#replies.answer(request, line);
  }

  /** Sends a message at once. */
  #say(body: ReplyBody): void {
    this.#announce(body);
    this.#flush();
  }

  #announce(body: ReplyBody): void {
    const { address } = this.#native;
    this.#replies.announce({ src: this.#connection.client.id, dest: address }, body);
  }

  #flush(): void {
    this.#writer.flush()
      .catch(() => this.#connection.side.close())
      .catch((error) => noteFault(this.#native.note, error));
  }
}

const CUT: Fault | Ignored = {
  type: "fault",
  reason: `it is longer than ${PORTIONS.line} bytes`,
};

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
