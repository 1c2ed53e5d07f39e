import { assertEquals } from "@std/assert";
import { service as postgres } from "../../../lib/gate/services/postgres.ts";
import { problemOf } from "../../support/checks.ts";
import { blind, opening, talk, WORDS } from "../../support/rejections.ts";
import { packet } from "../../support/postgres_packet.ts";

const SSL = packet(80877103);
const GSS = packet(80877104);
const CANCEL = packet(80877102, "12345678");
const STARTUP = packet(196608, "user\0ann\0database\0shop\0\0");
const N = "N";

function refusal(): string {
  const fields = `SFATAL\0VFATAL\0C53300\0M${WORDS}\0\0`;
  return `E\0\0\0${String.fromCharCode(4 + fields.length)}${fields}`;
}

const hear = (...parts: Uint8Array[]) => talk(postgres, joined(...parts));

Deno.test("postgres.reject: it listens only once it has spoken", () => {
  assertEquals([opening(postgres), blind(postgres)], ["", ""]);
});

Deno.test("postgres.reject: a session that is asked for is refused with FATAL 53300", () => {
  assertEquals(hear(STARTUP), [refusal(), "over"]);
});

Deno.test("postgres.reject: encryption is declined first, then the session is refused", () => {
  assertEquals(hear(SSL), [N, "open"]);
  assertEquals(hear(SSL, STARTUP), [N + refusal(), "over"]);
  assertEquals(hear(GSS, SSL, STARTUP), [N + N + refusal(), "over"]);
});

Deno.test("postgres.reject: a request to cancel has no answer, as from PostgreSQL", () => {
  assertEquals(hear(CANCEL), ["", "over"]);
});

Deno.test("postgres.reject: ends with a client that speaks something else", () => {
  const tls = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1);
  const tiny = packet(196608);
  new DataView(tiny.buffer).setInt32(0, 7);
  const negative = packet(196608);
  new DataView(negative.buffer).setInt32(0, -1);
  for (const bytes of [tls, tiny, negative]) assertEquals(hear(bytes), ["", "over"]);
});

const passes = (...parts: Uint8Array[]) => postgres.passes!(joined(...parts));

function joined(...parts: Uint8Array[]): Uint8Array {
  // As in a buffer that held something before.
  return Uint8Array.of(1, 2, 3, ...parts.flatMap((part) => [...part])).subarray(3);
}

/** A request to cancel of so many bytes. */
function cancel(length: number): Uint8Array {
  return packet(80877102, "x".repeat(length - 8));
}

Deno.test("postgres.passes: a request to cancel, of any length of its key, and nothing behind it", () => {
  for (const length of [16, 17, 44, 268]) {
    assertEquals(passes(cancel(length)), cancel(length));
    assertEquals(passes(cancel(length), STARTUP), cancel(length));
  }
});

Deno.test("postgres.passes: is unknown until the request is whole", () => {
  const whole = cancel(44);
  for (let length = 0; length < whole.length; length++) {
    assertEquals(passes(whole.subarray(0, length)), "unknown", `${length} bytes`);
  }
});

Deno.test("postgres.passes: requests for encryption may stand before it, and do not pass", () => {
  assertEquals(passes(SSL), "unknown");
  assertEquals(passes(SSL, CANCEL), CANCEL);
  assertEquals(passes(GSS, SSL, CANCEL), CANCEL);
  assertEquals(passes(SSL, STARTUP), undefined);
  assertEquals(passes(SSL, SSL, SSL), undefined, "nobody asks so often");
});

Deno.test("postgres.passes: nothing else, and no request to cancel of another length", () => {
  assertEquals(passes(STARTUP), undefined);
  assertEquals(passes(cancel(15)), undefined);
  assertEquals(passes(cancel(269)), undefined);
  assertEquals(passes(Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1)), undefined);
});

/** A message of the server, of one letter and a text. */
function message(type: string, text: string): Uint8Array {
  const bytes = Uint8Array.from(`${type}\0\0\0\0${text}`, (character) => character.charCodeAt(0));
  new DataView(bytes.buffer).setInt32(1, bytes.length - 1);
  return bytes;
}

const error = (code: string, text: string) =>
  message("E", `SFATAL\0VFATAL\0C${code}\0M${text}\0Fpostmaster.c\0\0`);

Deno.test("postgres.check: asks for a session as psql does, and takes any answer to that for one", () => {
  const { opening } = postgres.check!({ host: "db", path: "/", status: undefined });
  const parameters = "user\0postgres\0database\0postgres\0application_name\0poolgate\0\0";
  assertEquals(opening, packet(196608, parameters));
  const password = message("R", "\0\0\0\x0aSCRAM-SHA-256\0\0");
  assertEquals(problemOf(postgres, password), { said: "", problem: undefined });
  assertEquals(problemOf(postgres, message("R", "\0\0\0\0")), {
    said: "X\0\0\0\x04",
    problem: undefined,
  });
  for (const code of ["53300", "28000", "3D000"]) {
    assertEquals(problemOf(postgres, error(code, "no")), { said: "", problem: undefined }, code);
  }
});

Deno.test("postgres.check: one that starts or stops says so, and is of no use", () => {
  const starting = error("57P03", "the database system is starting up");
  const problem = "it says: the database system is starting up";
  assertEquals(problemOf(postgres, starting), { said: "", problem });
  const odd = error("57P03", "line\nbreak \x1b[31m");
  assertEquals(problemOf(postgres, odd).problem, "it says: line?break ?[31m");
});
