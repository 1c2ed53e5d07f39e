import { assertEquals } from "@std/assert";
import { Connection, type Keeper } from "../../lib/gate/connection.ts";

/** A connection whose socket takes at most so many bytes at a time. */
function connection(most: number, keeper: Keeper): Connection {
  const socket = {
    read: () => Promise.resolve(null),
    write: (bytes: Uint8Array) => Promise.resolve(Math.min(bytes.length, most)),
    closeWrite: () => Promise.resolve(),
    close: () => {},
  };
  return new Connection("a", { socket, name: "a", source: undefined, route: undefined }, keeper);
}

function newKeeper(): Keeper {
  const traffic = { received: 0, sent: 0 };
  return { traffic, promoted: () => {}, dismissed: () => {}, hungUp: () => {} };
}

Deno.test("Connection.write: counts what the socket has taken, for itself and for all", async () => {
  const keeper = newKeeper();
  const [slow, fast] = [connection(3, keeper), connection(100, keeper)];
  assertEquals([await slow.write(new Uint8Array(5)), await fast.write(new Uint8Array(5))], [3, 5]);
  slow.countReceived(7);
  const { traffic } = slow;
  assertEquals([traffic.received, traffic.sent, fast.received, fast.sent], [7, 3, 0, 5]);
  assertEquals(keeper.traffic, { received: 7, sent: 8 });
});
