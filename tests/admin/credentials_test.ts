import { assertEquals } from "@std/assert";
import { permits } from "../../lib/admin/credentials.ts";

const cases: [string | null, boolean][] = [
  ["Bearer s3cret", true],
  ["bearer s3cret", true],
  ["Bearer  s3cret", true],
  [null, false],
  ["", false],
  ["Bearer", false],
  ["Bearer ", false],
  ["s3cret", false],
  ["Basic s3cret", false],
  ["Basic Bearer s3cret", false],
  ["Bearer s3cre", false],
  ["Bearer s3crets", false],
  ["Bearer S3CRET", false],
  ["Bearer s3cret s3cret", false],
  ["Bearer \u{1f511}", false],
];

for (const [authorization, expected] of cases) {
  Deno.test(`permits: Authorization ${JSON.stringify(authorization)} is ${expected ? "" : "not "}enough`, () => {
    assertEquals(permits("s3cret", authorization), expected);
  });
}
