import { assertEquals, assertStringIncludes } from "@std/assert";
import { complaint, options, type Values } from "../support/command_line.ts";

const refused: [Values, string][] = [
  [
    { admin: "9090" },
    '--admin is "9090", it must be HOST:PORT, [V6]:PORT, :PORT (every interface)',
  ],
  [{ "admin-token": "s3cret" }, "--admin-token is ***, it needs --admin"],
  [{ admin: ":0", "admin-token": "" }, "--admin-token is ***, it must be 1 to 256 letters"],
  [{ admin: ":0", "admin-token": "two words" }, "--admin-token is ***, it must be 1 to 256"],
  [{ admin: ":0", "admin-token": "x".repeat(257) }, "--admin-token is ***, it must be 1 to 256"],
];

for (const [values, text] of refused) {
  Deno.test(`readAdminOptions: refuses ${JSON.stringify(values)}, and prints no token`, () => {
    assertStringIncludes(complaint(values), text);
  });
}

Deno.test("readAdminOptions: without a token nothing may be changed, and stdin is enough of a way in", () => {
  const { admin, gate } = options({ admin: "unix:/run/admin" });
  assertEquals(admin, { listen: { transport: "unix", path: "/run/admin" }, token: undefined });
  assertEquals(gate, undefined);
});
