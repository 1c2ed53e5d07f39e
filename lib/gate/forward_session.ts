/**
 * A connection for the upstream: held while it waits, joined once it has a place, told why in its
 * own protocol when it is rejected.
 *
 * @module
 */

import { drain, writeAll } from "../io/byte_stream.ts";
import type { Socket } from "../io/socket.ts";
import type { Timeout, Timeouts } from "../io/timeouts.ts";
import type { RejectReason } from "../pool/client.ts";
import { encodeLine } from "../protocol/encode.ts";
import type { Node } from "../protocol/node.ts";
import type { Bypass } from "./bypass.ts";
import type { Connection } from "./connection.ts";
import { type CloseReason, type Ending, rejectReason } from "./ending.ts";
import type { ForeignLog } from "./foreign_log.ts";
import type { RejectFormat } from "./gate_options.ts";
import type { Goodbye } from "./goodbyes.ts";
import { lineRejection } from "./line_rejection.ts";
import { pass, type PassEnd } from "./pass.ts";
import { proxyHeader, type ProxyProtocol } from "./proxy_protocol.ts";
import { rejectionWords } from "./reason_text.ts";
import { RejectionTalk } from "./rejection_talk.ts";
import { joined } from "./services/ascii.ts";
import type { Rejection, Service } from "./services/service.ts";
import type { Session } from "./session.ts";
import type { Attempt, Upstreams } from "./upstreams.ts";

/** What all sessions share. */
export interface Forwarding {
  upstreams: Upstreams;
  /** Finds what may go there without a place; `undefined` where nothing may. */
  passes: Service["passes"];
  /** The way that it goes. */
  bypass: Pick<Bypass, "send">;
  /**
   * How long a client with a place may say nothing before it is joined; `undefined` where it is
   * joined at once.
   */
  firstWords: Timeouts<ForwardSession> | undefined;
  /**
   * Makes a connection one that is tried again where that is safe; another is left as it is.
   *
   * @param headerBytes How much is written before what the client sends.
   */
  retried: (socket: Socket, attempt: Attempt, headerBytes: number) => Socket;
  proxyProtocol: ProxyProtocol | undefined;
  rejectAs: RejectFormat;
  /** What a rejected client hears where {@linkcode rejectAs} is a service. */
  rejection: Service | undefined;
  /** How long a client would have to wait that comes now, in milliseconds, where that is known. */
  expectedWaitMs: () => number | undefined;
  /** Told of clients that speak another language than that; `undefined` without one. */
  foreignLog: ForeignLog | undefined;
  /** How long a joined connection may be silent. */
  idle: Timeouts<Connection>;
  /** How long the client may be silent once the upstream has ended. */
  halfClosed: Timeouts<Connection>;
  /**
   * How long the upstream may take to end once the client has gone; `undefined` for no time at all.
   */
  linger: Timeouts<ForwardSession> | undefined;
  /** When to look again whether one is still there whose hang-up is not seen. */
  probe: Timeouts<ForwardSession>;
  /** Numbers the pool's own messages. */
  node: Node;
  /** The name that these come from where the node has none. */
  address: string;
}

const NOTHING = new Uint8Array();

/** How it is ended by the end of the direction to the upstream, where that is the first. */
const CLIENT_CLOSINGS: Readonly<Record<PassEnd, CloseReason>> = {
  ended: "client_closed",
  source_failed: "client_reset",
  sink_failed: "upstream_reset",
};

/** And by that of the direction to the client. */
const UPSTREAM_CLOSINGS: Readonly<Record<PassEnd, CloseReason>> = {
  ended: "upstream_closed",
  source_failed: "upstream_reset",
  sink_failed: "client_reset",
};

/** The session of one connection. */
export class ForwardSession implements Session {
  closing: CloseReason | undefined;
  #connection: Connection;
  #forwarding: Forwarding;
  #attempt: Attempt | undefined;
  #upstream: Socket | undefined;
  /** The direction from the client to the upstream, once it is joined. */
  #sending: Promise<PassEnd> | undefined;
  /** Who has been heard last. */
  #last: "client" | "upstream" = "client";
  /** Whether the client has ended, or its connection has failed. */
  #clientEnded = false;
  /** Whether the client has been sent the end of what it hears. */
  #endSent = false;
  /** What goes to the upstream although the client has no place. */
  #passed: Uint8Array | undefined;
  #lingering: Timeout<ForwardSession> | undefined;
  /** Goes on where the client's first words are waited for. */
  #heard: (() => void) | undefined;

  constructor(connection: Connection, forwarding: Forwarding) {
    this.#connection = connection;
    this.#forwarding = forwarding;
  }

