/**
 * The network itself: the only file of lib/ that opens sockets. Each gets TCP_NODELAY, since what is passed on has been
 * gathered by its sender, and TCP keep-alive, so that a peer that has vanished is noticed in the end.
 *
 * @module
 */

import { type Address, showAddress, showHostPort, unmapped } from "./address.ts";
import type { Route } from "./proxy_protocol.ts";
import type { Arrival, Dial, Listener, ServeHttp, Socket } from "./socket.ts";

/** How many connections the kernel keeps for a program that is slow to accept them; it may allow fewer. */
const KERNEL_BACKLOG = 4096;

/** An address cannot be used; the message says why, for the operator. */
export class AddressError extends Error {}

/**
 * Listens at an address. A Unix socket that nobody listens at any more is replaced.
 *
 * @throws {AddressError} When that is not possible.
 */
export async function listen(address: Address): Promise<Listener> {
  return await opening(
    "--listen",
    address,
    () => address.transport === "unix" ? listenUnix(address.path) : listenTcp(address),
  );
}

/**
 * Serves HTTP at an address, a Unix socket as {@linkcode listen} does. What is returned throws an
 * {@linkcode AddressError} when that is not possible.
 */
export function httpServer(address: Address): ServeHttp {
  let place = address;
  return async (answer, failed) => {
    const quiet = { onListen: () => {}, onError: failure(failed) };
    const server = await opening<Deno.HttpServer<Deno.NetAddr | Deno.UnixAddr>>(
      "--admin",
      place,
      () =>
        place.transport === "unix"
          ? atPath(place.path, (path) => Deno.serve({ path, ...quiet }, answer))
          : atPort(place, (hostname, port) => Deno.serve({ hostname, port, ...quiet }, answer)),
    );
    const { addr, finished } = server;
    // Another one after it is to be found where the first one was.
    if ("port" in addr && place.transport === "tcp") place = { ...place, port: addr.port };
    return {
      address: "port" in addr ? showHostPort(addr.hostname, addr.port) : showAddress(place),
      finished,
      close: () => server.shutdown(),
    };
  };
}

function failure(failed: (error: unknown) => void): (error: unknown) => Response {
  return (error) => {
    failed(error);
    return new Response(null, { status: 500 });
  };
}

async function opening<T>(flag: string, address: Address, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const { message } = error as Error;
    const place = showAddress(address);
    throw new AddressError(`listening at ${place} (${flag}) is not possible: ${message}`);
  }
}

/**
 * Connects to an address, which has a hostname.
 *
 * @throws {AddressError} When that is not permitted: Deno would say so, or even ask, at each connection.
 */
export function dialer(address: Address): Dial {
  if (address.transport === "unix") {
    const { path } = address;
    return () => Deno.connect({ transport: "unix", path });
  }
  const host = showAddress(address);
  if (Deno.permissions.querySync({ name: "net", host }).state !== "granted") {
    throw new AddressError(`connecting to ${host} is not permitted: deno run needs --allow-net`);
  }
  const options = { hostname: address.hostname ?? "localhost", port: address.port };
  return async (timeoutMs) => {
    const signal = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    return tuned(await Deno.connect(signal === undefined ? options : { ...options, signal }));
  };
}

function tuned(socket: Deno.TcpConn): Deno.TcpConn {
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  return socket;
}

type TcpAddress = Address & { transport: "tcp" };

/** Opens at an address; without a hostname at every interface, for IPv4 where the machine has no IPv6. */
function atPort<T>({ hostname, port }: TcpAddress, open: (hostname: string, port: number) => T): T {
  if (hostname !== undefined) return open(hostname, port);
  try {
    return open("::", port);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw error;
    return open("0.0.0.0", port);
  }
}

function listenTcp(address: TcpAddress): Listener {
  const listener = atPort(address, (hostname, port) => {
    const options = { hostname, port, tcpBacklog: KERNEL_BACKLOG };
    return Deno.listen(options);
  });
  const { addr } = listener;
  return {
    address: showHostPort(addr.hostname, addr.port),
    accept: () => acceptTcp(listener),
    close: () => listener.close(),
  };
}

async function acceptTcp(listener: Deno.TcpListener): Promise<Arrival> {
  for (;;) {
    try {
      return new TcpArrival(await listener.accept());
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

async function listenUnix(path: string): Promise<Listener> {
  const listener = await atPath(path, (path) => Deno.listen({ transport: "unix", path }));
  let count = 0;
  return {
    address: showAddress({ transport: "unix", path }),
    async accept() {
      const socket: Socket = await listener.accept();
      return { socket, name: `unix:${++count}`, source: undefined, route: undefined };
    },
    close: () => listener.close(),
  };
}

async function atPath<T>(path: string, open: (path: string) => T): Promise<T> {
  try {
    return open(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse) || !await isStale(path)) throw error;
    await Deno.remove(path);
    return open(path);
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
