/** `--admin` as its users have it: the whole program, its listener and its end. Imports nothing from lib/. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Conversation, run } from "../support/program.ts";
import { ADMIN_SERVED, Directory, Gate, testWith } from "../support/servers.ts";
import { echo, Service } from "../support/service.ts";
import { Client, freePort, until } from "../support/sockets.ts";

const TOKEN = "s3cret";
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env=POOLGATE_*"];
const ADMIN = ["--admin", "127.0.0.1:0"];

function connect(client_id: string): string {
  const body = { type: "pool_connect", client_id };
  return `${JSON.stringify({ src: "c1", dest: "n1", body })}\n`;
}

function testAdmin(name: string, fn: () => Promise<void>): void {
  testWith([ADMIN_SERVED], name, fn);
}

async function get(url: string): Promise<[number, string]> {
  const response = await fetch(url);
  return [response.status, await response.text()];
}

Deno.test("--admin: without it nothing more is listened at, and nothing noted", async () => {
  await using gate = await Gate.open();
  assertMatch(gate.notes, /^poolgate: listening at [^\n]+\n$/);
});

testAdmin(
  "--admin: serves the page, its files, metrics and statistics beside connections",
  async () => {
    await using gate = await Gate.open(...ADMIN);
    const [status, html] = await get(`${gate.admin}/`);
    assertEquals(status, 200);
    const files = [...html.matchAll(/(?:src|href)="([^":]+\.(?:js|css))"/g)].map(([, file]) =>
      file
    );
    assertEquals(files.length >= 4, true, `${files}`);
    for (const file of files) assertEquals((await get(`${gate.admin}/${file}`))[0], 200, file);
    assertEquals((await get(`${gate.admin}/metrics`))[0], 200);
    assertEquals((await get(`${gate.admin}/healthz`))[0], 200);
    const stats = JSON.parse((await get(`${gate.admin}/api/stats`))[1]);
    assertEquals([stats.listen, stats.changes], [gate.address, false]);
  },
);

testAdmin(
  "--admin: without --listen, tells of the clients of stdin, until stdin ends",
  async () => {
    const poolgate = await Conversation.noting(/admin at (http:\S+)\//, [
      ...["--max-connections", "1", ...ADMIN],
    ]);
    const [program, admin] = poolgate;
    await program.say(connect("ann") + connect("bob"));
    await program.hear();
    const { clients } = JSON.parse((await get(`${admin}/api/clients`))[1]);
    assertEquals(
      clients.map(({ id, state, sent_bytes }: Record<string, unknown>) => [id, state, sent_bytes]),
      [["ann", "active", null], ["bob", "queued", null]],
    );
    assertEquals(JSON.parse((await get(`${admin}/api/stats`))[1]).listen, null);
    assertEquals(await program.end(), 0);
  },
);

testAdmin(
  "--admin: a change of the limits promotes a client of stdin, and that is told and noted",
  async () => {
    const [program, admin] = await Conversation.noting(/admin at (http:\S+)\//, [
      ...["--max-connections", "0", ...ADMIN, "--admin-token", TOKEN],
    ]);
    await program.say(connect("ann").replace('"ann"', '"ann","notify":true'));
    assertStringIncludes(await program.hear(), '"queued"');
    const response = await fetch(`${admin}/api/config`, {
      method: "PUT",
      headers: { authorization: `Bearer ${TOKEN}` },
      body: '{"max_connections": 1, "backlog_size": 0}',
    });
    assertEquals((await response.json()).promoted, 1);
    assertStringIncludes(await program.hear(), '"pool_promoted", "client_id": "ann"');
    assertStringIncludes(await program.note(), "limits changed: max_connections 0 -> 1");
    assertEquals(await program.end(), 0);
  },
);

testAdmin(
  "--admin: a pause holds back clients of stdin, and is noted when it begins and ends",
  async () => {
    const [program, admin] = await Conversation.noting(/admin at (http:\S+)\//, [
      ...[...ADMIN, "--admin-token", TOKEN],
    ]);
    const put = async (what: string) => {
      const headers = { authorization: `Bearer ${TOKEN}` };
      const response = await fetch(`${admin}/api/${what}`, { method: "PUT", headers });
      return await response.json();
    };
    assertEquals(await put("pause"), { paused: true, active: 0, queued: 0 });
    assertEquals(await program.note(), "poolgate: paused by an operator: nobody is let in\n");
    await program.say(connect("ann").replace('"ann"', '"ann","notify":true'));
    assertStringIncludes(await program.hear(), '"queued"');
    await put("pause");
    assertEquals(await put("resume"), { paused: false, active: 1, queued: 0, promoted: 1 });
    assertStringIncludes(await program.hear(), '"pool_promoted", "client_id": "ann"');
    assertEquals(await program.note(), "poolgate: resumed by an operator\n");
    assertEquals(await program.end(), 0);
  },
);

Deno.test("--admin: an address that is taken is one line and exit 2, also beside --listen", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${taken.addr.port}`;
  for (const listen of [[], ["--listen", "127.0.0.1:0"]]) {
    const args = [...listen, "--admin", address];
    const { code, stderr } = await run("", { args, permissions: PERMISSIONS });
    assertEquals(code, 2);
    assertMatch(
      stderr,
      new RegExp(`^poolgate: listening at ${address} \\(--admin\\) is not possible: .*\n$`),
    );
  }
});

testAdmin(
  "--admin unix: serves at a socket, also at one that a killed poolgate has left behind",
  async () => {
    await using directory = await Directory.make();
    const path = `${directory.path}/admin`;
    for (let start = 0; start < 2; start++) {
      await using gate = await Gate.open("--admin", `unix:${path}`);
      assertStringIncludes(gate.notes, `admin at unix:${path}\n`);
      using socket = await Deno.connect({ transport: "unix", path });
      const client = new Client(socket);
      await client.say("GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
      assertMatch(await client.rest(), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok\n$/);
    }
  },
);

testAdmin(
  "POOLGATE_ADMIN_TOKEN: permits changes, and is none of the business of others",
  async () => {
    const port = freePort();
    const env = { POOLGATE_ADMIN_TOKEN: TOKEN };
    const [program, admin] = await Conversation.noting(
      /admin at (http:\S+)\//,
      ["--admin", `127.0.0.1:${port}`],
      env,
    );
    const headers = { authorization: `Bearer ${TOKEN}` };
    const permission = await fetch(`${admin}/api/permission`, { headers });
    assertEquals(permission.status, 204);
    assertEquals(await program.end(), 0);
    const { code, stderr } = await run("", { args: [], env, permissions: PERMISSIONS });
    assertEquals([code, stderr], [0, ""]);
  },
);

for (const token of ["--S3cret", "-S3cret"]) {
  Deno.test(`--admin-token ${token}: is a token, and stands in no complaint`, async () => {
    const { code, stderr } = await run("", { args: ["--admin-token", token] });
    assertEquals([code, stderr.includes("S3cret")], [2, false]);
    const args = ["--admin-tokn=S3cret", "--admin", "127.0.0.1:0"];
    const misspelt = await run("", { args });
    assertEquals([misspelt.code, misspelt.stderr.includes("S3cret")], [2, false]);
  });
}

/** Sends bytes as they are, and returns the status of the answer. */
async function statusOf(admin: string, request: string): Promise<string> {
  const client = await Client.to(admin.replace("http://", ""));
  await client.say(request);
  const answer = await client.line();
  client.close();
  return answer?.split(" ")[1] ?? "none";
}

