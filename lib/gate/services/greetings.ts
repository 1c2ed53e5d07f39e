/**
 * The protocols in which the server speaks first, or may: a rejected client gets one text at once,
 * in place of the greeting. One row each.
 *
 * @module
 */

import { ascii, joined, printable } from "./ascii.ts";
import type { Check, Patience, Service } from "./service.ts";

/** One protocol. */
interface Greeting {
  /** @returns What is said, of characters up to U+00FF. */
  refusal: (words: string) => string;
  /** What a server of use greets with, and what it hears then; left out where it is not checked. */
  check?: { greeting: RegExp; goodbye: string };
  patience?: Patience;
}

const ROWS = {
  /** RFC 5321, 4.2.3, with the code of RFC 3463, 3.4: the system takes no messages at present. */
  smtp: {
    refusal: (words) => `421 4.3.2 ${words}\r\n`,
    check: { greeting: /^220/, goodbye: "QUIT\r\n" },
    patience: { client: "swaks", ms: 60_000 },
  },
  /** RFC 9051, 7.1.5; RFC 5530, 3. A greeting would draw out a LOGIN. */
  imap: {
    refusal: (words) => `* BYE [UNAVAILABLE] ${words}\r\n`,
    check: { greeting: /^\* (OK|PREAUTH)/, goodbye: "a LOGOUT\r\n" },
  },
  /** RFC 1939, 4; RFC 2449, 8.1.1: without a code, or another one, fetchmail blames the login. */
  pop3: {
    refusal: (words) => `-ERR [IN-USE] ${words}\r\n`,
    check: { greeting: /^\+OK/, goodbye: "QUIT\r\n" },
  },
  /**
   * RFC 959, 4.2. As ProFTPD does at its MaxClients: curl calls 421 a timeout, and tnftp shows no
   * text of it.
   */
  ftp: {
    refusal: (words) => `530 ${words}\r\n`,
    check: { greeting: /^220/, goodbye: "QUIT\r\n" },
  },
  /** RFC 3977, 5.1: 400 is for a while, 502 for good. */
  nntp: {
    refusal: (words) => `400 ${words}\r\n`,
    check: { greeting: /^20[01]/, goodbye: "QUIT\r\n" },
  },
  /** rsync's clientserver.c: `@ERROR: max connections (%d) reached -- try again later`. */
  rsync: { refusal: (words) => `@RSYNCD: 31.0\n@ERROR: ${words}\n` },
  /** gitprotocol-pack(5), error-line; the length counts its own 4 digits. */
  git: {
    refusal: (words) => {
      const line = `ERR ${words}`;
      return (4 + line.length).toString(16).padStart(4, "0") + line;
    },
  },
  /** Subversion's libsvn_ra_svn/protocol, 1 and 2: SVN_ERR_RA_SVN_REPOS_NOT_FOUND is 210005. */
  svn: { refusal: (words) => `( failure ( ( 210005 ${words.length}:${words} 0: 0 ) ) ) ` },
  /** RFC 2812, 3.7.4. */
  irc: { refusal: (words) => `ERROR :Closing Link: ${words}\r\n` },
  /** STOMP 1.2, ERROR: some clients show the header as it is escaped, so it has no colon. */
  stomp: {
    refusal: (words) => `ERROR\nmessage:${words.replaceAll(":", ",")}\n\n\0`,
    patience: { client: "stomp (PHP)", ms: 2000 },
  },
  /** RFC 6143, 7.1.1 and 7.1.2: viewers of every version read that of 3.3. */
  vnc: {
    refusal: (words) => `RFB 003.003\n\0\0\0\0\0\0\0${String.fromCharCode(words.length)}${words}`,
  },
} satisfies Record<string, Greeting>;

export type GreetingName = keyof typeof ROWS;
export const GREETING_NAMES = Object.keys(ROWS) as GreetingName[];

/** @returns The service of a row. */
export function greetingService(name: GreetingName): Service {
  const { refusal, check, patience }: Greeting = ROWS[name];
  return {
    reject: ({ words }) => ({ opening: ascii(refusal(words)) }),
    ...(patience && { patience }),
    ...(check && { check: () => new GreetingCheck(check.greeting, ascii(check.goodbye)) }),
  };
}

const NEW_LINE = 10;
const NOTHING = new Uint8Array();

/** The longest first line of a greeting that is waited for, in bytes. */
const MAX_LINE = 1024;

/** Hears the greeting, and takes its leave. */
class GreetingCheck implements Check {
  readonly opening = NOTHING;
  #greeting: RegExp;
  #goodbye: Uint8Array;
  #received = NOTHING;

  constructor(greeting: RegExp, goodbye: Uint8Array) {
    this.#greeting = greeting;
    this.#goodbye = goodbye;
  }

  answer(bytes: Uint8Array): ReturnType<Check["answer"]> {
    this.#received = joined(this.#received, bytes);
    const end = this.#received.indexOf(NEW_LINE);
    if (end === -1 && this.#received.length < MAX_LINE) return { bytes: NOTHING, done: false };
    const line = printable(this.#received.subarray(0, end));
    if (this.#greeting.test(line)) return { bytes: this.#goodbye, done: true };
    return { bytes: NOTHING, done: true, problem: `it greets with: ${line.replace(/\?$/, "")}` };
  }
}
