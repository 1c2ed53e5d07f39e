import { assertEquals } from "@std/assert";
import { filesOf, moduleAt, readText } from "../support/modules.ts";

const PAGE = "lib/admin/page/";

Deno.test("PAGE_FILES: the page is served whole, and takes nothing from elsewhere", () => {
  const files = filesOf(PAGE).filter((path) => !path.endsWith(".d.ts"));
  const served = moduleAt("lib/admin/page.ts").imports.map(({ from }) => from)
    .filter((from) => from.startsWith(PAGE));
  assertEquals(served.sort(), files);
  for (const file of files) {
    const { imports, text } = file.endsWith(".js")
      ? moduleAt(file)
      : { imports: [], text: readText(file) };
    const strange = imports.map(({ from }) => from).filter((from) =>
      !from.startsWith(PAGE) && !from.startsWith("uplot/")
    );
    assertEquals(strange, [], file);
    assertEquals(text.match(/(?:src|href|url\(|fetch\()["'=( ]*(?:https?:)?\/\//g), null, file);
  }
});
