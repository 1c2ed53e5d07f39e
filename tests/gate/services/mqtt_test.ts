import { assertEquals } from "@std/assert";
import { service as mqtt } from "../../../lib/gate/services/mqtt.ts";
import { problemOf } from "../../support/checks.ts";
import { blind, latin1, opening, talk, WORDS } from "../../support/rejections.ts";

Deno.test("mqtt.reject: before version 5, CONNACK says that the server is unavailable", () => {
  assertEquals([opening(mqtt), blind(mqtt)], ["", ""]);
  assertEquals(talk(mqtt, "\x10\x0c\0\x04MQTT\x04"), ["\x20\x02\0\x03", "over"]);
  assertEquals(talk(mqtt, "\x10\x0e\0\x06MQIsdp\x03"), ["\x20\x02\0\x03", "over"]);
});

Deno.test("mqtt.reject: in version 5, it says that it is busy, and why", () => {
  const reason = `\x1f\0${String.fromCharCode(WORDS.length)}${WORDS}`;
  const lengths = [reason.length + 3, reason.length].map((length) => String.fromCharCode(length));
  const connack = `\x20${lengths[0]}\0\x89${lengths[1]}${reason}`;
  assertEquals(talk(mqtt, "\x10\x10\0\x04MQTT\x05"), [connack, "over"]);
  assertEquals(talk(mqtt, "\x10\x90\x02\0\x04MQTT\x05"), [connack, "over"]);
});

Deno.test("mqtt.reject: waits for the version, and ends with anything but CONNECT", () => {
  assertEquals(talk(mqtt, "\x10\x10\0\x04MQTT"), ["", "open"]);
  assertEquals(talk(mqtt, "\xc0\0"), ["", "over"]);
});

Deno.test("mqtt.check: asks for a clean session, and is refused only where there is no server", () => {
  const { opening } = mqtt.check!({ host: "x", path: "/", status: undefined });
  assertEquals(String.fromCharCode(...opening), "\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0");
  const answered = (code: string) => problemOf(mqtt, latin1(`\x20\x02\0${code}`));
  assertEquals(answered("\0"), { said: "\xe0\0", problem: undefined });
  assertEquals(answered("\x05"), { said: "", problem: undefined });
  assertEquals(answered("\x03"), { said: "", problem: "it says: server unavailable" });
  const problem = "it does not answer as MQTT does";
  assertEquals(problemOf(mqtt, latin1("HTTP")), { said: "", problem });
});
