import { assertEquals } from "@std/assert";
import { patienceAdvice } from "../../lib/gate/patience_advice.ts";
import { loadProtocols } from "../../lib/gate/load_protocols.ts";
import type { ServiceName } from "../../lib/gate/services/services.ts";
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
  ["http", 120_000, undefined],
  [
    "http",
    0,
    `--queue-timeout is no limit, ${BUT} undici of Node.js gives up after 5m ${UNLESS}`,
  ],
  [
    "redis",
    0,
    `--queue-timeout is no limit, ${BUT} redis (Ruby) gives up after 5s ${UNLESS}`,
  ],
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

Deno.test("Service.patience: is that of the least patient client of the table of clients, where that is told", async () => {
  const inTable = ["postgres", "mysql", "redis", "memcached", "grpc"] as const;
  for (const name of inTable) {
    const { service } = await loadProtocols({ service: name, rejectAs: "close" });
    const waits = tableOf("lib/gate/services/README.md", "service")
      .filter(([of, client]) => of === `\`${name}\`` && client !== "pg_isready")
      .map((row) => 1000 * Number(/^([\d.]+) s$/.exec(row[4] ?? "")?.[1] ?? Infinity));
    assertEquals(service?.patience?.ms, Math.min(...waits), name);
  }
});
