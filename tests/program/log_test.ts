/** What the log says of each connection, for programs. Imports nothing from lib/. */

import { assert, assertEquals } from "@std/assert";
import { filesOf, readText } from "../support/modules.ts";
import { BLOCKS, tableOf } from "../support/readmes.ts";
import { Directory, Gate, run, testWith } from "../support/servers.ts";
import { Service } from "../support/service.ts";
import { Client, until } from "../support/sockets.ts";

const LOG_README = "lib/cli/README.md";

const LEVELS = ["info", "warn", "error"];

/** How long the one that waits does so at least, in milliseconds. */
const WAIT_MS = 100;

/** The log of a gate with one place, before which one waits, and one is turned away. */
async function logged(...format: string[]): Promise<string> {
  await using service = new Service();
  await using gate = await Gate.open(
    ...["--upstream", `127.0.0.1:${service.address.port}`, "--log-connections", ...format],
    ...["--max-connections", "1", "--backlog-size", "1"],
  );
  const first = await Client.to(gate.address);
  await first.say("hello");
  await first.socket.read(new Uint8Array(16));
  const second = await Client.to(gate.address);
  await gate.holds(1, 1);
  const third = await Client.to(gate.address);
  await third.rest();
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  for (const client of [third, first]) client.close();
  await gate.holds(1, 0);
  second.close();
  await until("all have left", () => [...gate.notes.matchAll(/: left/g)].length === 2);
  return gate.notes;
}

Deno.test("--log-connections --log-format json: tells each client's story in fields", async () => {
  const notes = (await logged("--log-format", "json")).trim().split("\n")
    .map((line) => JSON.parse(line));
  const stories = notes.filter(({ event }) => event === "left" || event === "rejected");
  const members = ["time", "level", "text", "event", "client", "source", "ended_by", "reason"];
  for (const story of stories) {
    const figures = ["waited_ms", "served_ms", "received", "sent"];
    assertEquals(Object.keys(story), [...members, ...figures]);
    assertEquals(story.source, "127.0.0.1");
    assertEquals(story.text.startsWith(`${story.client}: `), true, story.text);
  }
  const [third, first, second] = stories;
  assertEquals([third.event, third.reason, third.ended_by], [
    ...["rejected", "backlog_full", "poolgate"],
  ]);
  assertEquals([first.event, first.reason, first.ended_by], ["left", "client_closed", "client"]);
  assertEquals([first.received, first.sent, first.waited_ms], [5, 7, 0]);
  assert(first.served_ms >= WAIT_MS, `served for ${first.served_ms} ms`);
  assert(second.waited_ms >= WAIT_MS, `waited for ${second.waited_ms} ms`);
  const events = notes.map(({ event }) => event).slice(0, 3);
  assertEquals(events, ["listening", "connected", "queued"]);
});

testWith(
  ["jq"],
  "README: its commands for a log print waits, and who held a place the longest",
  async () => {
    await using home = await Directory.make();
    await Deno.writeTextFile(`${home.path}/poolgate.log`, await logged("--log-format", "json"));
    const script = BLOCKS.find(({ script }) => script.startsWith("jq "))?.script ?? "false";
    const { code, stdout } = await run("bash", ["-ec", `cd ${home.path}; ${script}`]);
    const [first, second, ...holders] = stdout.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals([code, first, holders.length], [0, 0, 2]);
    assert(second >= WAIT_MS, stdout);
    const [[longest, , endedBy], [shortest]] = holders;
    assertEquals([longest >= WAIT_MS, longest >= shortest, endedBy], [true, true, "client"]);
  },
);

/** The events of the log's table, and the members of each. */
const TABLE = new Map(
  tableOf(LOG_README, "`event`").map(([event = "", , members = ""]) =>
    [
      ...[event.replaceAll("`", ""), members.match(/\w+/g) ?? []],
    ] as [string, string[]]
  ),
);

Deno.test("README: names every event of the log, and no other", () => {
  const modules = ["main.ts", ...filesOf("lib/").filter((path) => path.endsWith(".ts"))];
  const lines = modules.flatMap((path) => readText(path).split("\n"))
    .filter((line) => /\bevent(?::| =)/.test(line));
  const named = lines.flatMap((line) => line.match(/(?<=")[a-z_]+(?=")/g) ?? []);
  const words = [...new Set(named)].filter((word) => !LEVELS.includes(word));
  assertEquals([...TABLE.keys()].sort(), words.sort());
});

Deno.test("README: names the members of events", async () => {
  const notes = (await logged("--log-format", "json")).trim().split("\n")
    .map((line) => JSON.parse(line));
  const events = new Set(notes.map(({ event }) => event));
  const expected = ["connected", "left", "listening", "promoted", "queued"];
  assertEquals([...events].sort(), [...expected, "rejected", "rejections_began"]);
  for (const { time: _t, level: _l, text: _x, event, ...members } of notes) {
    assertEquals(Object.keys(members), TABLE.get(event), event);
  }
});

Deno.test("--log-format timed: the time stands before each line", async () => {
  const lines = (await logged("--log-format", "timed")).trim().split("\n");
  const timed = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z poolgate: /;
  assertEquals(lines.filter((line) => !timed.test(line)), []);
  assert(lines.length > 5, lines.join("\n"));
});
