/** poolgate and the client of MySQL, or MariaDB. Imports nothing from lib/. */

import { assertEquals, assertMatch } from "@std/assert";
import { Gate, run, testWith } from "../support/servers.ts";

const REFUSALS: [string, string[], RegExp][] = [
  ["without TLS", ["--skip-ssl"], /^ERROR 1040 \(.*\): Too many connections$/m],
  // MariaDB's client wants to be sure of the server by then, and passes on with reserve what it hears before.
  ["as it comes", [], /^ERROR (1040|2002) \(.*\): (.* 1040 - )?Too many connections$/m],
];

for (const [how, flags, words] of REFUSALS) {
  testWith(
    ["mysql"],
    `--reject-as mysql: mysql, ${how}, says that there are too many`,
    async () => {
      using upstream = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      await using gate = await Gate.open(
        ...["--upstream", `127.0.0.1:${upstream.addr.port}`, "--reject-as", "mysql"],
        ...["--max-connections", "1", "--backlog-size", "0"],
      );
      using _holder = await Deno.connect({ hostname: "127.0.0.1", port: gate.port });
      await gate.holds(1, 0);
      const client = ["--no-defaults", "--host=127.0.0.1", `--port=${gate.port}`, "--user=ann"];
      const { code, stdout, stderr } = await run("mysql", [...client, ...flags, "-e", "select 1"]);
      assertEquals([code, stdout], [1, ""]);
      assertMatch(stderr, words);
    },
  );
}
