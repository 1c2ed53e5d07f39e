import { assertEquals } from "@std/assert";
import { proxyHeader } from "../../lib/gate/proxy_protocol.ts";

const V4 = { client: { ip: "192.0.2.1", port: 56324 }, gate: { ip: "198.51.100.2", port: 443 } };
const V6 = {
  client: { ip: "2001:db8::1", port: 1 },
  gate: { ip: "::ffff:0:1.2.3.4", port: 65535 },
};

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const hex = (bytes: Uint8Array) =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const SIGNATURE = "0d0a0d0a000d0a515549540a";

Deno.test("proxyHeader v1: one line with the family, both addresses and both ports", () => {
  assertEquals(text(proxyHeader("v1", V4)), "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n");
  assertEquals(text(proxyHeader("v1", V6)), "PROXY TCP6 2001:db8::1 ::ffff:0:1.2.3.4 1 65535\r\n");
});

Deno.test("proxyHeader v2: the signature, the family and the addresses in network order", () => {
  assertEquals(hex(proxyHeader("v2", V4)), `${SIGNATURE}2111000cc0000201c6336402dc0401bb`);
  assertEquals(
    hex(proxyHeader("v2", V6)),
    `${SIGNATURE}21210024` +
      "20010db8000000000000000000000001" +
      "0000000000000000ffff000001020304" +
      "0001ffff",
  );
});

Deno.test("proxyHeader: for a client without an address, v1 says UNKNOWN, v2 LOCAL", () => {
  assertEquals(text(proxyHeader("v1", undefined)), "PROXY UNKNOWN\r\n");
  assertEquals(hex(proxyHeader("v2", undefined)), `${SIGNATURE}20000000`);
});
