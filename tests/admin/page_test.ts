import { assertEquals } from "@std/assert";
import { filesOf, moduleAt, readText } from "../support/modules.ts";

const PAGE = "lib/admin/page/";

/** The names of the colours that mean something. */
const MEANINGS = ["--place", "--waiting", "--turned-away", "--let-in", "--fault", "--held"];

/** The variables of the style sheet in each scheme, and what stands beside these. */
function variables(): { light: Map<string, string>; dark: Map<string, string>; rest: string } {
  const text = readText(`${PAGE}page.css`);
  const roots = [...text.matchAll(/:root \{[^}]*--place:[^}]*\}/g)].map(([root]) => root);
  assertEquals(roots.length, 2);
  const [light, dark] = roots.map((root) =>
    new Map([...root.matchAll(/(--[\w-]+): ([^;]+);/g)].map(([, name, value]) => [name!, value!]))
  ) as [Map<string, string>, Map<string, string>];
  return { light, dark, rest: roots.reduce((rest, root) => rest.replace(root, ""), text) };
}

Deno.test("page.css: each meaning has a colour of its own, in both schemes", () => {
  const { light, dark } = variables();
  for (const scheme of [light, dark]) {
    const colours = MEANINGS.map((name) => scheme.get(name));
    assertEquals(
      colours.every((colour) => /^#[0-9a-f]{6}$/.test(colour ?? "")),
      true,
      `${colours}`,
    );
    assertEquals(new Set([...colours, scheme.get("--ink"), scheme.get("--soft")]).size, 8);
  }
});

Deno.test("page.css: colours are named by what they mean, and each name that is used is one", () => {
  const { light, rest } = variables();
  // What dims the page behind a question is no colour of the page.
  const literal = rest.replace("background: #0008;", "").match(/#[0-9a-f]{3,8}\b(?=;)|rgb\(/g);
  assertEquals(literal, null);
  const known = [...light.keys(), "--colour", "--band"];
  const scripts = filesOf(PAGE).filter((path) => path.endsWith(".js")).map(readText).join("\n");
  const used = `${rest}\n${scripts}`.match(/(?<=var\(|")--[\w-]+/g) ?? [];
  assertEquals(used.length > 40, true, `only ${used} were found`);
  assertEquals(used.filter((name) => !known.includes(name)), []);
});

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
