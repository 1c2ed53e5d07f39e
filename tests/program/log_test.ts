/** What the log says of each connection, for programs. Imports nothing from lib/. */

import { assert, assertEquals } from "@std/assert";
import { Directory, Gate, run, testWith } from "../support/servers.ts";
import { Service } from "../support/service.ts";
import { Client, until } from "../support/sockets.ts";

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

testWith(["jq"], "--log-format json: jq selects notes by their event", async () => {
  await using home = await Directory.make();
  const path = `${home.path}/log`;
  await Deno.writeTextFile(path, await logged("--log-format", "json"));
  const { code, stdout } = await run("jq", [`select(.event=="left")|.waited_ms`, path]);
  const waits = stdout.trim().split("\n").map(Number);
  assertEquals([code, waits.length, waits[0]], [0, 2, 0]);
  assert(waits[1]! >= WAIT_MS, stdout);
});

Deno.test("--log-format timed: the time stands before each line", async () => {
  const lines = (await logged("--log-format", "timed")).trim().split("\n");
  const timed = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z poolgate: /;
  assertEquals(lines.filter((line) => !timed.test(line)), []);
  assert(lines.length > 5, lines.join("\n"));
});
