/**
 * The table of clients in lib/gate/services/README.md: each row is a client of a test here, and what it says is
 * measured. Imports nothing from lib/.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { tableOf } from "../support/readmes.ts";
import { type Running, start } from "../support/servers.ts";
import { listener } from "../support/sockets.ts";
import { isTold, LONG, type Registered, registered, WORDS } from "./clients.ts";
import { versionOf, whyNoVersions } from "./versions.ts";

export const TABLE = "lib/gate/services/README.md";

/** The columns. */
export const CLIENT = 1;
export const VERSION = 2;
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

  testVersions(file, rows);
  testQueueTimeout(rows, here);

  Deno.test({
    name: `${TABLE}: how long each client of ${file} waits for a server that is silent` +
      (LONG ? "" : " (skipped: it takes a minute, and is run by `deno task test:clients`)"),
    ignore: !LONG || here.length === 0,
    async fn() {
      const begun: Promise<Silence>[] = [];
      // One after the other: many that start at once take each other's time, before they connect.
      for (const client of here) begun.push((await beginSilence(client)).over);
      const silences = await Promise.all(begun);
      const measured = here.map((client, index) => {
        const { first, seconds } = silences[index]!;
        const row = rows.find((row) => isRowOf(row, client));
        const [, , , told, waits = ""] = row ?? [];
        return {
          told: [client.client, told, waits],
          seen: [client.client, first, agrees(seconds, waits) ? waits : `${seconds} s`],
        };
      });
      assertEquals(measured.map(({ seen }) => seen), measured.map(({ told }) => told));
    },
  });
}

/**
 * The version in each row is the one that this machine has. One of npm is in the lock file; those of
 * Debian change with its updates, so they are looked at only where the rest is measured, too.
 */
function testVersions(file: string, rows: string[][]): void {
  const long = LONG ? whyNoVersions() : "`deno task test:clients` compares them";
  const left = registered.some(({ origin }) => "npm" in origin) ? undefined : long;
  Deno.test({
    name: `${TABLE}: the version of each client of ${file} is the one that is here` +
      (left === undefined ? "" : ` (skipped: ${left})`),
    ignore: left !== undefined,
    async fn() {
      const found = registered.filter(({ origin, lacking, stranger }) =>
        !stranger && ("npm" in origin || lacking === undefined)
      );
      const here = await Promise.all(found.map(async (client) => {
        const told = rows.find((row) => isRowOf(row, client))?.[VERSION] ?? "";
        const version = await versionOf(client.origin);
        const words = `${client.client}: measure it anew, the table has another version`;
        return [told.replace(LANGUAGE, ""), version, words];
      }));
      assertEquals(here.filter(([told, version]) => told !== version), []);
    },
  });
}

/** What stands before the version of a library that comes with its language. */
const LANGUAGE = /^(Python|PHP|Ruby|Go) (?=\d)/;

/** One client a service is refused after a wait: the first here that has the words, and waits. */
function testQueueTimeout(rows: string[][], here: Registered[]): void {
  const told = here.filter((client) =>
    hasWords(client.shows) && patience(rows.find((row) => isRowOf(row, client))) > 2
  );
  for (const service of new Set(told.map(({ service }) => service))) {
    const refused = told.find((each) => each.service === service)!;
    const { connections: usual } = refused;
    // One that comes again until its time is over comes less often.
    const connections = typeof usual === "number" ? usual : [1, usual[1]] as const;
    const client = { ...refused, connections };
    const shows = FORMS.reduce((text, form) => text.replaceAll(form, TIMEOUT_WORDS), client.shows);
    Deno.test({
      name: `--queue-timeout, --reject-as ${service}: ${client.client} shows ${shows}` +
        (LONG ? "" : " (skipped: `deno task test:clients` runs it)"),
      ignore: !LONG,
      fn: () => isTold(client, shows, ["--backlog-size", "1", "--queue-timeout", "1s"]),
    });
  }
}

/** What the gate says to one that has waited for a second. */
const TIMEOUT_WORDS = "no place became free in 1 second";

/** For how long the client of a row waits, in seconds. */
export function patience(row: readonly string[] | undefined): number {
  const waits = row?.[WAITS] ?? "";
  return waits.startsWith("more than") ? Infinity : Number(/^([\d.]+) s$/.exec(waits)?.[1]);
}

function isRowOf([service, client]: string[], of: Registered): boolean {
  return service === `\`${of.service}\`` && client === of.client;
}

/** The words as they are, and as STOMP has them. */
const FORMS = [WORDS, WORDS.replace(":", ",")];

function hasWords(text: string): boolean {
  return FORMS.some((form) => text.includes(form));
}

/** What stands in the table for what a client shows. */
function shown(text: string): string {
  return hasWords(text) ? "the words" : `\`${text}\``;
}

/** Whether so many seconds are what the table says; a machine may be slow. */
function agrees(seconds: number, waits: string): boolean {
  if (seconds >= LIMIT) return waits === "more than 60 s";
  const told = Number(/^([\d.]+) s$/.exec(waits)?.[1]);
  return Math.abs(seconds - told) <= 1.5 + told / 10;
}

/** Who speaks first before a server that is silent, and when the client ends its first connection. */
interface Silence {
  first: "client" | "server";
  seconds: number;
}

/** Resolves when the client has connected, with what comes of it. */
async function beginSilence({ program, args }: Registered): Promise<{ over: Promise<Silence> }> {
  const server = listener();
  const running = start(program, args(server.addr.port), {}, (LIMIT + 30) * 1000);
  const connection = await Promise.race([server.accept(), running.ended]);
  if ("code" in connection) {
    server.close();
    throw new Error(`it has not connected: ${connection.stdout}${connection.stderr}`);
  }
  return { over: silence(connection, running).finally(() => server.close()) };
}

async function silence(connection: Deno.TcpConn, { child, ended }: Running): Promise<Silence> {
  const since = performance.now();
  const limit = setTimeout(() => connection.close(), LIMIT * 1000);
  let first: Silence["first"] | undefined;
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
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
  await ended;
  return { first: first ?? "server", seconds };
}
