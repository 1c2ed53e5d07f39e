import { assertEquals } from "@std/assert";
import { HeaderLog, SILENT_ENDS } from "../../lib/gate/header_log.ts";

const NOTE =
  "warn: the upstream has ended 5 connections in a row without a byte: it may not take " +
  "the PROXY header (--proxy-protocol v2)";

function newLog() {
  const notes: string[] = [];
  const log = new HeaderLog("v2", (level, text) => notes.push(`${level}: ${text}`));
  const end = (times: number) => {
    for (let i = 0; i < times; i++) log.endedSilently();
  };
  return { log, notes, end };
}

Deno.test("HeaderLog: notes once that so many connections in a row were ended without a byte", () => {
  const { notes, end } = newLog();
  end(SILENT_ENDS - 1);
  assertEquals(notes, []);
  end(1);
  assertEquals(notes, [NOTE]);
  end(100);
  assertEquals(notes, [NOTE]);
});

Deno.test("HeaderLog: an answer between them begins the count anew", () => {
  const { log, notes, end } = newLog();
  for (let i = 0; i < 3; i++) {
    end(SILENT_ENDS - 1);
    log.answered();
  }
  assertEquals(notes, []);
  end(SILENT_ENDS);
  log.answered();
  end(SILENT_ENDS);
  assertEquals(notes, [NOTE, NOTE]);
});
