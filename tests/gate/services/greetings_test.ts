import { assertEquals } from "@std/assert";
import { type GreetingName, greetingService } from "../../../lib/gate/services/greetings.ts";
import { problemOf } from "../../support/checks.ts";
import { bytes } from "../../support/memory_streams.ts";
import { opening, WORDS } from "../../support/rejections.ts";

const length = String.fromCharCode(WORDS.length);

const SAID: Record<GreetingName, string> = {
  smtp: `421 4.3.2 ${WORDS}\r\n`,
  imap: `* BYE [UNAVAILABLE] ${WORDS}\r\n`,
  pop3: `-ERR [IN-USE] ${WORDS}\r\n`,
  ftp: `530 ${WORDS}\r\n`,
  nntp: `400 ${WORDS}\r\n`,
  rsync: `@RSYNCD: 31.0\n@ERROR: ${WORDS}\n`,
  git: `002bERR ${WORDS}`,
  svn: `( failure ( ( 210005 35:${WORDS} 0: 0 ) ) ) `,
  irc: `ERROR :Closing Link: ${WORDS}\r\n`,
  stomp: "ERROR\nmessage:full, 20 are connected and 100 wait\n\n\0",
  vnc: `RFB 003.003\n\0\0\0\0\0\0\0${length}${WORDS}`,
};

for (const [name, said] of Object.entries(SAID)) {
  Deno.test(`${name}.reject: is ${JSON.stringify(said)}, at once`, () => {
    assertEquals(opening(greetingService(name as GreetingName)), said);
  });
}

const CHECKED = {
  smtp: ["220 mx ESMTP\r\n", "QUIT\r\n", "421 busy\r\n"],
  imap: ["* OK ready\r\n", "a LOGOUT\r\n", "* BYE busy\r\n"],
  pop3: ["+OK ready\r\n", "QUIT\r\n", "-ERR busy!\r\n"],
  ftp: ["220 ready!\r\n", "QUIT\r\n", "530 busy!!\r\n"],
  nntp: ["200 ready!\r\n", "QUIT\r\n", "400 busy!!\r\n"],
} as const;

for (const [name, [greeting, goodbye, refusal]] of Object.entries(CHECKED)) {
  Deno.test(`${name}.check: is greeted, and takes its leave; another greeting is a problem`, () => {
    const service = greetingService(name as GreetingName);
    assertEquals(problemOf(service, bytes(greeting)), { said: goodbye, problem: undefined });
    const problem = `it greets with: ${refusal.trimEnd()}`;
    assertEquals(problemOf(service, bytes(refusal)), { said: "", problem });
  });
}
