import { assertEquals } from "@std/assert";
import { service as ssh } from "../../../lib/gate/services/ssh.ts";
import { blind, opening, WORDS } from "../../support/rejections.ts";

Deno.test("ssh.reject: is a disconnect for too many connections behind the version, in whole blocks", () => {
  const said = opening(ssh);
  const version = "SSH-2.0-poolgate\r\n";
  const payload = `\x01\0\0\0\x0c\0\0\0${String.fromCharCode(WORDS.length)}${WORDS}\0\0\0\0`;
  const packet = said.slice(version.length);
  const padding = packet.charCodeAt(4);
  assertEquals(said, `${version}\0\0\0${packet[3]}${packet[4]}${payload}${"\0".repeat(padding)}`);
  assertEquals([packet.length % 8, packet.length, padding >= 4], [
    0,
    4 + packet.charCodeAt(3),
    true,
  ]);
  assertEquals(blind(ssh), "");
});
