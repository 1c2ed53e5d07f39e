/** poolgate in front of nginx, with clients of HTTP. Imports nothing from lib/. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Browser, CHROMIUM } from "../support/browser.ts";
import type { Ended } from "../support/program.ts";
import { ADMIN_SERVED, Gate, Nginx, run, start, testWith } from "../support/servers.ts";
import { readText } from "../support/modules.ts";
import { until } from "../support/sockets.ts";

const CURL = ["nginx", "curl"];
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

Deno.test.afterAll(Browser.quit);

function openGate(nginx: Nginx, ...args: string[]): Promise<Gate> {
  return Gate.open("--upstream", `127.0.0.1:${nginx.port}`, ...args);
}

function curl(...args: string[]): Promise<Ended> {
  return run("curl", ["--silent", "--show-error", "--noproxy", "*", ...args]);
}

function ok(stdout: string): Ended {
  return { code: 0, stdout, stderr: "" };
}

/** Makes a GiB in which each word says where it belongs, so that none can be missing, or in another's place. */
async function makeBig(path: string): Promise<void> {
  using file = await Deno.create(path);
  const words = new Uint32Array(MIB / 4);
  for (let next = 0; next < GIB / 4;) {
    for (let index = 0; index < words.length; index++) words[index] = next++;
    assertEquals(await file.write(new Uint8Array(words.buffer)), MIB);
  }
}

const BOTH_WAYS = "--upstream: a GiB down, and a GiB up, come out as they went in";

testWith([...CURL, "cmp"], BOTH_WAYS, async () => {
  await using nginx = await Nginx.start();
  await using gate = await openGate(nginx);
  const [big, uploads] = [`${nginx.directory}/big`, `${nginx.directory}/uploads`];
  await makeBig(big);
  const url = `http://${gate.address}`;
  const compare = `set -o pipefail; curl --silent --noproxy '*' "$0/big" | cmp - "$1"`;
  assertEquals(await run("bash", ["-c", compare, url, big]), ok(""));
  assertEquals(await curl("-T", big, "-w", "%{http_code}", `${url}/uploads/`), ok("201"));
  assertEquals(await run("cmp", [big, `${uploads}/big`]), ok(""));
});

testWith([...CURL, "wrk"], "--upstream: 64 clients of wrk, 32 at once, hear 2xx only", async () => {
  await using nginx = await Nginx.start();
  await using gate = await openGate(nginx, "--max-connections", "32");
  const url = `http://${gate.address}/hello`;
  const wrk = start("wrk", ["-t1", "-c64", "-d2s", "--header", "Connection: close", url]);
  await until("the places are taken, and some wait", async () => {
    const { active, queued } = await gate.stats();
    return active === 32 && queued > 0;
  });
  const peak = await peakUntil(wrk.ended, nginx);
  const { code, stdout, stderr } = await wrk.ended;
  assertEquals([code, stderr], [0, ""]);
  assert(!/Socket errors|Non-2xx/.test(stdout), stdout);
  assertMatch(stdout, /\b[1-9]\d* requests in /);
  assert(peak > 1 && peak <= 32, `${peak} at once`);
});

/** The most connections that nginx has had at once, besides the one that asks. */
async function peakUntil(end: Promise<unknown>, nginx: Nginx): Promise<number> {
  let peak = 0;
  let over = false;
  end.then(() => over = true);
  while (!over) {
    const { stdout } = await curl(`http://127.0.0.1:${nginx.port}/status`);
    peak = Math.max(peak, Number(/Active connections: (\d+)/.exec(stdout)?.[1]) - 1);
  }
  return peak;
}

testWith(CURL, "--upstream: curl makes three requests on one connection", async () => {
  await using nginx = await Nginx.start();
  await using gate = await openGate(nginx, "--max-connections", "1", "--backlog-size", "0");
  const url = `http://${gate.address}/hello`;
  const answers = await curl("-w", "%{num_connects} new\n", url, url, url);
  assertEquals(answers, ok("hello\n1 new\nhello\n0 new\nhello\n0 new\n"));
});

testWith(CURL, "--reject-as http: curl hears a 503 that says when to come again", async () => {
  await using nginx = await Nginx.start();
  const limits = ["--max-connections", "1", "--backlog-size", "0"];
  await using gate = await openGate(nginx, ...limits, "--reject-as", "http");
  using _holder = await Deno.connect({ hostname: "127.0.0.1", port: gate.port });
  await gate.holds(1, 0);
  const { code, stdout, stderr } = await curl("--include", `http://${gate.address}/hello`);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^HTTP\/1\.1 503 full: 1 is connected and nobody may wait\r\n/);
  assertMatch(stdout, /\r\nRetry-After: \d+\r\n/);
  assertMatch(stdout, /\r\n\r\nfull: 1 is connected and nobody may wait\n$/);
});

testWith(CURL, "--reject-as http: curl hears the 503 while it is still uploading", async () => {
  await using nginx = await Nginx.start();
  const limits = ["--max-connections", "0", "--backlog-size", "0"];
  await using gate = await openGate(nginx, ...limits, "--reject-as", "http");
  // Without waiting to be asked for it, and without an end.
  const upload = ["-T", "/dev/zero", "--header", "Expect:", "--output", "/dev/null"];
  const { stdout, stderr } = await curl(
    ...[...upload, "-w", "%{http_code}", `http://${gate.address}/uploads/zero`],
  );
  assertEquals(stdout, "503", stderr);
});

