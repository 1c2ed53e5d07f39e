/**
 * The files for people who run poolgate: texts that stand in `files/`, and the manual page, which
 * is made of the flags that there are.
 *
 * @module
 */

import { FILE_NAMES } from "./file_names.ts";
import dockerfile from "./files/Dockerfile" with { type: "text" };
import kubernetes from "./files/kubernetes.yaml" with { type: "text" };
import systemd from "./files/poolgate.service" with { type: "text" };
import systemdTemplate from "./files/poolgate@.service" with { type: "text" };
import { MAN_PAGE } from "./man_page.ts";
import { oneOf, type Reading } from "./settings.ts";

/**
 * Reads the name of a file.
 *
 * @returns Its text, without the end of the last line.
 */
export function readFileName(name: string): Reading<string> {
  const reading = oneOf(FILE_NAMES)(name);
  return "value" in reading ? { value: FILES[reading.value].trimEnd() } : reading;
}

const FILES = {
  systemd,
  "systemd-template": systemdTemplate,
  dockerfile,
  kubernetes,
  man: MAN_PAGE,
} as const;
