/**
 * The network itself: the only file of lib/ that opens sockets. Each gets TCP_NODELAY, since what
 * is passed on has been gathered by its sender, and TCP keep-alive, so that a peer that has
 * vanished is noticed in the end.
 *
 * @module
 */

import { type Address, showAddress, showHostPort, unmapped } from "./address.ts";
import { drain } from "./byte_stream.ts";
import {
  type Arrival,
  type Ask,
  type Dial,
  type Listener,
  LocalShortage,
  NoAnswer,
  type Probe,
  type Route,
  type Socket,
} from "./socket.ts";

/**
 * How many connections the kernel keeps for a program that is slow to accept them; it may allow
 * fewer.
 */
const KERNEL_BACKLOG = 4096;

/**
 * A listener that closes resets the connections that it has not accepted. So it is closed when none
 * has come for so many turns of the event loop, but not later than after so long, in milliseconds.
 */
const QUIET_TURNS = 2;
const LAST_ACCEPTS_MS = 500;

/** How long the other side may take to close what was only a look, in milliseconds. */
const HANG_UP_MS = 250;

/** An address cannot be used; the message says why, for the operator. */
export class AddressError extends Error {}

/**
 * Listens at an address. A Unix socket that nobody listens at any more is replaced.
 *
 * @param flag What the address was given by.
 * @param reusePort Whether to share the port with others that do so, too, and to take the path of a
 *   Unix socket from whoever listens there.
 * @throws {AddressError} When that is not possible.
 */
export async function listen(
  address: Address,
  flag = "--listen",
  reusePort = false,
): Promise<Listener> {
  try {
    return await (address.transport === "unix"
      ? listenUnix(address.path, reusePort)
      : listenTcp(address, reusePort));
  } catch (error) {
    const { message } = error as Error;
    const place = showAddress(address);
    throw new AddressError(`listening at ${place} (${flag}) is not possible: ${message}`);
  }
}

/** Connects to an address, which has a hostname. */
export function dialer(address: Address): Dial {
  if (address.transport === "unix") return () => connectUnix(address);
  const { hostname = "localhost", port } = address;
  return async (timeoutMs) => {
    if (timeoutMs === undefined) return await connectTcp(address);
    const limit = () => timeoutMs === 0 ? undefined : AbortSignal.timeout(timeoutMs);
    const { probe } = await import("./probe.ts");
    await probe({ host: hostname, port }, limit()).catch(rethrow);
    return await connectTcp(address, limit());
  };
}

/** Asks at an address, which has a hostname. */
export function asker(address: Address): Ask {
  const target = address.transport === "unix"
    ? { path: address.path }
    : { host: address.hostname ?? "localhost", port: address.port };
  return async (talk, timeoutMs) => {
    const { probe } = await import("./probe.ts");
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      await probe(target, signal, talk);
    } catch (error) {
      if (error === signal.reason) throw new Error(`no answer within ${timeoutMs / 1000} s`);
      rethrow(error as Error);
    }
  };
}

/**
 * Looks once whether anybody listens at an address, which has a hostname. Without `probe.ts`, whose
 * `node:net` is 10 MB of memory that a program needs only where nobody does.
 */
export function prober(address: Address): Probe {
  return async (timeoutMs) => {
    const limit = AbortSignal.timeout(timeoutMs);
    const connecting = address.transport === "unix"
      ? connectUnix(address)
      : connectTcp(address, limit);
    const socket = await connecting.catch((error) => {
      if (!limit.aborted) throw error;
      throw new NoAnswer(`no answer from ${showAddress(address)} within ${timeoutMs} ms`);
    });
    await hangUp(socket);
  };
}

function connectUnix({ path }: UnixAddress): Promise<Socket> {
  return Deno.connect({ transport: "unix", path }).catch(rethrow);
}

async function connectTcp(
  { hostname = "localhost", port }: TcpAddress,
  signal?: AbortSignal,
): Promise<Socket> {
  const socket = await Deno.connect(
    signal === undefined ? { hostname, port } : { hostname, port, signal },
  ).catch(rethrow);
  if (!isOwnEnd(socket)) return tuned(socket);
  socket.close();
  throw new Deno.errors.ConnectionRefused("nobody listens there: connected to itself");
}

