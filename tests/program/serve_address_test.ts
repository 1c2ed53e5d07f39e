/** `--admin` where the environment tells Deno to serve HTTP elsewhere. Imports nothing from lib/. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { BINARY, run } from "../support/program.ts";
import { Directory } from "../support/servers.ts";
import { freePort } from "../support/sockets.ts";

const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write"];
const READABLE = [...PERMISSIONS, "--allow-env=DENO_SERVE_ADDRESS"];

/**
 * Values of `DENO_SERVE_ADDRESS` that Deno follows, given a free port, that of `--admin` and a
 * path.
 */
const VALUES: ((port: number, adminPort: number, path: string) => string)[] = [
  (port) => `tcp:127.0.0.2:${port}`,
  (port) => `tcp:127.0.0.1:${port}`,
  (_, adminPort) => `tcp:0.0.0.0:${adminPort}`,
  (_port, _adminPort, path) => `unix:${path}`,
  (port) => `vsock:1:${port}`,
  (port) => `duplicate,tcp:127.0.0.2:${port}`,
  (_port, _adminPort, path) => `duplicate,unix:${path}`,
];

/** Ways to name where operators are to be served, given a port and a path. */
const ADDRESSES: ((port: number, path: string) => string)[] = [
  (port) => `127.0.0.1:${port}`,
  (port) => `localhost:${port}`,
  (port) => `:${port}`,
  () => "127.0.0.1:0",
  (_, path) => `unix:${path}`,
];

async function isThere(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

for (const value of VALUES) {
  const name = value(1, 2, "/path");

  Deno.test(`DENO_SERVE_ADDRESS=${name}: --admin is exit 2, and opens nothing there`, async () => {
    await using directory = await Directory.make();
    const [elsewhere, asked] = [`${directory.path}/elsewhere`, `${directory.path}/asked`];
    for (const address of ADDRESSES) {
      const [port, adminPort] = [freePort(), freePort()];
      const admin = address(adminPort, asked);
      const env = { DENO_SERVE_ADDRESS: value(port, adminPort, elsewhere) };
      const args = ["--admin", admin];
      const { code, stdout, stderr } = await run("", { args, env, permissions: PERMISSIONS });
      assertEquals([code, stdout], [2, ""], `${admin}: ${stderr}`);
      assertMatch(
        stderr,
        /^poolgate: [^\n]* \(--admin\) is not possible: [^\n]* DENO_SERVE_ADDRESS [^\n]*\n$/,
      );
      assertStringIncludes(stderr, `listening at ${admin} `);
      assertEquals([await isThere(elsewhere), await isThere(asked)], [false, false]);
    }
  });
}

const SOURCE_ONLY = BINARY === undefined ? "" : " (skipped: an executable may not read it)";

for (const value of ["tcp:127.0.0.2:7000", "duplicate,tcp:127.0.0.2:7000", "nonsense"]) {
  Deno.test({
    name: `DENO_SERVE_ADDRESS=${value}: where it may be read, it is named${SOURCE_ONLY}`,
    ignore: SOURCE_ONLY !== "",
    fn: async () => {
      const options = { env: { DENO_SERVE_ADDRESS: value }, permissions: READABLE };
      const args = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
      const { code, stderr } = await run("", { args, ...options });
      assertEquals(code, 2);
      assertMatch(stderr, /^poolgate: DENO_SERVE_ADDRESS is [^\n]*--admin[^\n]*\n$/);
      assertStringIncludes(stderr, JSON.stringify(value));
    },
  });
}

Deno.test("DENO_SERVE_ADDRESS: empty, or without --admin, it changes nothing", async () => {
  const value = `tcp:127.0.0.2:${freePort()}`;
  for (const permissions of [PERMISSIONS, READABLE]) {
    const without = await run("", { args: [], env: { DENO_SERVE_ADDRESS: value }, permissions });
    assertEquals(without, { code: 0, stdout: "", stderr: "" });
    const args = ["--admin", "127.0.0.1:0"];
    const empty = await run("", { args, env: { DENO_SERVE_ADDRESS: "" }, permissions });
    assertEquals(empty.code, 0);
    assertStringIncludes(empty.stderr, "poolgate: admin at http://127.0.0.1:");
  }
});