testAdmin("--admin: a request that makes no sense is answered, and noted by nobody", async () => {
  await using gate = await Gate.open(...ADMIN, "--admin-token", TOKEN);
  const hosts = ["a b", "[[[", "%", "a:b:c", "x:99999", "x?", "a/b", "x#", "user@x", ""];
  for (const host of hosts) {
    const status = await statusOf(gate.admin, `GET /healthz HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    assertEquals(["400", host === "" ? "200" : "400"].includes(status), true, `${host}: ${status}`);
  }
  const target = "GET http://[[/healthz HTTP/1.1\r\nhost: x\r\n\r\n";
  assertEquals(await statusOf(gate.admin, target), "400");
  const put = "PUT /api/config HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n" +
    `authorization: Bearer ${TOKEN}\r\n\r\n{"max_connections"`;
  for (let times = 0; times < 20; times++) {
    const client = await Client.to(gate.admin.replace("http://", ""));
    await client.say(put);
    await client.socket.closeWrite();
    await client.rest();
    client.close();
  }
  assertEquals((await get(`${gate.admin}/healthz`))[0], 200);
  assertMatch(gate.notes, /^poolgate: admin at \S+\npoolgate: listening at [^\n]+\n$/);
});

testAdmin(
  "SIGTERM: /readyz is 503 until the last connection has ended, and a viewer holds nothing up",
  async () => {
    const [program, address, notes] = await Conversation.listening([...ADMIN]);
    const admin = /admin at (http:\S+)\//.exec(notes)?.[1];
    const client = await Client.to(address);
    await client.line();
    const events = await fetch(`${admin}/api/events`);
    program.signal("SIGTERM");
    await until("it drains", async () => (await get(`${admin}/readyz`))[0] === 503);
    assertMatch(
      (await get(`${admin}/readyz`))[1],
      /^draining: poolgate takes no new clients, and ends in \d+ s at most\n$/,
    );
    assertEquals((await get(`${admin}/healthz`))[0], 200);
    client.close();
    assertEquals(await program.exit(), 0);
    await events.body?.cancel();
  },
);

testAdmin("--admin-host: is served, over a Unix socket any name where there is none", async () => {
  const request = (host: string) => `GET /healthz HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
  await using gate = await Gate.open(...ADMIN, "--admin-host", "a.example", "--admin-host", "b,c");
  const statuses = ["a.example", "b", "c:80", "d", "localhost"].map((host) =>
    statusOf(gate.admin, request(host))
  );
  assertEquals(await Promise.all(statuses), ["200", "200", "200", "421", "200"]);
  await using directory = await Directory.make();
  for (const names of [[], ["--admin-host", "a.example"]]) {
    const path = `${directory.path}/${names.length}`;
    await using gate = await Gate.open("--admin", `unix:${path}`, ...names);
    assertStringIncludes(gate.notes, "admin at");
    using socket = await Deno.connect({ transport: "unix", path });
    const client = new Client(socket);
    await client.say(request("d"));
    assertStringIncludes(await client.line() ?? "", names.length === 0 ? " 200 " : " 421 ");
  }
});

/** How many half requests are open while others work. */
const HALF_REQUESTS = 300;

testAdmin(
  "--admin: a scraper and the page work while half requests are open, which take few descriptors",
  async () => {
    await using gate = await Gate.open(...ADMIN);
    const events = await fetch(`${gate.admin}/api/events`);
    const reader = events.body!.getReader();
    await reader.read();
    const halves: Client[] = [];
    const open = async () => {
      const client = await Client.to(gate.admin.replace("http://", ""));
      halves.push(client);
      await client.say("GET /metrics HTTP/1.1\r\nhost: ");
    };
    for (let count = 0; count < HALF_REQUESTS; count++) {
      await open();
      if (count % 50 === 0) assertEquals((await get(`${gate.admin}/metrics`))[0], 200);
    }
    for (let scrapes = 0; scrapes < 20; scrapes++) {
      assertEquals((await get(`${gate.admin}/metrics`))[0], 200);
      await open();
    }
    assertEquals((await get(`${gate.admin}/`))[0], 200);
    const client = await Client.to(gate.address);
    assertStringIncludes(await client.line() ?? "", '"connected"');
    client.close();
    for (let seconds = 0; seconds < 2; seconds++) {
      const { done } = await reader.read();
      assertEquals(done, false);
    }
    await until("most of them have given way", async () => await descriptors(gate.pid) < 200);
    await reader.cancel();
    for (const half of halves) half.close();
  },
);

/** How many file descriptors a process has. */
async function descriptors(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("ls", { args: [`/proc/${pid}/fd`] }).output();
  return new TextDecoder().decode(stdout).split("\n").length - 1;
}

testAdmin(
  "--admin: out of file descriptors, says so once, ends nothing, and serves again when it can",
  async () => {
    const script = `ulimit -n 100; exec "$@"`;
    const args = ["--listen", "127.0.0.1:0", "--max-connections", "1000", ...ADMIN];
    const program = Conversation.inShell(script, { args, permissions: PERMISSIONS });
    let notes = "";
    const noted = async (what: RegExp) => {
      while (!what.test(notes)) {
        const note = await program.note();
        if (note === "") throw new Error(`it ended: ${notes}`);
        notes += note;
      }
      return what.exec(notes)?.[1] ?? "";
    };
    const address = await noted(/listening at (\S+) [^\n]*\n/);
    const admin = await noted(/admin at (http:\S+)\//);
    const clients: Client[] = [];
    for (let count = 0; count < 150; count++) clients.push(await Client.to(address));
    await noted(/accepting connections fails/);
    const scrape = () => fetch(`${admin}/metrics`, { signal: AbortSignal.timeout(300) });
    await scrape().then((response) => response.body?.cancel()).catch(() => {});
    await noted(/serving operators fails: [^\n]*Too many open files/);
    await scrape().then((response) => response.body?.cancel()).catch(() => {});
    for (const client of clients) client.close();
    await until("it can be scraped", async () => {
      const response = await scrape().catch(() => undefined);
      await response?.body?.cancel();
      return response?.status === 200;
    });
    await noted(/serving operators again/);
    assertEquals(notes.match(/serving operators fails/g)?.length, 1, notes);
    const last = await Client.to(address);
    assertStringIncludes(await last.line() ?? "", '"connected"');
    last.close();
    program.signal("SIGTERM");
    assertEquals(await program.exit(), 0);
  },
);

testAdmin("--admin: after a storm, the metrics, the statistics and the pool agree", async () => {
  await using service = new Service(echo);
  const { hostname, port } = service.address;
  const limits = ["--max-connections", "4", "--backlog-size", "6", "--queue-timeout", "1s"];
  await using gate = await Gate.open("--upstream", `${hostname}:${port}`, ...limits, ...ADMIN);
  const scraping = { over: false, scrapes: 0 };
  const scraper = (async () => {
    while (!scraping.over) {
      assertEquals((await get(`${gate.admin}/metrics`))[0], 200);
      scraping.scrapes++;
    }
  })();
  let bytes = 0;
  await Promise.all(Array.from({ length: 16 }, async (_, worker) => {
    for (let turn = 0; turn < 40; turn++) {
      const client = await Client.to(gate.address);
      const text = "x".repeat(1 + (worker * 40 + turn) % 50);
      await client.say(text).catch(() => {});
      await client.socket.closeWrite().catch(() => {});
      const answer = await client.rest();
      if (answer !== "") bytes += text.length;
      client.close();
    }
  }));
  scraping.over = true;
  await scraper;
  await gate.holds(0, 0);
  const [pool, stats, [, metrics]] = await Promise.all([
    gate.stats(),
    fetch(`${gate.admin}/api/stats`).then((response) => response.json()),
    get(`${gate.admin}/metrics`),
  ]);
  const value = (series: string) =>
    Number(
      metrics.split("\n").find((line) => line.startsWith(`poolgate_${series} `))?.split(" ")[1],
    );
  const { totals } = stats;
  const arrived = pool.connected_total + pool.queued_total + pool.rejected_total;
  assertEquals(arrived, 16 * 40);
  assertEquals(scraping.scrapes > 0, true);
  for (const result of ["connected", "queued", "rejected"] as const) {
    const total = pool[`${result}_total`];
    assertEquals(value(`connections_total{result="${result}"}`), total, result);
  }
  assertEquals([value("promoted_total"), totals.promoted], [
    pool.promoted_total,
    pool.promoted_total,
  ]);
  const waits = ["promoted", "timeout", "abandoned"].map((outcome) =>
    value(`queue_wait_seconds_count{outcome="${outcome}"}`)
  );
  assertEquals(waits.reduce((sum, count) => sum + count), pool.queued_total);
  assertEquals(
    value("connection_duration_seconds_count"),
    pool.connected_total + pool.promoted_total,
  );
  assertEquals(totals.received_bytes, bytes);
  assertEquals(totals.sent_bytes >= bytes, true);
});

/** When a client is asked to come back that finds the queue full, after places were held for a while. */
async function retryAfter(...flags: string[]): Promise<string | undefined> {
  const places = 5;
  await using service = new Service(echo);
  await using gate = await Gate.open(
    ...["--upstream", `127.0.0.1:${service.address.port}`, "--reject-as", "http"],
    ...["--max-connections", `${places}`, "--backlog-size", "0", ...flags],
  );
  const come = () => Promise.all(Array.from({ length: places }, () => Client.to(gate.address)));
  const first = await come();
  await until("they have places", () => service.open === places);
  // How long a place is held is what this is about.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  for (const client of first) client.close();
  await until("they have left", () => service.open === 0);
  await gate.holds(0, 0);
  const second = await come();
  await gate.holds(places, 0);
  const late = await Client.to(gate.address);
  await late.say("GET / HTTP/1.1\r\n\r\n");
  const answer = await late.rest();
  for (const client of [...second, late]) client.close();
  return /\r\nRetry-After: (\d+)\r\n/.exec(answer)?.[1];
}

testAdmin(
  "--admin: --reject-as http asks to come back when a place is expected to be free",
  async () => {
    assertEquals(await retryAfter(...ADMIN), "2");
    assertEquals(await retryAfter(), "5");
  },
);
