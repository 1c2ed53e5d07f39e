import { assertEquals, assertStringIncludes } from "@std/assert";
import { complaint, options, type Values } from "../support/command_line.ts";

const refused: [Values, string][] = [
  [
    { admin: "9090" },
    '--admin is "9090", it must be HOST:PORT, [V6]:PORT, :PORT (every interface)',
  ],
  [{ "admin-token": "s3cret" }, "--admin-token is ***, it needs --admin"],
  [{ "admin-reuse-port": "" }, '--admin-reuse-port is "", it needs --admin'],
  [
    { admin: ":0", "admin-reuse-port": "yes" },
    '--admin-reuse-port is "yes", it must be true, false',
  ],
  [{ admin: ":0", "admin-token": "" }, "--admin-token is ***, it must be 1 to 256 letters"],
  [{ admin: ":0", "admin-token": "two words" }, "--admin-token is ***, it must be 1 to 256"],
  [{ admin: ":0", "admin-token": "x".repeat(257) }, "--admin-token is ***, it must be 1 to 256"],
];

const badHosts = ["", "a,,b", "a:80", "a b", "http://a", "user@a", "[::1]:80"];

for (const names of badHosts) {
  Deno.test(`readAdminOptions: --admin-host ${JSON.stringify(names)} is refused`, () => {
    assertStringIncludes(
      complaint({ admin: ":0", "admin-host": names }),
      `--admin-host is ${JSON.stringify(names)}, it must be names without a port`,
    );
  });
}

Deno.test("readAdminOptions: names are served in the one spelling of a URL, from the environment, too", () => {
  const hosts = options({ admin: ":0", "admin-host": "Pool.Example, b\u00fccher.example." }).admin
    ?.hosts;
  assertEquals(hosts, new Set(["pool.example", "xn--bcher-kva.example"]));
  assertEquals(options({ admin: ":0" }).admin?.hosts, new Set());
  const env = { POOLGATE_ADMIN: "unix:/run/admin", POOLGATE_ADMIN_HOST: "a,b" };
  assertEquals(options({}, env).admin?.hosts, new Set(["a", "b"]));
});

Deno.test("readAdminOptions: a name needs --admin, unless it is there for another poolgate", () => {
  assertStringIncludes(complaint({ "admin-host": "a" }), '--admin-host is "a", it needs --admin');
  assertEquals(options({}, { POOLGATE_ADMIN_HOST: "a" }).admin, undefined);
});

for (const [values, text] of refused) {
  Deno.test(`readAdminOptions: refuses ${JSON.stringify(values)}, and prints no token`, () => {
    assertStringIncludes(complaint(values), text);
  });
}

Deno.test("readAdminOptions: without a token nothing may be changed, and stdin is enough of a way in", () => {
  const { admin, gate } = options({ admin: "unix:/run/admin" });
  assertEquals(admin, {
    listen: { transport: "unix", path: "/run/admin" },
    reusePort: false,
    token: undefined,
    hosts: undefined,
  });
  assertEquals(gate, undefined);
});