  get joined(): boolean {
    return this.#sending !== undefined;
  }

  get leavesLater(): boolean {
    return this.#forwarding.linger !== undefined;
  }

  hold(): void {
    this.#connection.side.input.watch();
  }

  kept(waiting: boolean): void {
    if (!waiting) this.#heard?.();
    else if (this.#findPassing(this.#connection.side.input.held) === "found") {
      this.closing = "passed_on";
      this.#connection.end("finished");
    }
  }

  heldFull(): void {
    this.#forwarding.probe.begin(this);
  }

  /**
   * Looks whether the client is still there: a write of no bytes fails on a socket that was reset.
   */
  async probe(): Promise<void> {
    const { side } = this.#connection;
    // Once it is joined, its bytes are read on.
    if (side.closed || this.#sending !== undefined) return;
    try {
      await side.socket.write(NOTHING);
      this.heldFull();
    } catch {
      this.closing = "client_reset";
      this.#connection.end("finished");
    }
  }

  queued(): void {}

  async serve(): Promise<Ending> {
    const { side } = this.#connection;
    const { firstWords } = this.#forwarding;
    if (firstWords !== undefined && await this.#saysPassing(firstWords)) return "finished";
    const attempt = this.#forwarding.upstreams.connect(() => side.input.watch());
    this.#attempt = attempt;
    const socket = await attempt.socket;
    if (socket === undefined) return "upstream_down";
    const header = this.#header();
    const upstream = this.#forwarding.retried(socket, attempt, header.length);
    this.#upstream = upstream;
    if (this.#connection.ending !== undefined) {
      // It came for a client that is gone: the place is free when it has ended.
      this.#leaveUpstream(this.#connection.ending);
      await drain(upstream);
    } else if (await this.#introduce(upstream, header)) {
      await this.#join(upstream);
    }
    return "finished";
  }

  /** Closes the client's side, and leaves the upstream. */
  interrupt(ending?: Ending): void {
    // Each is tried, also where one before it meets a fault.
    try {
      this.stopListening();
      this.#attempt?.giveUp();
      this.#leaveUpstream(ending);
    } finally {
      this.#connection.side.close();
    }
  }

  /**
   * The place is another's when this is over: not before the upstream works no more for this
   * client.
   */
  endUpstream(): void {
    this.closeUpstream();
    this.#attempt?.end();
    if (this.#lingering !== undefined) this.#forwarding.linger?.end(this.#lingering);
  }

  /** Closes the upstream, whatever it does. */
  closeUpstream(): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    upstream?.close();
  }

  async sayGoodbye(ending: Ending, goodbye: Goodbye): Promise<void> {
    const { side } = this.#connection;
    // Its client waits for the end of the connection: then the upstream has what it sent.
    if (this.#passed !== undefined) return;
    const reason = rejectReason(ending);
    if (reason !== undefined) return await this.#reject(reason, goodbye);
    if (this.#sending === undefined) return;
    if (!this.#endSent) await side.closeWrite();
    goodbye.told();
    // What the upstream takes no more is dropped, so that the client hears what it was told.
    if (await this.#sending !== "ended") await drain(side.input, () => goodbye.heard());
  }

  async finish(): Promise<void> {
    if (this.#passed === undefined) return;
    const header = this.#header();
    await this.#forwarding.bypass.send(joined(header, this.#passed));
  }

  /** Its client has had its time to say something first. */
  stopListening(): void {
    this.#heard?.();
  }

  /**
   * Hears what the client says first, where that decides whether it is for one upstream or for all.
   * Its first bytes have to do: one that asks for encryption says no more until it is answered.
   *
   * @returns Whether it is to have no connection of its own.
   */
  async #saysPassing(firstWords: Timeouts<ForwardSession>): Promise<boolean> {
    const { side } = this.#connection;
    side.input.watch();
    if (side.input.held.length === 0 && this.#connection.ending === undefined) {
      const time = firstWords.begin(this);
      await new Promise<void>((resolve) => this.#heard = resolve);
      firstWords.end(time);
    }
    if (this.#connection.ending !== undefined) return true;
    if (this.#findPassing(side.input.held) !== "found") return false;
    this.closing = "passed_on";
    return true;
  }

  /** Joins both sides until the upstream has ended, or takes and says no more. */
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
    this.#sending = this.#send(upstream, moved);
    // A fault in it is met where it is waited for, and may come before that.
    this.#sending.catch(() => {});
    try {
      const receiving = await pass(upstream, side.socket, (bytes) => {
        this.#last = "upstream";
        this.#attempt?.upstream?.heard();
        side.countSent(bytes);
        moved();
      });
      this.closing ??= UPSTREAM_CLOSINGS[receiving];
      if (receiving !== "sink_failed") this.#judgeEnd();
      if (receiving === "sink_failed") {
        this.interrupt();
        await drain(upstream);
      } else if (receiving === "ended") {
        afterEnd = halfClosed.begin(connection);
        this.#endSent = true;
        if (!this.#clientEnded) await side.closeWrite().catch(() => {});
        // With both at their ends, there is nothing left to say or to hear.
        if (await this.#sending === "ended") side.close();
      }
    } finally {
      idle.end(silence);
      if (afterEnd !== undefined) halfClosed.end(afterEnd);
    }
  }

  /** Whether the client still waits for its first byte, with both sides open. */
  #isUnanswered(): boolean {
    const { side, ending } = this.#connection;
    return side.sent === 0 && ending === undefined && !side.closed && !this.#clientEnded;
  }

  /** Passes on what the client sends, and its end. */
  async #send(upstream: Socket, moved: () => void): Promise<PassEnd> {
    const { side } = this.#connection;
    const end = await pass(side.input, upstream, (bytes) => {
      this.#last = "client";
      side.countReceived(bytes);
      moved();
    });
    this.closing ??= CLIENT_CLOSINGS[end];
    if (end !== "sink_failed") this.#clientEnded = true;
    // The client has gone without an end: the upstream is left too.
    if (end === "source_failed") this.interrupt();
    // An upstream that has ended, too, is closed next, which sends the end as well.
    else if (end === "ended" && !this.#endSent) await upstream.closeWrite().catch(() => {});
    return end;
  }

  /**
   * Tells where the upstream said nothing, or had the last word, and ended a connection that its
   * client had not.
   */
  #judgeEnd(): void {
    const from = this.#attempt?.upstream;
    if (this.#isUnanswered()) from?.endedSilently();
    const { ending } = this.#connection;
    if (this.#clientEnded || this.#last === "client" || ending !== undefined) return;
    from?.suspect();
  }

  /** Ends this side of the upstream, and closes it when it does not end soon. */
  #leaveUpstream(ending?: Ending): void {
    // Soon its place is another's, whatever the upstream does.
    if (ending === "cluster_lost") return this.closeUpstream();
    const upstream = this.#upstream;
    const { linger } = this.#forwarding;
    if (upstream === undefined || this.#lingering !== undefined) return;
    if (linger === undefined) return this.closeUpstream();
    this.#lingering = linger.begin(this);
    upstream.closeWrite().catch(() => {});
  }

  /** Tells the upstream whom the connection is for, where that is wanted: whether it took it. */
  async #introduce(upstream: Socket, header: Uint8Array): Promise<boolean> {
    if (header.length === 0) return true;
    return await writeAll(upstream, header).then(() => true, () => {
      this.closing = "upstream_reset";
      return false;
    });
  }

  /** What the upstream is told of the client before its first byte. */
  #header(): Uint8Array {
    const { proxyProtocol } = this.#forwarding;
    if (proxyProtocol === undefined) return NOTHING;
    return proxyHeader(proxyProtocol, this.#connection.arrival.route);
  }

  /**
   * Looks whether anything of what the client has sent so far goes to the upstream without a place.
   */
  #findPassing(bytes: Uint8Array): "found" | "unknown" | "none" {
    const passed = this.#forwarding.passes?.(bytes);
    if (passed === undefined) return "none";
    if (passed === "unknown") return "unknown";
    this.#passed = passed.slice();
    return "found";
  }

  /** Tells the client that it is rejected. */
  async #reject(reason: RejectReason, goodbye: Goodbye): Promise<void> {
    const { side } = this.#connection;
    const { passes, foreignLog } = this.#forwarding;
    await new RejectionTalk({
      side,
      goodbye,
      rejection: this.#rejection(reason),
      look: passes && ((bytes) => this.#findPassing(bytes)),
      hearFirst: foreignLog && ((bytes) => foreignLog.hear(bytes)),
    }).run();
  }

  /** What is said to the client when it is rejected; `undefined` for nothing. */
  #rejection(reason: RejectReason): Rejection | undefined {
    const { rejectAs, rejection, expectedWaitMs, node, address } = this.#forwarding;
    const { client } = this.#connection;
    if (rejection !== undefined) {
      return rejection.reject({
        reason,
        words: rejectionWords(reason, client),
        waitMs: expectedWaitMs(),
      });
    }
    if (rejectAs === "close") return undefined;
    const to = { src: client.id, dest: address };
    return { opening: encodeLine(node.message(to, lineRejection(reason, client))) };
  }
}
