import { assertEquals } from "@std/assert";
import { Log, type LogOptions, MAX_UNSENT_NOTES } from "../../lib/io/log.ts";
import { settled } from "../support/fake_clock.ts";
import { Output } from "../support/memory_streams.ts";

const clock = () => new Date("2026-01-02T03:04:05.678Z");

async function written(options: Omit<LogOptions, "clock">): Promise<string> {
  const output = new Output();
  const log = new Log(output, { ...options, clock });
  log.note("info", "starting");
  log.note("warn", 'a "bad"\x1b line');
  log.note("error", "the end", { event: "ended", why: null, ms: 1.5, of: { "a": 1, "b": 2 } });
  await log.flush();
  return output.text;
}

Deno.test("Log: as text, a line a note, safe for a terminal", async () => {
  assertEquals(
    await written({ format: "text", quiet: false }),
    'poolgate: starting\npoolgate: a "bad"\\u001b line\npoolgate: the end\n',
  );
});

Deno.test("Log: as text with the time, that stands before each line", async () => {
  const time = "2026-01-02T03:04:05.678Z";
  const text = await written({ format: "text", quiet: false });
  assertEquals(
    await written({ format: "timed", quiet: false }),
    text.replaceAll(/^poolgate/gm, `${time} poolgate`),
  );
});

Deno.test("Log: as JSON, an object a note with time, level, text and its fields", async () => {
  const time = '"time": "2026-01-02T03:04:05.678Z"';
  assertEquals(
    await written({ format: "json", quiet: false }),
    `{${time}, "level": "info", "text": "starting"}\n` +
      `{${time}, "level": "warn", "text": "a \\"bad\\"\\u001b line"}\n` +
      `{${time}, "level": "error", "text": "the end", "event": "ended", "why": null, "ms": 1.5, ` +
      `"of": {"a": 1, "b": 2}}\n`,
  );
});

Deno.test("Log: quiet, only errors", async () => {
  assertEquals(await written({ format: "text", quiet: true }), "poolgate: the end\n");
});

Deno.test("Log.flush: loses notes that cannot be written, and takes the next", async () => {
  const output = new Output();
  let broken = true;
  const writer = {
    write: (chunk: Uint8Array) => broken ? Promise.reject(new Error("gone")) : output.write(chunk),
  };
  const log = new Log(writer, { format: "text", quiet: false, clock });
  log.note("warn", "lost");
  await log.flush();
  broken = false;
  log.note("warn", "kept");
  await log.flush();
  assertEquals(output.text, "poolgate: kept\n");
});

Deno.test("Log: behind a write that does not end, holds so much and no more, and says how many it lost", async () => {
  const output = new Output();
  const stuck = Promise.withResolvers<void>();
  const writer = {
    write: async (chunk: Uint8Array) => {
      await stuck.promise;
      return await output.write(chunk);
    },
  };
  const log = new Log(writer, { format: "text", quiet: false, clock });
  const count = 10_000;
  for (let i = 0; i < count; i++) {
    log.note("info", `note ${i}`);
    log.flush();
  }
  stuck.resolve();
  await settled();
  const lines = output.text.trim().split("\n");
  const kept = lines.length - 1;
  assertEquals(lines.at(-1), `poolgate: ${count - kept} notes were lost: stderr was not read`);
  assertEquals(output.text.length < MAX_UNSENT_NOTES + 1000 && kept > 1000, true);
});

Deno.test("Log.flush: behind a write that does not end, all who call it wait for the same", async () => {
  const stuck = Promise.withResolvers<number>();
  const log = new Log({ write: () => stuck.promise }, { format: "text", quiet: false, clock });
  log.note("info", "one");
  const first = log.flush();
  log.note("info", "two");
  assertEquals(log.flush() === first, true);
  stuck.resolve(1000);
  await first;
  await log.flush();
});

Deno.test("Log.flush: with nothing to write, the next one writes all the same", async () => {
  const output = new Output();
  const log = new Log(output, { format: "text", quiet: false, clock });
  await log.flush();
  log.flush();
  log.note("info", "one");
  await log.flush();
  assertEquals(output.text, "poolgate: one\n");
});
