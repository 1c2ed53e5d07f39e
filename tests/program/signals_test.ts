/** Signals that end the program where nothing listens, and where it is process 1. Imports nothing from lib/. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { BINARY, Conversation, timeLimit } from "../support/program.ts";
import { ADMIN_SERVED, testWith } from "../support/servers.ts";
import { until, untilStill } from "../support/sockets.ts";

const REQUEST = `{"src":"c1","dest":"n1","body":{"type":"pool_stats","msg_id":1}}\n`;
const ADMIN = ["--admin", "127.0.0.1:0"];
const LISTEN = ["--listen", "127.0.0.1:0"];

/** What tests of a run with these arguments need. */
function needsOf(args: string[]): string[] {
  return args.includes("--admin") ? [ADMIN_SERVED] : [];
}

const SIGNALS = [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const;
const permissions = ["--allow-net"];

/** A run that has answered a request, and so waits for the next one, with the signals listened for. */
async function answering(script: string, args: string[]): Promise<Conversation> {
  const poolgate = Conversation.inShell(script, { args, permissions });
  await poolgate.say(REQUEST);
  assertStringIncludes(await poolgate.hear(), `"in_reply_to": 1`);
  return poolgate;
}

for (const [signal, status] of SIGNALS) {
  for (const args of [[], ADMIN]) {
    testWith(
      needsOf(args),
      `${signal}: ends it at once while it waits for a line, with ${status}: poolgate ${args}`,
      async () => {
        const poolgate = await answering(`exec "$@"`, args);
        poolgate.signal(signal);
        assertEquals(await poolgate.exit(), status);
      },
    );
  }
}

// From source, Deno opens its inspector at SIGUSR1, whatever the program does.
const OTHERS = BINARY === undefined ? ["SIGUSR2"] as const : ["SIGUSR1", "SIGUSR2"] as const;

for (const signal of OTHERS) {
  for (const args of [LISTEN, ADMIN]) {
    testWith(needsOf(args), `${signal}: is noted, and does nothing: poolgate ${args}`, async () => {
      const [poolgate] = await Conversation.noting(/((?:listening|admin) at)/, args);
      poolgate.signal(signal);
      assertStringIncludes(await poolgate.note(), `poolgate: ${signal} does nothing here\n`);
      await poolgate.say(REQUEST);
      assertStringIncludes(await poolgate.hear(), `"in_reply_to": 1`);
      poolgate.signal("SIGTERM");
      assertEquals(await poolgate.exit(), args === LISTEN ? 0 : 143);
    });
  }
}

/** As a container starts its program. Should that not end, `timeout` ends it and its namespace. */
const IN_CONTAINER =
  `exec timeout --signal=KILL 20 unshare --pid --fork --mount-proc --kill-child "$@"`;

/** Sends a signal to the last descendant of a process: behind `timeout` and `unshare`, that is the program. */
const TO_LAST_DESCENDANT = `
  pid=$2
  while child=$(< /proc/$pid/task/$pid/children) && [ "$child" ]; do pid=\${child%% *}; done
  kill -s "$1" "$pid"`;

async function bash(...args: string[]): Promise<Deno.CommandOutput> {
  return await new Deno.Command("bash", { args: ["-c", ...args], signal: timeLimit() }).output();
}

async function signalInside(container: Conversation, signal: string): Promise<void> {
  const name = signal.slice("SIG".length);
  await bash(TO_LAST_DESCENDANT, "bash", name, String(container.pid));
}

const { success: PERMITTED } = await bash("unshare --pid --fork --mount-proc --kill-child true");

/** Registers a test of a run with these arguments. */
function testInContainer(args: string[], name: string, test: () => Promise<void>): void {
  if (PERMITTED) return testWith(needsOf(args), `as process 1, ${name}: poolgate ${args}`, test);
  const skipped = "(skipped: no pid namespace can be made, which takes root)";
  Deno.test({ name: `as process 1, ${name}: poolgate ${args} ${skipped}`, ignore: true, fn: test });
}

for (const args of [[], ADMIN, LISTEN, [...LISTEN, ...ADMIN]]) {
  for (const [signal] of SIGNALS) {
    testInContainer(args, `${signal}: ends it with 0`, async () => {
      const poolgate = await answering(IN_CONTAINER, args);
      await signalInside(poolgate, signal);
      assertEquals(await poolgate.exit(), 0);
    });
  }
}

testInContainer(
  [],
  "the end of input is the end, with 0, and what came before is answered",
  async () => {
    const poolgate = await answering(IN_CONTAINER, []);
    await poolgate.say(`bad\n${REQUEST}`);
    assertMatch(await poolgate.note(), /^poolgate: line 2 is passed over/);
    assertStringIncludes(await poolgate.hear(), `"in_reply_to": 1`);
    assertEquals(await poolgate.end(), 0);
  },
);

for (const args of [[], ADMIN]) {
  testInContainer(
    args,
    "a stdout that nobody reads does not keep it from ending with 0",
    async () => {
      const poolgate = await stuck(args);
      await signalInside(poolgate, "SIGTERM");
      assertEquals(await poolgate.exit(), 0);
    },
  );

  testInContainer(args, "a second signal ends it at once", async () => {
    const poolgate = await stuck(args);
    // While it waits for its answers to be read, which takes longer than a signal takes to come.
    let status: number | undefined;
    poolgate.exit().then((code) => status = code);
    await until("it has ended", async () => {
      if (status === undefined) await signalInside(poolgate, "SIGTERM");
      return status !== undefined;
    });
    assertEquals(status, 143);
  });
}

/** A run with more answers than are read. */
async function stuck(args: string[]): Promise<Conversation> {
  const poolgate = await answering(IN_CONTAINER, args);
  // It takes no more requests once its answers fill the pipe.
  let taken = 0;
  const ask = async () => {
    for (;; taken++) await poolgate.say(REQUEST.repeat(1000));
  };
  ask().catch(() => {});
  await until("it takes requests", () => taken > 0);
  await untilStill(() => taken);
  return poolgate;
}
