import { assertEquals } from "@std/assert";
import { service as dicom } from "../../../lib/gate/services/dicom.ts";
import { blind, opening, talk } from "../../support/rejections.ts";

Deno.test("dicom.reject: a request for an association is rejected for a while, for a local limit", () => {
  assertEquals([opening(dicom), blind(dicom)], ["", ""]);
  assertEquals(talk(dicom, "\x01"), ["\x03\0\0\0\0\x04\0\x02\x03\x02", "over"]);
  assertEquals(talk(dicom, "\x04"), ["", "over"]);
});