/** Ends a connection, and waits a moment for the other side to do so, too. */
async function hangUp(socket: Socket): Promise<void> {
  const { promise: moment, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, HANG_UP_MS);
  await Promise.race([moment, endOf(socket)]);
  clearTimeout(timer);
  socket.close();
}

async function endOf(socket: Socket): Promise<void> {
  // Where this fails, the connection has failed, and so has what is read of it.
  await socket.closeWrite().catch(() => {});
  await drain(socket);
}

/** What a dial fails with for want of something of our own, and whether that is a descriptor. */
const SHORTAGES: Readonly<Record<string, boolean>> = {
  EMFILE: true,
  ENFILE: true,
  EACCES: false,
  EADDRNOTAVAIL: false,
  // A Unix socket whose accept queue is full: over TCP, the kernel would wait.
  EAGAIN: false,
};

function rethrow(error: Error & { code?: string }): never {
  const ofDescriptors = SHORTAGES[error.code ?? ""];
  throw ofDescriptors === undefined ? error : new LocalShortage(error.message, ofDescriptors);
}

/**
 * Whether both ends are the same. Where nobody listens at a local port that the kernel also gives
 * to outgoing connections, it may give one the very port that it is for. A socket of Deno can only
 * be closed in the regular way, so the service cannot have the port for a minute then: that goes
 * for the dial that finds it gone. Those after it are behind a look by `probe.ts`, which resets.
 */
function isOwnEnd({ localAddr, remoteAddr }: Deno.TcpConn): boolean {
  return localAddr.port === remoteAddr.port && localAddr.hostname === remoteAddr.hostname;
}

function tuned(socket: Deno.TcpConn): Deno.TcpConn {
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  return socket;
}

type TcpAddress = Address & { transport: "tcp" };
type UnixAddress = Address & { transport: "unix" };

/** Where a socket listens. */
interface Place {
  hostname: string;
  /** 0 takes a free one. */
  port: number;
}

/** One or more. */
type Several<T> = [T, ...T[]];

/**
 * @param reusePort Whether others may listen at the port, too.
 * @returns Where to listen for an address.
 */
function placesOf({ hostname, port }: TcpAddress, reusePort: boolean): Several<Place> {
  if (hostname !== undefined) return [{ hostname, port }];
  if (!reusePort || port === 0) return everyInterface(port);
  // At the port itself, a client of the others could come while only the system is looked at.
  const [first, ...others] = everyInterface(0);
  return [{ ...first, port }, ...others.map((place) => ({ ...place, port }))];
}

/**
 * Every interface is `::`, where that takes IPv4 too, which the system decides (Linux by
 * `net.ipv6.bindv6only`), and Deno cannot change. Where it does not, it is `::` and `0.0.0.0`;
 * without IPv6 it is `0.0.0.0` alone. That shows when `::` is listened at beside `0.0.0.0`. In the
 * other order, a port that another program has for IPv4 would look like a `::` that takes IPv4.
 */
function everyInterface(port: number): Several<Place> {
  const v4 = { hostname: "0.0.0.0", port };
  const v6 = { hostname: "::", port };
  let listener: Deno.TcpListener;
  try {
    listener = Deno.listen(v4);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw error;
    return [v6];
  }
  try {
    v4.port = listener.addr.port;
    Deno.listen({ ...v6, port: v4.port }).close();
    return [{ ...v6, port: v4.port }, v4];
  } catch (error) {
    return [error instanceof Deno.errors.AddrInUse ? v6 : v4];
  } finally {
    listener.close();
  }
}