testWith(CURL, "--listen unix:, --upstream unix: curl reaches nginx by sockets only", async () => {
  await using nginx = await Nginx.start();
  const socket = `${nginx.directory}/gate.sock`;
  await using gate = await Gate.open(
    ...["--listen", `unix:${socket}`, "--upstream", `unix:${nginx.socket}`],
  );
  assertEquals(gate.address, `unix:${socket}`);
  assertEquals(await curl("--unix-socket", socket, "http://localhost/hello"), ok("hello\n"));
});

/** How nginx is set up between an operator and the page. */
const BETWEEN = {
  "its defaults": "",
  "large buffers": "proxy_buffer_size 16k; proxy_buffers 8 16k;",
  "compression of everything": "gzip on; gzip_proxied any; gzip_min_length 0; gzip_types *;",
};

/** The first event comes at once; gathered in nginx's smallest buffers, it would take 4 seconds. */
const AT_ONCE_MS = 3000;

for (const [name, settings] of Object.entries(BETWEEN)) {
  const location = (admin: string) =>
    `location /gate/ { proxy_pass ${admin}/; proxy_set_header Host $http_host; ${settings} }`;

  testWith(
    [ADMIN_SERVED, "nginx"],
    `--admin: events come at once through nginx with ${name}`,
    async () => {
      await using gate = await Gate.open("--admin", "127.0.0.1:0");
      await using nginx = await Nginx.start(location(gate.admin));
      const signal = AbortSignal.timeout(AT_ONCE_MS);
      const { body } = await fetch(`http://127.0.0.1:${nginx.port}/gate/api/events`, { signal });
      let heard = "";
      for await (const text of body!.pipeThrough(new TextDecoderStream())) {
        heard += text;
        if (/^event: now\ndata: .*\n\n/m.test(heard)) break;
      }
      assertMatch(heard, /^event: now$/m);
    },
  );

  testWith(
    [ADMIN_SERVED, "nginx", CHROMIUM],
    `page: is live through nginx with ${name}`,
    async () => {
      await using gate = await Gate.open("--admin", "127.0.0.1:0", "--max-connections", "1");
      await using nginx = await Nginx.start(location(gate.admin));
      await using browser = await Browser.open(`http://127.0.0.1:${nginx.port}/gate/`);
      await browser.shows("#active .reading", "0 of 1");
      using _client = await Deno.connect({ hostname: "127.0.0.1", port: gate.port });
      await browser.shows("#active .reading", "1 of 1");
      await browser.shows("#connection", "live");
      assertEquals(browser.problems, []);
    },
  );
}

/** The one block of settings for nginx that a README shows. */
function settingsOf(path: string): string {
  const blocks = [...readText(path).matchAll(/```nginx\n([^]*?)```/g)];
  assertEquals(blocks.length, 1, path);
  return blocks[0]?.[1] ?? "";
}

testWith([ADMIN_SERVED, "nginx"], "README: its settings show the page to one network", async () => {
  await using gate = await Gate.open("--admin", "127.0.0.1:0");
  const settings = settingsOf("lib/admin/README.md").replace("http://127.0.0.1:9632", gate.admin);
  const statuses: number[] = [];
  for (const network of ["10.0.0.0/8", "127.0.0.0/8"]) {
    await using nginx = await Nginx.start(settings.replace("10.0.0.0/8", network));
    const answer = await fetch(`http://127.0.0.1:${nginx.port}/pool/api/stats`);
    await answer.body?.cancel();
    statuses.push(answer.status);
  }
  assertEquals(statuses, [403, 200]);
});

testWith(
  CURL,
  "README: behind its settings, a request waits, and the 503 is passed on",
  async () => {
    await using app = await Nginx.start();
    const limits = ["--max-connections", "1", "--backlog-size", "1", "--reject-as", "http"];
    await using gate = await openGate(app, ...limits);
    const settings = settingsOf("lib/gate/README.md").replace("127.0.0.1:8081", gate.address);
    await using nginx = await Nginx.start(settings);
    await Deno.writeTextFile(`${app.directory}/page`, "of the application\n");
    const url = `http://127.0.0.1:${nginx.port}/page`;
    const holder = await Deno.connect({ hostname: "127.0.0.1", port: gate.port });
    await gate.holds(1, 0);
    const waiting = curl(url);
    await gate.holds(1, 1);
    assertEquals((await curl("-o", "/dev/null", "-w", "%{http_code}", url)).stdout, "503");
    holder.close();
    assertEquals(await waiting, ok("of the application\n"));
  },
);

testWith(
  CURL,
  "--service http: is checked at its path, waits while that says it is of no use, and goes on then",
  async () => {
    await using nginx = await Nginx.start(
      "location = /health { if (-f $document_root/ill) { return 503; } return 204; }",
    );
    await using gate = await openGate(
      nginx,
      ...["--service", "http", "--check-path", "/health", "--check-status", "204"],
      ...["--check-interval", "20ms"],
    );
    await Deno.writeTextFile(`${nginx.directory}/ill`, "");
    await until("it is down", () => gate.notes.includes("it answers GET /health with 503"));
    const waiting = curl(`http://127.0.0.1:${gate.port}/hello`);
    await gate.holds(0, 1);
    await Deno.remove(`${nginx.directory}/ill`);
    assertEquals((await waiting).stdout, "hello\n");
    await until("that is noted", () => gate.notes.includes("the upstream is up again"));
  },
);
