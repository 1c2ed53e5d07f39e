import { assert, assertEquals } from "@std/assert";
import { patienceAdvice } from "../../lib/gate/patience_advice.ts";
import { loadProtocols } from "../../lib/gate/load_protocols.ts";
import { SERVICE_NAMES, type ServiceName } from "../../lib/gate/services/services.ts";
import { echo, Service } from "../support/service.ts";
import { tableOf } from "../support/readmes.ts";
import { TestGate } from "../support/test_gate.ts";

const BUT = "but some clients wait for less:";
const UNLESS = "unless it is set otherwise";
const MARIADB = `${BUT} createConnection of mariadb (npm) gives up after 1s ${UNLESS}`;

const cases: [ServiceName, number, string | undefined][] = [
  ["postgres", 5000, undefined],
  [
    "postgres",
    5001,
    `--queue-timeout is 5s1ms, ${BUT} pgjdbc (Java) gives up after 5s ${UNLESS}`,
  ],
  ["mysql", 1000, undefined],
  ["mysql", 120_000, `--queue-timeout is 2m, ${MARIADB}`],
  ["mysql", 0, `--queue-timeout is no limit, ${MARIADB}`],
  ["http", 60_000, undefined],
  [
    "http",
    120_000,
    `--queue-timeout is 2m, ${BUT} file_get_contents (PHP) gives up after 1m ${UNLESS}`,
  ],
  [
    "redis",
    0,
    `--queue-timeout is no limit, ${BUT} go-redis (Go) gives up after 3s ${UNLESS}`,
  ],
  ["smtp", 120_000, `--queue-timeout is 2m, ${BUT} swaks gives up after 1m ${UNLESS}`],
  ["ldap", 0, undefined],
];

for (const [service, queueTimeoutMs, advice] of cases) {
  Deno.test(`patienceAdvice: for ${service}, with a queue timeout of ${queueTimeoutMs} ms`, async () => {
    for (const rejectAs of ["close", service] as const) {
      const protocols = await loadProtocols({ service, rejectAs });
      assertEquals(patienceAdvice(protocols, queueTimeoutMs), advice);
    }
    const told = await loadProtocols({ service: undefined, rejectAs: service });
    assertEquals(patienceAdvice(told, queueTimeoutMs), advice);
  });
}

Deno.test("patienceAdvice: a gate of which nothing is known has none", () => {
  assertEquals(patienceAdvice({ service: undefined, rejection: undefined }, 0), undefined);
});

Deno.test("Gate.run: says it once, behind where it listens", async () => {
  await using upstream = new Service(echo);
  await using gate = await TestGate.open({ upstream: upstream.address, service: "mysql" });
  assertEquals(gate.notes.slice(1), [`info: --queue-timeout is no limit, ${MARIADB}`]);
});

/** What looks whether a server is there, and does not wait for a place. */
const PROBES = ["pg_isready"];

for (const name of SERVICE_NAMES) {
  Deno.test(`Service.patience: for ${name}, it is that of the least patient client of the table`, async () => {
    const { service } = await loadProtocols({ service: name, rejectAs: "close" });
    const waits = tableOf("lib/gate/services/README.md", "service")
      .filter(([of, client = ""]) => of === `\`${name}\`` && !PROBES.includes(client))
      .map(([, client, , , waits = "", , , test]) => ({
        client: test?.includes("npm_test.ts") ? `${client} (npm)` : client,
        ms: waits === "more than 60 s" ? Infinity : 1000 * Number(/^([\d.]+) s$/.exec(waits)?.[1]),
      }));
    const ms = Math.min(...waits.map(({ ms }) => ms));
    if (ms === Infinity) return assertEquals(service?.patience, undefined);
    const least = waits.filter((each) => each.ms === ms).map(({ client }) => client);
    assertEquals(service?.patience?.ms, ms);
    const client = service?.patience?.client ?? "none";
    assert(least.includes(client), `${client} is none of ${least.join(", ")}`);
  });
}
