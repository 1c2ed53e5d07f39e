import { assertEquals } from "@std/assert";
import { ipBytes, readAddress, showAddress, unmapped } from "../../lib/io/address.ts";

const tcp = (hostname: string | undefined, port: number) => ({
  transport: "tcp" as const,
  hostname,
  port,
});

const good: [string, ReturnType<typeof readAddress>][] = [
  ["127.0.0.1:7000", tcp("127.0.0.1", 7000)],
  ["db.example:5432", tcp("db.example", 5432)],
  [":7000", tcp(undefined, 7000)],
  ["localhost:0", tcp("localhost", 0)],
  ["[::1]:65535", tcp("::1", 65535)],
  ["[fe80::1:2.3.4.5]:1", tcp("fe80::1:2.3.4.5", 1)],
  ["unix:/run/door.sock", { transport: "unix", path: "/run/door.sock" }],
  ["unix:door", { transport: "unix", path: "door" }],
];

for (const [text, address] of good) {
  Deno.test(`readAddress: ${text}`, () => {
    assertEquals(readAddress(text), address);
    assertEquals(address && showAddress(address), text);
  });
}

for (
  const text of ["", "7000", "host", "host:", "host:65536", "host:-1", "host:1x", "::1:80", "[::1]"]
    .concat(["unix:", "[host]:1", "a:b:1", "host:000080"])
) {
  Deno.test(`readAddress: ${JSON.stringify(text)} is none`, () => {
    assertEquals(readAddress(text), undefined);
  });
}

Deno.test("unmapped: an IPv4 address in IPv6 is that address, any other is as it is", () => {
  assertEquals(unmapped("::ffff:10.0.0.1"), "10.0.0.1");
  for (const ip of ["10.0.0.1", "::1", "::ffff:0:1"]) assertEquals(unmapped(ip), ip);
});

Deno.test("ipBytes: every form of an address, in network order", () => {
  const hex = (ip: string) =>
    ipBytes(ip).map((byte) => byte.toString(16).padStart(2, "0")).join("");
  assertEquals(hex("192.0.2.255"), "c00002ff");
  assertEquals(hex("::"), "0".repeat(32));
  assertEquals(hex("::1"), "1".padStart(32, "0"));
  assertEquals(hex("fe80::"), "fe80".padEnd(32, "0"));
  assertEquals(hex("1:2:3:4:5:6:7:8"), "00010002000300040005000600070008");
  assertEquals(hex("64:ff9b::192.0.2.33"), "0064ff9b" + "0".repeat(16) + "c0000221");
  assertEquals(hex("fe80::abcd%eth0"), "fe80" + "0".repeat(24) + "abcd");
});
