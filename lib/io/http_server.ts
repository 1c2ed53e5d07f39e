/**
 * The server of HTTP: connections of a listener, served by `node:http`, which opens nothing itself.
 * So no variable of the environment moves it: `DENO_SERVE_ADDRESS` does so with all that Deno
 * listens for HTTP with, and Node's own listener says nothing when it is out of file descriptors.
 *
 * There are never more than {@linkcode MAX_CONNECTIONS}. Each that is not being answered has a time
 * limit, and when there are as many as may be, the one that has waited longest for its request
 * gives way to a new one.
 *
 * @module
 */

import { type IncomingMessage, Server, type ServerResponse } from "node:http";
import { AcceptLog } from "./accept_log.ts";
import { type Clock, delay } from "./clock.ts";
import { isLasting, requestOf, send, sendBadRequest } from "./http_exchange.ts";
import { LinkedList, type Links } from "./linked_list.ts";
import type { Note } from "./log.ts";
import { AddressError } from "./network.ts";
import type { Accept, HttpServer, Listener, ServeHttp, Socket } from "./socket.ts";
import { SocketStream } from "./socket_stream.ts";
import { type Timeout, Timeouts } from "./timeouts.ts";

/** How many connections there may be at once. */
export const MAX_CONNECTIONS = 128;

/**
 * How long the first request of a connection may take to come whole, from when that was accepted,
 * in milliseconds; and what is left of a request that has been answered before its end.
 */
export const REQUEST_MS = 10_000;

/** How long a further request may take, from the answer before it, in milliseconds. */
export const NEXT_REQUEST_MS = 75_000;

/** How long an answer may take until it is taken, unless it lasts, in milliseconds. */
export const ANSWER_MS = 30_000;

/** How long until accepting is tried again that has failed, in milliseconds. */
const ACCEPT_RETRY_MS = 100;

type Answer = (request: Request) => Promise<Response>;

/** What an {@linkcode httpServer} works with. */
export interface HttpServerParts {
  listener: Listener;
  clock: Clock;
  note: Note;
}

/**
 * Serves HTTP to who connects to a listener.
 *
 * @throws {AddressError} Where Deno is too old: in 2.7.11, `node:http` leaves a socket that it is
 *   given without an answer.
 */
export function httpServer(parts: HttpServerParts): ServeHttp {
  if (new Server().listenerCount("connection") === 0) {
    throw new AddressError("--admin cannot be served by this Deno: 2.9.6 can");
  }
  return (answer, failed) => new ConnectionServer(parts, answer, failed);
}

/** One connection, in the list of those that wait for a request unless it is being answered. */
interface Connection extends Links {
  readonly stream: SocketStream;
  /** How many of its requests are being answered. */
  answering: number;
  /** Takes back the time limit that it has. */
  endTimeout: () => void;
}

class ConnectionServer implements HttpServer {
  readonly address: string;
  #parts: HttpServerParts;
  #answer: Answer;
  #failed: (error: unknown) => void;
  #http = new ListeningServer({ keepAliveTimeout: 0 });
  #connections = new Map<unknown, Connection>();
  #waiting = new LinkedList<Connection>();
  #acceptLog: AcceptLog;
  #requests: Timeouts<Connection>;
  #nextRequests: Timeouts<Connection>;
  #answers: Timeouts<Connection>;
  #closed = false;
  #emptied = Promise.withResolvers<void>();

  constructor(parts: HttpServerParts, answer: Answer, failed: (error: unknown) => void) {
    const { listener, clock, note } = parts;
    this.#parts = parts;
    this.#answer = answer;
    this.#failed = failed;
    this.address = listener.address;
    this.#acceptLog = new AcceptLog(clock, note, "serving operators");
    const expired = ({ stream }: Connection) => stream.destroy();
    this.#requests = new Timeouts(clock, REQUEST_MS, expired);
    this.#nextRequests = new Timeouts(clock, NEXT_REQUEST_MS, expired);
    this.#answers = new Timeouts(clock, ANSWER_MS, expired);
    this.#http.on("request", (message, response) => this.#request(message, response));
    this.#http.on("clientError", refuse);
    for (const accept of listener.accepts) this.#accept(accept);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#acceptLog.end();
    this.#parts.listener.close();
    for (const { stream } of this.#waiting) stream.destroy();
    if (this.#connections.size > 0) await this.#emptied.promise;
  }

  async #accept(accept: Accept): Promise<void> {
    const { clock } = this.#parts;
    while (!this.#closed) {
      try {
        const { socket } = await accept();
        this.#acceptLog.accepted();
        this.#open(socket);
      } catch (error) {
        if (this.#closed) break;
        this.#acceptLog.failed(error);
        await delay(clock, ACCEPT_RETRY_MS);
      }
    }
  }

  #open(socket: Socket): void {
    if (this.#connections.size >= MAX_CONNECTIONS) {
      const oldest = this.#waiting.first;
      if (oldest === undefined) return socket.close();
      this.#remove(oldest);
      oldest.stream.destroy();
    }
    const stream = new SocketStream(socket);
    const links = { before: undefined, after: undefined };
    const connection: Connection = { ...links, stream, answering: 0, endTimeout: () => {} };
    this.#connections.set(stream, connection);
    this.#wait(connection, this.#requests);
    stream.once("close", () => this.#remove(connection));
    this.#http.emit("connection", stream);
  }

  /** A connection has ended, or is about to. */
  #remove(connection: Connection): void {
    if (!this.#connections.delete(connection.stream)) return;
    connection.endTimeout();
    if (connection.answering === 0) this.#waiting.remove(connection);
    if (this.#connections.size === 0) this.#emptied.resolve();
  }

  /** A connection waits for its next request. */
  #wait(connection: Connection, timeouts: Timeouts<Connection>): void {
    this.#waiting.push(connection);
    limit(connection, timeouts);
  }

  async #request(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = this.#connections.get(message.socket);
    if (connection === undefined) return;
    if (connection.answering++ === 0) this.#waiting.remove(connection);
    limit(connection, this.#answers);
    response.once("close", () => this.#answered(connection, message));
    const request = requestOf(message);
    if (request === undefined) return sendBadRequest(response);
    try {
      const answer = await this.#answer(request);
      if (isLasting(answer)) connection.endTimeout();
      await send(answer, response);
    } catch (error) {
      this.#failed(error);
      if (response.headersSent) return void response.destroy();
      response.statusCode = 500;
      response.end();
    }
  }

  /** A request has been answered, or its connection has ended. */
  #answered(connection: Connection, message: IncomingMessage): void {
    connection.answering--;
    if (!this.#connections.has(connection.stream)) return;
    if (connection.answering > 0) return limit(connection, this.#answers);
    this.#wait(connection, message.complete ? this.#nextRequests : this.#requests);
    if (this.#closed) return void connection.stream.destroy();
    // Where the body was not read to its end, it stands before the end of the connection.
    message.resume();
  }
}

/** Gives a connection another time limit. */
function limit(connection: Connection, timeouts: Timeouts<Connection>): void {
  connection.endTimeout();
  const timeout: Timeout<Connection> = timeouts.begin(connection);
  connection.endTimeout = () => timeouts.end(timeout);
}

/** Node's server, that keeps a connection for another request only while it listens. */
class ListeningServer extends Server {
  override readonly listening: boolean = true;
}

/** Answers what is no HTTP. */
function refuse({ code }: Error & { code?: string }, stream: SocketStream): void {
  const status = code === "HPE_HEADER_OVERFLOW"
    ? "431 Request Header Fields Too Large"
    : "400 Bad Request";
  if (!stream.writable) return void stream.destroy();
  stream.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
