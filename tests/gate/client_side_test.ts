import { assertEquals } from "@std/assert";
import { ClientSide } from "../../lib/gate/client_side.ts";

/** A socket that takes at most so many bytes at a time. */
function socketThatTakes(most: number) {
  return {
    closed: 0,
    read: () => Promise.resolve(null),
    write: (bytes: Uint8Array) => Promise.resolve(Math.min(bytes.length, most)),
    closeWrite: () => Promise.resolve(),
    close() {
      this.closed++;
    },
  };
}

const NOBODY = { hungUp: () => {}, kept: () => {}, heldFull: () => {} };

Deno.test("ClientSide.write: counts what the socket has taken, for itself and for all", async () => {
  const all = { received: 0, sent: 0 };
  const [slow, fast] = [3, 100].map((most) =>
    new ClientSide(socketThatTakes(most), all, NOBODY)
  ) as [
    ClientSide,
    ClientSide,
  ];
  assertEquals([await slow.write(new Uint8Array(5)), await fast.write(new Uint8Array(5))], [3, 5]);
  slow.countReceived(7);
  assertEquals([slow.received, slow.sent, fast.received, fast.sent], [7, 3, 0, 5]);
  assertEquals(all, { received: 7, sent: 8 });
});

Deno.test("ClientSide.read: counts what it reads, and nothing for the end", async () => {
  const all = { received: 0, sent: 0 };
  const chunks = [4, 2, null];
  const socket = { ...socketThatTakes(1), read: () => chunks.shift() ?? null };
  const side = new ClientSide(socket, all, NOBODY);
  const buffer = new Uint8Array(9);
  assertEquals([await side.read(buffer), await side.read(buffer), await side.read(buffer)], [
    4,
    2,
    null,
  ]);
  assertEquals([side.received, all], [6, { received: 6, sent: 0 }]);
});

Deno.test("ClientSide.close: closes the socket once", () => {
  const socket = socketThatTakes(1);
  const side = new ClientSide(socket, { received: 0, sent: 0 }, NOBODY);
  assertEquals(side.closed, false);
  side.close();
  side.close();
  assertEquals([side.closed, socket.closed], [true, 1]);
});
