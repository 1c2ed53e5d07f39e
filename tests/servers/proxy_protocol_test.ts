/** poolgate before servers that take the header of the PROXY protocol. Imports nothing from lib/. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  type ProxyReceiver,
  startHaproxy,
  startMariadb,
  startNginx,
  startPostfix,
} from "../support/proxy_receivers.ts";
import { Gate, IPV6, ROOT, testWith } from "../support/servers.ts";
import { until } from "../support/sockets.ts";

interface Receiver {
  needs: string[];
  start: () => Promise<ProxyReceiver>;
  /** Whom it says that it serves where the client has come over a Unix socket. */
  unix: { v1: RegExp; v2: RegExp };
}

/** The gate: who has no address is the one that has connected. */
const GATE = /^127\.0\.0\.1 \d+$/;

/** What Postfix says to `PROXY UNKNOWN`. */
const REFUSED = /^421 .*Server local error/;

const RECEIVERS: Readonly<Record<string, Receiver>> = {
  nginx: { needs: ["nginx", "curl"], start: startNginx, unix: { v1: /^ $/, v2: /^ $/ } },
  HAProxy: { needs: ["haproxy", "curl"], start: startHaproxy, unix: { v1: GATE, v2: GATE } },
  MariaDB: {
    needs: ["mariadbd", "mariadb-install-db", "mysql"],
    start: startMariadb,
    unix: { v1: GATE, v2: GATE },
  },
  Postfix: {
    needs: ["postfix", ROOT],
    start: startPostfix,
    unix: { v1: REFUSED, v2: GATE },
  },
};

/** The name that the gate has for its first client, as a receiver would tell it. */
async function firstClient(gate: Gate): Promise<string> {
  const name = () => /^poolgate: \[?(\S+?)\]?:(\d+): connected$/m.exec(gate.notes);
  await until("the gate has noted a client", () => name() !== null);
  return name()?.slice(1).join(" ") ?? "";
}

function openGate({ port }: ProxyReceiver, version: string, ...args: string[]): Promise<Gate> {
  const upstream = ["--upstream", `127.0.0.1:${port}`];
  return Gate.open(...upstream, "--proxy-protocol", version, "--log-connections", ...args);
}

for (const [name, { needs, start, unix }] of Object.entries(RECEIVERS)) {
  for (const version of ["v1", "v2"] as const) {
    const takes = unix[version] === REFUSED ? "refuses" : "serves";
    testWith(
      needs,
      `--proxy-protocol ${version}: ${name} knows a client over TCP, and ${takes} one over a Unix socket`,
      async () => {
        await using receiver = await start();
        const listen = ["--listen", `unix:${receiver.directory}/gate.sock`];
        await using overTcp = await openGate(receiver, version);
        await using overUnix = await openGate(receiver, version, ...listen);
        assertEquals(await receiver.ask(overTcp.address), await firstClient(overTcp));
        assertMatch(await receiver.ask(overUnix.address), unix[version]);
      },
    );
  }
}

for (const version of ["v1", "v2"]) {
  testWith(
    ["nginx", "curl", IPV6],
    `--proxy-protocol ${version}: nginx knows a client over IPv6`,
    async () => {
      await using nginx = await startNginx();
      await using gate = await openGate(nginx, version, "--listen", "[::1]:0");
      const told = await nginx.ask(gate.address);
      assertEquals(told, await firstClient(gate));
      assertMatch(told, /^::1 \d+$/);
    },
  );
}
