/** `--admin` where the environment tells Deno to serve HTTP elsewhere. Imports nothing from lib/. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { Conversation } from "../support/program.ts";
import { ADMIN_SERVED, Directory, testWith } from "../support/servers.ts";
import { Client, freePort } from "../support/sockets.ts";

/** Values of `DENO_SERVE_ADDRESS` that Deno follows, given a free port and a path. */
const VALUES: ((port: number, path: string) => string)[] = [
  (port) => `tcp:127.0.0.2:${port}`,
  (_, path) => `unix:${path}`,
  (port) => `duplicate,tcp:127.0.0.2:${port}`,
  (_, path) => `duplicate,unix:${path}`,
];

/** Whether anyone listens at a port of 127.0.0.2. */
async function isServed(port: number): Promise<boolean> {
  const socket = await Deno.connect({ hostname: "127.0.0.2", port }).catch(() => undefined);
  socket?.close();
  return socket !== undefined;
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

for (const value of VALUES) {
  const name = value(1, "/path");

  testWith(
    [ADMIN_SERVED],
    `DENO_SERVE_ADDRESS=${name}: --admin is served where it says, and nowhere else`,
    async () => {
      await using directory = await Directory.make();
      const [elsewhere, asked] = [`${directory.path}/elsewhere`, `${directory.path}/asked`];
      const port = freePort();
      const env = { DENO_SERVE_ADDRESS: value(port, elsewhere) };
      for (const admin of ["127.0.0.1:0", `unix:${asked}`]) {
        const args = ["--admin", admin];
        const [program, address] = await Conversation.noting(/admin at (\S+)\n/, args, env);
        const socket = admin === `unix:${asked}`
          ? new Client(await Deno.connect({ transport: "unix", path: asked }))
          : await Client.to(address.replace(/http:|\//g, ""));
        await socket.say("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
        assertStringIncludes(await socket.line() ?? "", " 200 ");
        socket.close();
        assertEquals([await isServed(port), await isThere(elsewhere)], [false, false]);
        assertEquals(await program.end(), 0);
      }
    },
  );
}
