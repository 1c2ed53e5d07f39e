import { assertEquals } from "@std/assert";
import { service as modbus } from "../../../lib/gate/services/modbus.ts";
import { blind, opening, talk } from "../../support/rejections.ts";

const request = "\x16\x03\0\0\0\x06\x11\x03\0\x6b\0\x03";

Deno.test("modbus.reject: a request gets the exception busy, with its transaction, unit and function", () => {
  assertEquals([opening(modbus), blind(modbus)], ["", ""]);
  assertEquals(talk(modbus, request), ["\x16\x03\0\0\0\x03\x11\x83\x06", "over"]);
});

Deno.test("modbus.reject: waits for the function, and ends with another protocol", () => {
  assertEquals(talk(modbus, request.slice(0, 7)), ["", "open"]);
  assertEquals(talk(modbus, "\0\x01\0\x01\0\x06\x11\x03"), ["", "over"]);
});
