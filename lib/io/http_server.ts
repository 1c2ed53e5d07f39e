/**
 * The server of HTTP, which is Deno's: at the address that it was told, or not at all. A variable
 * of the environment, `DENO_SERVE_ADDRESS`, moves the first `Deno.serve` of any program elsewhere,
 * or has it serve there as well.
 *
 * @module
 */

import { type Address, showAddress, showHostPort } from "./address.ts";
import { atPath, openAll, opening, type Place, placesOf, type Several } from "./network.ts";
import type { ServeHttp } from "./socket.ts";

type Answer = (request: Request) => Promise<Response>;
type Server = Deno.HttpServer<Deno.Addr>;

const MOVED = "the variable DENO_SERVE_ADDRESS has Deno serve elsewhere: unset it";

/**
 * Serves HTTP at an address; a Unix socket that nobody listens at any more is replaced. What is
 * returned throws an {@linkcode AddressError} when that is not possible.
 */
export function httpServer(address: Address): ServeHttp {
  let places: Several<Place> | undefined;
  return async (answer, failed) => {
    const onError = failure(failed);
    const servers = await opening<Several<Server>>("--admin", address, async () => {
      if (isMoved()) throw new Error(MOVED);
      if (address.transport === "unix") {
        return [await atPath(address.path, (path) => serveAtPath(path, answer, onError))];
      }
      // Others after them are to be found where the first ones were.
      places ??= placesOf(address);
      return openAll(places, (place) => serveAt(place, answer, onError), shutDown);
    });
    const { addr } = servers[0];
    const close = async () => {
      await Promise.all(servers.map(shutDown));
    };
    const finished = Promise.all(servers.map((server) => server.finished)).then(() => {});
    // Where one can take no more connections, the others are not to stand in the way of new ones.
    finished.catch(close).catch(() => {});
    return {
      address: addr.transport === "tcp"
        ? showHostPort(addr.hostname, addr.port)
        : showAddress(address),
      finished,
      close,
    };
  };
}

function failure(failed: (error: unknown) => void): (error: unknown) => Response {
  return (error) => {
    failed(error);
    return new Response(null, { status: 500 });
  };
}

function shutDown(server: Server): Promise<void> {
  return server.shutdown();
}

function onListen(): void {}

/**
 * Serves at a place, whose port is then the chosen one.
 *
 * @throws When Deno serves somewhere else. No request is answered there: that would be after this
 * function has ended.
 */
export function serveAt(
  place: Place,
  answer: Answer,
  onError: (error: unknown) => Response,
): Server {
  const { hostname, port } = place;
  const listener = Deno.listen({ hostname, port });
  const asked = listener.addr.hostname;
  listener.close();
  const server: Server = Deno.serve({ hostname, port, onListen, onError }, answer);
  const { addr } = server;
  const there = addr.transport === "tcp" && addr.hostname === asked;
  if (!there || port !== 0 && addr.port !== port) return refuse(server);
  place.port = addr.port;
  return server;
}

/** As {@linkcode serveAt}, at the path of a Unix socket. */
export function serveAtPath(
  path: string,
  answer: Answer,
  onError: (error: unknown) => Response,
): Server {
  const server: Server = Deno.serve({ path, onListen, onError }, answer);
  const { addr } = server;
  return addr.transport === "unix" && addr.path === path ? server : refuse(server);
}

function refuse(server: Server): never {
  server.shutdown();
  throw new Error(MOVED);
}

/** An option that `Deno.serve` does not know, and so reads only when it copies all. */
const UNKNOWN_OPTION = Symbol();

/** What the options below tell when one of them is read. */
class OptionRead extends Error {
  readonly option: string | symbol;

  constructor(option: string | symbol) {
    super();
    this.option = option;
  }
}

/**
 * Whether this program's first server would be elsewhere, or there as well, which its address does
 * not tell. A Deno that was told so copies the options of the first call, or some of them, before
 * it treats them as those of any other: so the second call begins to read them with another one.
 * Neither call opens anything.
 */
function isMoved(): boolean {
  return firstOptionRead() !== firstOptionRead();
}

function firstOptionRead(): string | symbol {
  const options = new Proxy<Deno.ServeOptions>({ [UNKNOWN_OPTION]: true } as object, {
    get(_, option) {
      throw new OptionRead(option);
    },
  });
  try {
    Deno.serve(options, () => new Response());
  } catch (error) {
    if (error instanceof OptionRead) return error.option;
    throw error;
  }
  throw new Error("BUG: Deno.serve has read none of its options");
}
