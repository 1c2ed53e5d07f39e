/**
 * The table of clients in lib/gate/services/README.md: each row is a client of a test here, and what it says is
 * measured. Imports nothing from lib/.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { tableOf } from "../support/readmes.ts";
import { start } from "../support/servers.ts";
import { listener } from "../support/sockets.ts";
import { LONG, type Registered, registered, WORDS } from "./clients.ts";

export const TABLE = "lib/gate/services/README.md";

/** The columns. */
export const CLIENT = 1;
export const WAITS = 4;
export const HELD_BY = 7;

/** A client that waits for longer than this is waited for no longer, in seconds. */
const LIMIT = 62;

/** One that says nothing within this time waits for the server to speak first, in milliseconds. */
const FIRST_WORD_MS = 3000;

/** Registers the tests of the rows of one file, whose clients are registered. */
export function testTable(file: string): void {
  const rows = tableOf(TABLE, "service").filter((row) => row[HELD_BY]?.includes(`${file})`));
  const here = registered.filter(({ lacking, stranger }) => lacking === undefined && !stranger);

  Deno.test(`${TABLE}: has a row for each client of ${file}, and what it shows`, () => {
    const told = rows.map(([service, client, , , , shows, again]) => [
      ...[service, client, shows, again === "no"],
    ]);
    const known = registered.filter(({ stranger }) => !stranger).map((
      { service, client, shows, connections },
    ) => [
      ...[`\`${service}\``, client, shown(shows), connections === 1],
    ]);
    assertEquals(told.sort(), known.sort());
  });

  Deno.test({
    name: `${TABLE}: how long each client of ${file} waits for a server that is silent` +
      (LONG ? "" : " (skipped: it takes a minute, and is run by `deno task test:clients`)"),
    ignore: !LONG || here.length === 0,
    async fn() {
      const measured = await Promise.all(here.map(async (client) => {
        const { first, seconds } = await silence(client);
        const row = rows.find((row) => isRowOf(row, client));
        const [, , , told, waits = ""] = row ?? [];
        return {
          told: [client.client, told, waits],
          seen: [client.client, first, agrees(seconds, waits) ? waits : `${seconds} s`],
        };
      }));
      assertEquals(measured.map(({ seen }) => seen), measured.map(({ told }) => told));
    },
  });
}

function isRowOf([service, client]: string[], of: Registered): boolean {
  return service === `\`${of.service}\`` && client === of.client;
}

/** What stands in the table for what a client shows. */
function shown(text: string): string {
  const words = [WORDS, WORDS.replace(":", ",")];
  return words.some((each) => text.includes(each)) ? "the words" : `\`${text}\``;
}

/** Whether so many seconds are what the table says; a machine may be slow. */
function agrees(seconds: number, waits: string): boolean {
  if (seconds >= LIMIT) return waits === "more than 60 s";
  const told = Number(/^([\d.]+) s$/.exec(waits)?.[1]);
  return Math.abs(seconds - told) <= 1.5 + told / 10;
}

/** Who speaks first before a server that is silent, and when the client ends its first connection. */
async function silence(
  { program, args }: Registered,
): Promise<{ first: "client" | "server"; seconds: number }> {
  using server = listener();
  const running = start(program, args(server.addr.port), {}, (LIMIT + 30) * 1000);
  const connection = await server.accept();
  const since = performance.now();
  const limit = setTimeout(() => connection.close(), LIMIT * 1000);
  let first: "client" | "server" | undefined;
  const spoken = () => first ??= performance.now() - since < FIRST_WORD_MS ? "client" : "server";
  try {
    const buffer = new Uint8Array(4096);
    while (await connection.read(buffer) !== null) spoken();
  } catch {
    // It was reset, or its time is over.
  }
  clearTimeout(limit);
  const seconds = (performance.now() - since) / 1000;
  try {
    connection.close();
  } catch {
    // Its time is over.
  }
  try {
    running.child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
  await running.ended;
  return { first: first ?? "server", seconds };
}
