/** poolgate and the client of MySQL, or MariaDB. Imports nothing from lib/. */

import { assertEquals, assertMatch } from "@std/assert";
import { Gate, Mariadb, OWN_NETWORK, run, testWith } from "../support/servers.ts";
import { until } from "../support/sockets.ts";

const REFUSALS: [string, string[], RegExp][] = [
  [
    "without TLS",
    ["--skip-ssl"],
    /^ERROR 1040 \(.*\): Too many connections \(full: 1 is connected and nobody may wait\)$/m,
  ],
  // MariaDB's client wants to be sure of the server by then, and passes on with reserve what it hears before.
  [
    "as it comes",
    [],
    /^ERROR (1040|2002) \(.*\): (.* 1040 - )?Too many connections \(full: 1 is connected and nobody may wait\)$/m,
  ],
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

const MARIADB = ["mariadbd", "mariadb-install-db", "mariadb", "unshare", "hostname", OWN_NETWORK];

/** How many connections without a login a host may make until it is blocked. */
const MAX_ERRORS = 3;

testWith(
  MARIADB,
  "--service mysql: checks do not count as broken off, and a host that is blocked is told of",
  async () => {
    const host = await Mariadb.hostOf();
    if (host === undefined) throw new Error("this machine has no address but those of loopback");
    await using mariadb = await Mariadb.start(host, {
      "max-connect-errors": MAX_ERRORS,
      "performance-schema": "ON",
    });
    await mariadb.query("create user ann identified by 'secret'");
    const attempts = async () =>
      Number((await mariadb.query("show status like 'Connections'")).split("\t")[1]);
    await using gate = await Gate.open(
      ...["--upstream", `${host}:${mariadb.port}`, "--service", "mysql"],
      ...["--max-connections", "5", "--backlog-size", "5", "--check-interval", "10ms"],
    );
    await until("there have been many checks", async () => await attempts() > 20 * MAX_ERRORS);
    const login = [
      "--no-defaults",
      "--host=127.0.0.1",
      "--user=ann",
      "--password=secret",
      "--skip-ssl",
    ];
    const ask = () => run("mariadb", [...login, `--port=${gate.port}`, "-NBe", "select 'served'"]);
    assertEquals((await ask()).stdout, "served\n");
    assertEquals(gate.notes.includes("down"), false, gate.notes);
    // Clients that break off: a check of the gate's port alone, as a load balancer makes.
    for (let i = 0; i < 2 * MAX_ERRORS; i++) {
      (await Deno.connect({ hostname: "127.0.0.1", port: gate.port })).close();
    }
    await until(
      "it is down",
      () => gate.notes.includes("it takes no connection from this host (1129)"),
    );
    await mariadb.query("flush hosts");
    assertEquals((await ask()).stdout, "served\n");
  },
);
