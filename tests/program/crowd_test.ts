/** Many connections at once, from outside. Imports nothing from lib/. */

import { assertEquals } from "@std/assert";
import { Conversation } from "../support/program.ts";
import { Service } from "../support/service.ts";
import { Client, until } from "../support/sockets.ts";

const CROWD = 5000;

Deno.test(`--upstream: ${CROWD} connections wait at once, and are let in in order of arrival`, async () => {
  const order: number[] = [];
  const opened = Promise.withResolvers<void>();
  await using service = new Service(async (socket) => {
    const buffer = new Uint8Array(16);
    const length = await socket.read(buffer);
    if (length === null) return; // the gate's own look, at the start
    await opened.promise;
    order.push(Number(new TextDecoder().decode(buffer.subarray(0, length))));
  });
  const upstream = `127.0.0.1:${service.address.port}`;
  const limits = ["--max-connections", "1", "--backlog-size", String(CROWD)];
  const [poolgate, address] = await Conversation.listening(["--upstream", upstream, ...limits]);
  await until("the gate has looked", () => service.served === 1 && service.open === 0);
  const clients: Client[] = [];
  for (let i = 0; i < CROWD; i++) {
    const client = await Client.to(address);
    await client.say(String(i));
    clients.push(client);
  }
  await until("all are there", async () => {
    const { active, queued } = await poolgate.stats();
    return active === 1 && queued === CROWD - 1;
  });
  opened.resolve();
  await Promise.all(clients.map(async (client) => {
    await client.rest();
    client.close();
  }));
  assertEquals(order, Array.from({ length: CROWD }, (_, i) => i));
  assertEquals(service.peak, 1);
  poolgate.signal("SIGTERM");
  assertEquals(await poolgate.exit(), 0);
});
