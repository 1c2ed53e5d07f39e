import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { httpServer } from "../../lib/io/http_server.ts";
import { AddressError } from "../../lib/io/network.ts";
import { freePort } from "../support/sockets.ts";
import { ANY_PORT } from "../support/test_gate.ts";

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

/**
 * Evaluates something in another Deno, in which nothing has been served yet.
 *
 * @param address What that is told by `DENO_SERVE_ADDRESS`.
 */
async function inAnother(address: string, code: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import * as http from "${import.meta.resolve("../../lib/io/http_server.ts")}";${code}`,
    ],
    env: { DENO_SERVE_ADDRESS: address },
  }).output();
  return new TextDecoder().decode(stdout);
}

for (
  const serve of [
    `serveAt({ hostname: "127.0.0.1", port: 0 }`,
    `serveAt({ hostname: "localhost", port: 0 }`,
    `serveAtPath("/nowhere/to/be/found"`,
  ]
) {
  Deno.test(`${serve}): answers nobody where Deno has moved it`, async () => {
    const there = `127.0.0.2:${freePort()}`;
    const heard = await inAnother(
      `tcp:${there}`,
      `
      let asked = 0;
      const answer = () => new Response(String(++asked));
      try {
        http.${serve}, answer, answer);
      } catch ({ message }) {
        await fetch("http://${there}/").catch(() => {});
        console.log(message, asked);
      }
      Deno.exit();`,
    );
    assertMatch(heard, /^the variable DENO_SERVE_ADDRESS .* 0\n$/);
  });
}
