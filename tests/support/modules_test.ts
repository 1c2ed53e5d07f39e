import { assertEquals } from "@std/assert";
import { commentLines, findCircle, loadedWith, moduleOf, withoutStrings } from "./modules.ts";

const SAMPLE = `/** import { a } from "./comment.ts"; */
import type { A } from "./a.ts";
import { type B, b } from "../pool/b.ts";
import * as c from "./c.ts"; // import "./trailing.ts";
import d, {
  type E,
} from "@std/assert";
import "./f.ts";
import text from "./page/g.js" with { type: "text" };
export type { H } from "./h.ts";
export * from "./i.ts";
export { type } from "./j.ts";
import type K from "./k.ts";
const late = await import("./l.ts");
type M = import("./m.ts").M;
const words = "// no comment"; const pattern = /"\\/*/; // a "comment"
const template = \`/* none \${nested(\`//\`)}\`; /* one
 of two lines */
`;

Deno.test("moduleOf: finds imports of each kind, and none in comments", () => {
  const { imports } = moduleOf("lib/gate/sample.ts", SAMPLE);
  const of = (wanted: string) =>
    imports.filter(({ kind }) => kind === wanted).map(({ from }) => from).sort();
  assertEquals(of("type"), ["lib/gate/a.ts", "lib/gate/h.ts", "lib/gate/k.ts"]);
  assertEquals(of("value"), [
    ...["@std/assert", "lib/gate/c.ts", "lib/gate/f.ts", "lib/gate/i.ts", "lib/gate/j.ts"],
    ...["lib/gate/page/g.js", "lib/pool/b.ts"],
  ]);
  assertEquals(of("dynamic"), ["lib/gate/l.ts", "lib/gate/m.ts"]);
});

Deno.test("moduleOf: code is the text without comments, with all else that looks like one", () => {
  const { code } = moduleOf("lib/sample.ts", SAMPLE);
  const kept = ['"// no comment"', '/"\\/*/', "`/* none ${nested(`//`)}`"];
  assertEquals(kept.filter((text) => !code.includes(text)), []);
  assertEquals(
    /comment\.ts|trailing|a "comment"|one|two lines/.test(code.replace("none", "")),
    false,
  );
});

Deno.test("commentLines: has each line of each comment, by its number", () => {
  const text = 'a(); // one\nb("// none");\n/*\n * two\n */ c();\n';
  assertEquals(commentLines(text), [
    { line: 1, text: "a(); // one" },
    { line: 3, text: "/*" },
    { line: 4, text: " * two" },
    { line: 5, text: " */ c();" },
  ]);
});

Deno.test("withoutStrings: leaves names, those in templates included", () => {
  assertEquals(withoutStrings(`say("stay" + 'stay', \`\${keeper}\`)`), 'say("" + "", `${keeper}`)');
});

const moduleWith = (name: string, ...imports: string[]) =>
  moduleOf(`lib/${name}.ts`, imports.map((from) => `import ${from}";\n`).join(""));

Deno.test("findCircle: finds one of any kind, of any length, wherever it begins", () => {
  const a = moduleWith("a", '"./b.ts', '{ d } from "./d.ts');
  const b = moduleWith("b", '{ c } from "./c.ts', '"@std/assert');
  const d = moduleWith("d");
  assertEquals(findCircle([a, b, moduleWith("c", '{ d } from "./d.ts'), d]), undefined);
  const circle = ["lib/b.ts", "lib/c.ts", "lib/b.ts"];
  assertEquals(findCircle([d, a, b, moduleWith("c", 'type { B } from "./b.ts')]), circle);
  const lazy = moduleOf("lib/c.ts", 'await import("./b.ts");');
  assertEquals(findCircle([a, b, lazy, d]), circle);
  const itself = moduleWith("d", 'type { D } from "./d.ts');
  assertEquals(findCircle([a, b, itself]), ["lib/d.ts", "lib/d.ts"]);
});

Deno.test("loadedWith: has what is loaded with a file, without types and what is loaded later", () => {
  const modules = [
    moduleWith("a", '"./b.ts', 'type { D } from "./d.ts'),
    moduleOf("lib/b.ts", 'import "./c.ts";\nimport "node:crypto";\nawait import("./e.ts");'),
    moduleWith("c", '"./a.ts'),
    moduleWith("d", '"./f.ts'),
  ];
  assertEquals([...loadedWith(["lib/a.ts"], modules)].sort(), [
    ...["lib/a.ts", "lib/b.ts", "lib/c.ts", "node:crypto"],
  ]);
});
