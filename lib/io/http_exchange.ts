/**
 * A request and its answer, from the objects of `node:http` to those of the web and back.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";

const BAD_TARGET = "the method, the target or the Host of the request is not valid\n";

/**
 * The request of a message, with all its headers. The host of its URL is that of the target, or
 * else of `Host`, or else `localhost`.
 *
 * @returns The request, `undefined` where its method, its target or its `Host` is not valid.
 */
export function requestOf(message: IncomingMessage): Request | undefined {
  const { method = "", url: target = "", rawHeaders } = message;
  const headers = new Headers();
  try {
    for (let at = 0; at < rawHeaders.length; at += 2) {
      headers.append(rawHeaders[at]!, rawHeaders[at + 1]!);
    }
    const host = headers.get("host") || "localhost";
    if (/[/?#@\\]/.test(host) || !/^(\/|http:\/\/)/i.test(target)) return undefined;
    const url = target.startsWith("/") ? `http://${host}${target}` : target;
    return new Request(url, { method, headers, body: bodyOf(message) });
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function bodyOf(message: IncomingMessage): ReadableStream<Uint8Array> | null {
  if (message.method === "GET" || message.method === "HEAD") return null;
  // To destroy the message is to close the connection, before the answer is sent.
  return ReadableStream.from(message.iterator({ destroyOnReturn: false }));
}

/** Answers a request that is none. */
export function sendBadRequest(to: ServerResponse): void {
  to.statusCode = 400;
  to.setHeader("content-type", "text/plain; charset=utf-8");
  to.setHeader("content-length", BAD_TARGET.length);
  to.shouldKeepAlive = false;
  to.end(BAD_TARGET);
}

/**
 * Whether an answer lasts as long as who asked stays: it is the one that does not say how long it
 * is, and has a body.
 */
export function isLasting({ headers, body }: Response): boolean {
  return body !== null && !headers.has("content-length");
}

/**
 * Sends an answer, no faster than it is taken. Its body is cancelled where nobody takes it any
 * more.
 */
export async function send(response: Response, to: ServerResponse): Promise<void> {
  to.statusCode = response.status;
  for (const [name, value] of response.headers) to.appendHeader(name, value);
  // What still comes of the request would be taken for the next one's beginning, or for ever.
  if (!to.req.complete) to.shouldKeepAlive = false;
  if (isLasting(response)) return await sendLasting(response.body!, to);
  to.end(new Uint8Array(await response.arrayBuffer()));
}

async function sendLasting(body: ReadableStream<Uint8Array>, to: ServerResponse): Promise<void> {
  const reader = body.getReader();
  const cancel = () => reader.cancel().catch(() => {});
  const gone = new Promise<void>((resolve) => to.once("close", resolve));
  // Also while it is being waited for, which may be for long.
  gone.then(cancel);
  if (to.req.method === "HEAD" || to.destroyed) await cancel();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || to.destroyed) break;
      if (to.write(value)) continue;
      await Promise.race([gone, new Promise((resolve) => to.once("drain", resolve))]);
    }
    to.end();
  } catch {
    // It breaks off, which who takes it is to see.
    to.destroy();
  }
}
