import { assertEquals } from "@std/assert";
import {
  Goodbyes,
  LINGER_SILENCE_MS,
  LISTEN_MS,
  MAX_ANSWERING,
  MAX_LINGERING,
  MAX_LISTENING,
} from "../../lib/gate/goodbyes.ts";
import { FakeClock } from "../support/fake_clock.ts";

function newLab() {
  const clock = new FakeClock();
  const news: string[] = [];
  const goodbyes = new Goodbyes(clock, () => news.push("cut short"));
  const begin = (name: string) => goodbyes.begin({ close: () => news.push(`${name} is closed`) });
  return { clock, news, begin };
}

Deno.test("Goodbye.listen: the time is over when it is, and the client lingers then", async () => {
  const { clock, news, begin } = newLab();
  const goodbye = begin("a");
  assertEquals(goodbye.listen("until told", () => news.push("a is late")), true);
  goodbye.bound();
  await clock.advance(LISTEN_MS - 1);
  assertEquals(news, []);
  await clock.advance(1);
  assertEquals(news, ["a is late"]);
  await clock.advance(LINGER_SILENCE_MS - 1);
  goodbye.heard();
  await clock.advance(LINGER_SILENCE_MS - 1);
  assertEquals(news, ["a is late"]);
  await clock.advance(1);
  assertEquals(news, ["a is late", "a is closed"]);
});

Deno.test("Goodbye.told: whoever is told is never late", async () => {
  const { clock, news, begin } = newLab();
  const goodbye = begin("a");
  goodbye.listen("until told", () => news.push("a is late"));
  goodbye.told();
  goodbye.told();
  await clock.advance(LISTEN_MS);
  assertEquals(news, ["a is closed"]);
});

Deno.test("Goodbye.end: ends all times, and none begins after it", async () => {
  const { clock, news, begin } = newLab();
  const goodbye = begin("a");
  goodbye.told();
  goodbye.end();
  goodbye.told();
  goodbye.end();
  await clock.advance(10 * LINGER_SILENCE_MS);
  assertEquals(news, []);
});

for (
  const [kind, most, told] of [
    ["until told", MAX_LISTENING, []],
    ["until it goes", MAX_ANSWERING, ["cut short"]],
  ] as const
) {
  Deno.test(`Goodbye.listen: ${kind}, to ${most} at once; one more when one of them is told`, () => {
    const { news, begin } = newLab();
    const many = Array.from({ length: most }, (_, at) => begin(`${at}`));
    assertEquals(many.every((goodbye) => goodbye.listen(kind, () => {})), true);
    assertEquals(begin("more").listen(kind, () => {}), false);
    assertEquals(news, [...told]);
    many[0]!.told();
    assertEquals(begin("more").listen(kind, () => {}), true);
  });
}

Deno.test("Goodbye.told: one too many takes the time of the one that is silent for longest", async () => {
  const { clock, news, begin } = newLab();
  const many = Array.from({ length: MAX_LINGERING }, (_, at) => begin(`${at}`));
  for (const goodbye of many) goodbye.told();
  await clock.advance(1);
  many[0]!.heard();
  begin("more").told();
  assertEquals(news, ["1 is closed"]);
  many[2]!.end();
  begin("another").told();
  assertEquals(news, ["1 is closed"]);
});

Deno.test("Goodbye.bound: whoever cannot be told in time lingers all the same", async () => {
  const { clock, news, begin } = newLab();
  begin("a").bound();
  await clock.advance(LISTEN_MS);
  assertEquals(news, []);
  await clock.advance(LINGER_SILENCE_MS);
  assertEquals(news, ["a is closed"]);
});
