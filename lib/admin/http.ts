/**
 * HTTP as far as the admin listener needs it: answers, refusals and bodies of a bounded size. Knows
 * nothing of the pool.
 *
 * @module
 */

import { describe } from "../protocol/decode.ts";
import { isServed, LOCALHOST } from "./hosts.ts";

/** How long the body of a request may be, in bytes. */
export const MAX_BODY_BYTES = 4096;

/** A request that is refused, with the status for it and a sentence that says why. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, sentence: string, headers: Record<string, string> = {}) {
    super(sentence);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * What goes with every answer: no page of another origin may read or embed it, nothing of it is
 * kept.
 */
const HEADERS = {
  "cache-control": "no-store, no-transform",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' " +
    "data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/**
 * What goes with a stream: nginx, and proxies that do as it does, gather none of it before they
 * pass it on.
 */
const STREAM_HEADERS = { "x-accel-buffering": "no" };

const encoder = new TextEncoder();

/** @returns An answer of some media type. */
export function respond(
  body: string | ReadableStream<Uint8Array> | null,
  contentType: string,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  const type = body === null ? {} : { "content-type": contentType };
  if (typeof body !== "string") {
    const stream = body === null ? {} : STREAM_HEADERS;
    return new Response(body, { status, headers: { ...HEADERS, ...type, ...stream, ...headers } });
  }
  const bytes = encoder.encode(body);
  // What says how long it is is no stream.
  const length = { "content-length": `${bytes.length}` };
  return new Response(bytes, { status, headers: { ...HEADERS, ...type, ...length, ...headers } });
}

/** @returns An answer in JSON. */
export function respondJson(value: unknown, status = 200, headers = {}): Response {
  return respond(`${JSON.stringify(value)}\n`, "application/json", status, headers);
}

/** @returns The answer to a request that is refused. */
export function respondRefusal({ status, message, headers }: Refusal): Response {
  return respondJson({ error: message }, status, headers);
}

/**
 * Holds a request to the hosts that are served: that of its target, and that of its `Host`, which
 * are two where a proxy is asked. A request without any is from no browser.
 *
 * @param names The names that are served, `undefined` for any.
 * @throws {Refusal} When another one is asked for.
 */
export function checkHost({ url, headers }: Request, names: ReadonlySet<string> | undefined): void {
  if (names === undefined) return;
  const hosts = [new URL(url).host, headers.get("host") || LOCALHOST];
  const strange = hosts.find((host) => !isServed(host, names));
  if (strange === undefined) return;
  throw new Refusal(
    421,
    `the Host ${
      describe(strange)
    } is not served here: addresses and localhost are, and each name ` +
      "that poolgate was started with as --admin-host NAME",
  );
}

/**
 * Whether a browser sent a request on behalf of another site's page. Following a link from there is
 * not that. `Sec-Fetch-Site` says so where browsers trust the connection, `Origin` elsewhere; other
 * programs send neither.
 * https://www.w3.org/TR/fetch-metadata/
 */
export function isCrossSite({ method, headers, url }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  const followsLink = (method === "GET" || method === "HEAD") &&
    headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document";
  if (site !== null) return site !== "same-origin" && site !== "none" && !followsLink;
  const origin = headers.get("origin");
  if (origin === null) return false;
  if (!URL.canParse(origin)) return true;
  const { protocol, host } = new URL(origin);
  const own = `${protocol}//${headers.get("host") ?? new URL(url).host}`;
  return !URL.canParse(own) || new URL(own).host !== host;
}

/**
 * Reads the body of a request, of no more than {@linkcode MAX_BODY_BYTES}.
 *
 * @throws {Refusal} When it is longer, breaks off, or is no JSON.
 */
export async function readJson(request: Request): Promise<unknown> {
  const text = await readText(request);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, `the body is not JSON (${(error as Error).message})`);
  }
}

async function readText({ headers, body }: Request): Promise<string> {
  const tooLong = new Refusal(413, `the body is longer than ${MAX_BODY_BYTES} bytes`);
  if (Number(headers.get("content-length")) > MAX_BODY_BYTES) throw tooLong;
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  try {
    for await (const chunk of body ?? []) {
      length += chunk.length;
      if (length > MAX_BODY_BYTES) throw tooLong;
      text += decoder.decode(chunk, { stream: true });
    }
  } catch (error) {
    throw error === tooLong ? tooLong : new Refusal(400, "the body breaks off before its end");
  }
  return text + decoder.decode();
}