/** Listens at all of some places, or at none. */
function listenAll(
  [first, ...others]: Several<Place>,
  reusePort: boolean,
): Several<Deno.TcpListener> {
  const open = (place: Place) => Deno.listen({ ...place, reusePort, tcpBacklog: KERNEL_BACKLOG });
  const opened: Several<Deno.TcpListener> = [open(first)];
  try {
    for (const place of others) opened.push(open(place));
    return opened;
  } catch (error) {
    for (const listener of opened) listener.close();
    throw error;
  }
}

function listenTcp(address: TcpAddress, reusePort: boolean): Listener {
  const listeners = listenAll(placesOf(address, reusePort), reusePort);
  const { hostname, port } = listeners[0].addr;
  let accepted = 0;
  return {
    address: showHostPort(hostname, port),
    accepts: listeners.map((listener) => () => acceptTcp(listener, () => accepted++)),
    close: () => whenStill(() => accepted, () => listeners.forEach((listener) => listener.close())),
  };
}

/** Acts when a count stands still. */
function whenStill(count: () => number, action: () => void): void {
  const end = performance.now() + LAST_ACCEPTS_MS;
  let last = count();
  let quiet = 0;
  const turn = () => {
    quiet = count() === last ? quiet + 1 : 0;
    last = count();
    if (quiet === QUIET_TURNS || performance.now() > end) action();
    else setTimeout(turn);
  };
  setTimeout(turn);
}

async function acceptTcp(listener: Deno.TcpListener, accepted: () => void): Promise<Arrival> {
  for (;;) {
    try {
      const socket = await listener.accept();
      accepted();
      return new TcpArrival(socket);
    } catch (error) {
      if (!hasGone(error)) throw error;
    }
  }
}

/** Whether a connection could not be accepted because its client has reset it meanwhile. */
function hasGone(error: unknown): boolean {
  const { NotConnected, ConnectionAborted, ConnectionReset } = Deno.errors;
  return [NotConnected, ConnectionAborted, ConnectionReset].some((type) => error instanceof type);
}

/** Made for each connection, and kept while it lasts: so no more is kept than is needed. */
class TcpArrival implements Arrival {
  readonly socket: Deno.TcpConn;
  readonly name: string;
  readonly source: string;

  constructor(socket: Deno.TcpConn) {
    const { hostname, port } = socket.remoteAddr;
    this.socket = tuned(socket);
    this.source = unmapped(hostname);
    this.name = showHostPort(this.source, port);
  }

  get route(): Route {
    const { remoteAddr, localAddr } = this.socket;
    return {
      client: { ip: this.source, port: remoteAddr.port },
      gate: { ip: unmapped(localAddr.hostname), port: localAddr.port },
    };
  }
}

async function listenUnix(path: string, taking: boolean): Promise<Listener> {
  const listener = await (taking ? takePath(path) : listenAtPath(path));
  let count = 0;
  return {
    address: showAddress({ transport: "unix", path }),
    accepts: [async () => {
      const socket: Socket = await listener.accept();
      return { socket, name: `unix:${++count}`, source: undefined, route: undefined };
    }],
    close: () => whenStill(() => count, () => listener.close()),
  };
}

/** Listens at the path of a Unix socket. One that nobody listens at any more is replaced. */
async function listenAtPath(path: string): Promise<Deno.UnixListener> {
  const open = () => Deno.listen({ transport: "unix", path });
  try {
    return open();
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse) || !await isStale(path)) throw error;
    await Deno.remove(path);
    return open();
  }
}

/**
 * Listens at the path of a Unix socket, and takes it from whoever listens there: those that connect
 * meet one or the other at any moment. Whoever has lost the path keeps those that came before.
 */
async function takePath(path: string): Promise<Deno.UnixListener> {
  if (!await isSocketOrFree(path)) throw new Deno.errors.AddrInUse("there is a file, no socket");
  const beside = `${path}.new`;
  const opened = await listenAtPath(beside);
  await Deno.rename(beside, path);
  return opened;
}

async function isSocketOrFree(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isSocket === true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

/** Whether a path is a socket that nobody listens at. */
async function isStale(path: string): Promise<boolean> {
  const { isSocket } = await Deno.lstat(path);
  if (!isSocket) return false;
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused;
  }
}
