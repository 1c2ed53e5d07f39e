/**
 * The sources of the project as text, and what they import: for the tests that hold the code to its
 * rules. Imports nothing from lib/.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** How something is imported: as types only, together with the importer, or when it is needed. */
export type ImportKind = "type" | "value" | "dynamic";

/** One import. */
export interface Import {
  kind: ImportKind;
  /** The file from the top, such as `lib/pool/pool.ts`, or the package as it is written. */
  from: string;
}

/** One file of TypeScript or JavaScript. */
export interface Module {
  /** From the top, such as `lib/pool/pool.ts`. */
  path: string;
  text: string;
  /** Its text without comments. */
  code: string;
  imports: readonly Import[];
}

/** @param path From the top of the project. */
export function readText(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** @returns Our files of a folder and of those in it, from the top, in order. */
export function filesOf(folder: string): string[] {
  const entries = [...Deno.readDirSync(new URL(folder, ROOT))]
    .filter(({ name }) => name !== "node_modules");
  return entries.flatMap(({ name, isDirectory }) =>
    isDirectory ? filesOf(`${folder}${name}/`) : [`${folder}${name}`]
  ).sort();
}

/** Reads a file. */
export function moduleAt(path: string): Module {
  return moduleOf(path, readText(path));
}

/** @returns The modules of a folder and of those in it. */
export function modulesOf(folder: string): Module[] {
  return filesOf(folder).filter((path) => /\.[jt]s$/.test(path)).map(moduleAt);
}

/** @param path Where a text stands, or would. */
export function moduleOf(path: string, text: string): Module {
  const code = withoutComments(text);
  const imports = importsOf(code).map(({ kind, from }) => ({ kind, from: resolved(from, path) }));
  return { path, text, code, imports };
}

/** Comments, and what may hold what looks like one: strings, templates, regular expressions. */
const TOKEN = new RegExp(
  [
    /\/\*[^]*?\*\/|\/\/[^\n]*/,
    /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/,
    /`(?:\\.|\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\}|[^`\\])*`/,
    /(?<=(?:^|[(,=:[!&|?{};\n]|return|=>)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//,
  ].map(({ source }) => source).join("|"),
  "g",
);

function withoutComments(text: string): string {
  return text.replace(TOKEN, (token) => /^\/[*/]/.test(token) ? "" : token);
}

/** @returns Code without the text of its strings; templates keep theirs, with the names in it. */
export function withoutStrings(code: string): string {
  return code.replace(TOKEN, (token) => /^["']/.test(token) ? '""' : token);
}

/** @returns Each comment, as the lines that it stands on. */
export function commentLines(text: string): { line: number; text: string }[] {
  const lines = text.split("\n");
  const found = new Set<number>();
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (!/^\/[*/]/.test(token)) continue;
    const first = text.slice(0, index).split("\n").length;
    for (let at = 0; at < token.split("\n").length; at++) found.add(first + at);
  }
  return [...found].map((line) => ({ line, text: lines[line - 1] ?? "" }));
}

function importsOf(code: string): Import[] {
  const imports: Import[] = [];
  const add = (kind: ImportKind, from = "") => imports.push({ kind, from });
  const named = /\b(?:import|export)\s+(type\s[^"';()]*?|[^"';()]*?)\bfrom\s*"([^"]+)"/g;
  for (const [, names = "", from] of code.matchAll(named)) {
    add(/^type\s+[\w{*]/.test(names) ? "type" : "value", from);
  }
  for (const [, from] of code.matchAll(/\bimport\s*"([^"]+)"/g)) add("value", from);
  for (const [, from] of code.matchAll(/\bimport\s*\(\s*"([^"]+)"/g)) add("dynamic", from);
  return imports;
}

function resolved(specifier: string, importer: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return new URL(specifier, new URL(importer, ROOT)).href.slice(ROOT.href.length);
}

/** @returns The files that are loaded with these, themselves included; no types, nothing dynamic. */
export function loadedWith(paths: readonly string[], modules: readonly Module[]): Set<string> {
  const known = new Map(modules.map((module) => [module.path, module]));
  const loaded = new Set(paths);
  for (const path of loaded) {
    for (const { kind, from } of known.get(path)?.imports ?? []) {
      if (kind === "value") loaded.add(from);
    }
  }
  return loaded;
}

/**
 * Looks for a circle of imports, of any kind.
 *
 * @returns The files on one, the first once more at the end; `undefined` where there is none.
 */
export function findCircle(modules: readonly Module[]): string[] | undefined {
  const known = new Map(modules.map((module) => [module.path, module]));
  const done = new Set<string>();
  const visit = (path: string, way: string[]): string[] | undefined => {
    const at = way.indexOf(path);
    if (at !== -1) return [...way.slice(at), path];
    if (done.has(path)) return undefined;
    for (const { from } of known.get(path)?.imports ?? []) {
      const circle = visit(from, [...way, path]);
      if (circle !== undefined) return circle;
    }
    done.add(path);
    return undefined;
  };
  for (const { path } of modules) {
    const circle = visit(path, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
