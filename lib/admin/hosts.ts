/**
 * The names that operators may be served under. A page in a browser can give its own name the
 * address of poolgate, and would then read all that operators may: the `Host` of its requests is
 * still that name. An address belongs to nobody's page. Pure.
 *
 * @module
 */

/** The name of this machine itself, in every browser. */
export const LOCALHOST = "localhost";

/** What a URL takes for something else than a host. */
const NO_HOST = /[/?#@\\\s]/;

/**
 * The name or the address in a `Host`, in the one spelling of a URL, in which also every way to
 * write an address is the same.
 *
 * @param host A name or an address, with or without a port.
 * @returns It, without the port and the dot at its end; `undefined` where it is none.
 */
export function hostnameOf(host: string): string | undefined {
  const url = `http://${host}`;
  if (NO_HOST.test(host) || !URL.canParse(url)) return undefined;
  return new URL(url).hostname.replace(/\.$/, "") || undefined;
}

/**
 * Whether who asks for a host is to be answered.
 *
 * @param host As it stands in the request.
 * @param names What {@linkcode hostnameOf} makes of the names that are served.
 */
export function isServed(host: string, names: ReadonlySet<string>): boolean {
  const hostname = hostnameOf(host);
  if (hostname === undefined) return false;
  return isAddress(hostname) || hostname === LOCALHOST || names.has(hostname);
}

/** A URL takes no host that ends in a number, but for an address. */
function isAddress(hostname: string): boolean {
  return hostname.startsWith("[") || /^[\d.]+$/.test(hostname);
}
