import { assertEquals, assertRejects } from "@std/assert";
import { httpServer } from "../lib/http_server.ts";
import { AddressError } from "../lib/network.ts";
import { ANY_PORT } from "./test_gate.ts";

Deno.test("httpServer: an answer that rejects is a 500, and told to no one but the program", async () => {
  const failures: unknown[] = [];
  const server = await httpServer(ANY_PORT)(
    () => Promise.reject("why"),
    (error) => failures.push(error),
  );
  const response = await fetch(`http://${server.address}/`);
  assertEquals([response.status, await response.text(), failures], [500, "", ["why"]]);
  await server.close();
});

Deno.test("httpServer: an address that is taken is an AddressError", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = taken.addr;
  const serve = httpServer({ transport: "tcp", hostname, port });
  await assertRejects(() => serve(() => Promise.reject(), () => {}), AddressError);
});
