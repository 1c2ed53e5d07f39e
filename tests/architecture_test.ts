/**
 * The house rules that a reader of the code relies on, held to the code itself. They are rules for
 * folders, and for what is imported: a new file needs no entry here.
 */

import { assertEquals } from "@std/assert";
import {
  commentLines,
  filesOf,
  findCircle,
  loadedWith,
  type Module,
  moduleAt,
  modulesOf,
  readText,
  withoutStrings,
} from "./support/modules.ts";

/** What a room is for, and what it may import. */
interface Room {
  /** Folders and files, beside the room itself. Types count, too. */
  imports: readonly string[];
  /** Packages, or their beginnings. */
  packages?: readonly string[];
  /** Whether all of it decides only: without streams, time, promises or the runtime. */
  pure?: boolean;
}

/** The rooms, by their folder; `lib/stdio.ts` stands beside them, `main.ts` puts all together. */
const ROOMS: Readonly<Record<string, Room>> = {
  "main.ts": { imports: ["lib/"], packages: ["node:process"] },
  "lib/cli/": {
    // Types and words only: see below.
    imports: [
      ...["lib/admin/", "lib/gate/", "lib/cluster/"],
      ...["lib/protocol/", "lib/pool/", "lib/io/"],
    ],
    packages: ["@std/cli/", "@std/text/"],
    pure: true,
  },
  "lib/admin/": {
    imports: ["lib/pool/", "lib/protocol/", "lib/io/"],
    packages: ["prom-client", "hdr-histogram-js/", "uplot/", "node:crypto"],
  },
  "lib/gate/": { imports: ["lib/pool/", "lib/protocol/", "lib/io/"] },
  "lib/cluster/": { imports: ["lib/pool/", "lib/io/"], packages: ["@redis/client"] },
  "lib/stdio.ts": { imports: ["lib/protocol/", "lib/io/"] },
  "lib/protocol/": {
    imports: ["lib/pool/", "lib/io/ascii_buffer.ts", "lib/io/json_text.ts"],
    pure: true,
  },
  "lib/pool/": { imports: ["lib/io/linked_list.ts", "lib/io/id_table.ts"], pure: true },
  "lib/io/": { imports: [], packages: ["@std/streams/", "node:net", "node:http", "node:stream"] },
};

/** What is pure although its room is not. So is a file whose first comment has the word `Pure`. */
const PURE_FOLDERS = ["lib/gate/services/"];

/** Those that touch the runtime: they open what everyone else is given, or see if they may. */
const RUNTIME = ["lib/io/network.ts", "lib/io/permissions.ts", "lib/io/standard_streams.ts"];

/** What decides nothing by itself: the runtime, time, and what comes later. */
const IMPURE = [
  ...["Deno", "globalThis", "console", "fetch", "crypto", "Date", "performance"],
  ...["Promise", "async", "await", "setTimeout", "setInterval", "queueMicrotask"],
  ...["ReadableStream", "TransformStream", "WritableStream"],
];

/** Words that are no names here, for which the field has others. */
const NOT_NAMES = [
  ...["roster", "follower", "watcher", "keeper", "stay", "farewell", "intake", "outlet"],
  ...["storm", "deadlines", "dismissed", "patient"],
];

const MAX_COLUMNS = 100;

/** Types of the @std packages, which are no part of any room. */
const PACKAGE_TYPES = "lib/std.d.ts";

/** Texts that the program prints: no modules. */
const PRINTED = "lib/cli/files/";

/** What runs in the browser; the program only passes it on. */
const PAGE = "lib/admin/page/";

const LIB = modulesOf("lib/").filter(({ path }) => path !== PACKAGE_TYPES);
const SERVER = LIB.filter(({ path }) => !path.startsWith(PAGE));
const ALL = [moduleAt("main.ts"), ...LIB];

function inRoom(room: string): Module[] {
  return ALL.filter(({ path }) => path.startsWith(room));
}

function isFile(from: string): boolean {
  return from === "main.ts" || from.startsWith("lib/");
}

function startsWithAny(text: string, beginnings: readonly string[]): boolean {
  return beginnings.some((beginning) => text.startsWith(beginning));
}

function matches(modules: readonly Module[], pattern: RegExp): string[] {
  return modules.flatMap(({ path, code }) =>
    [...code.matchAll(pattern)].map(([of]) => `${path}: ${of}`)
  );
}

Deno.test("architecture: every file of lib is in a room, or is one beside them", () => {
  assertEquals(LIB.length > 50, true, `only ${LIB.length} files were found`);
  const outside = filesOf("lib/").filter((path) =>
    path !== PACKAGE_TYPES && !startsWithAny(path, Object.keys(ROOMS))
  );
  assertEquals(outside, []);
});

for (const [name, { imports, packages = [] }] of Object.entries(ROOMS)) {
  Deno.test(`architecture: ${name} imports no more than it may, types included`, () => {
    const allowed = [name, ...imports, ...packages];
    const strange = inRoom(name).flatMap(({ path, imports }) =>
      imports.filter(({ from }) => !startsWithAny(from, allowed)).map(({ from }) =>
        `${path}: ${from}`
      )
    );
    assertEquals(strange, []);
  });
}

Deno.test("architecture: nothing is imported under a name that the program makes up", () => {
  assertEquals(matches(ALL, /\bimport\s*\((?!\s*")[^)]*/g), []);
});

Deno.test("architecture: nobody imports main.ts, and the command line only main.ts", () => {
  const importers = LIB.flatMap(({ path, imports }) =>
    imports.filter(({ from }) =>
      from === "main.ts" || (from.startsWith("lib/cli/") && !path.startsWith("lib/cli/"))
    ).map(({ from }) => `${path}: ${from}`)
  );
  assertEquals(importers, []);
});

Deno.test("architecture: there is no circle of imports, of any kind", () => {
  assertEquals(findCircle(ALL)?.join(" -> "), undefined);
});

/** What has to be pure, with all that it loads. */
function purePaths(): string[] {
  const rooms = Object.keys(ROOMS).filter((name) => ROOMS[name]?.pure);
  const says = (text: string) => /^\/\*\*(?:(?!\*\/)[^])*\bPure\b/.test(text);
  const pure = SERVER.filter(({ path, text }) =>
    startsWithAny(path, [...rooms, ...PURE_FOLDERS]) || says(text)
  );
  // Scripts of other languages are texts to us.
  return [...loadedWith(pure.map(({ path }) => path), ALL)]
    .filter((from) => isFile(from) && !from.startsWith(PRINTED) && !from.endsWith(".lua"));
}

Deno.test("architecture: what decides, and all that it loads, knows no runtime, time or promise", () => {
  const paths = purePaths();
  assertEquals(paths.length > 30, true, `only ${paths.length} pure files were found`);
  const pure = ALL.filter(({ path }) => paths.includes(path));
  assertEquals(pure.length, paths.length);
  assertEquals(matches(pure, new RegExp(`\\b(${IMPURE.join("|")})\\b`, "g")), []);
});

Deno.test("architecture: of the other rooms, the command line loads only constants and functions", () => {
  const own = inRoom("lib/cli/").map(({ path }) => path);
  const loaded = [...loadedWith(own, ALL)].filter((path) => isFile(path) && !own.includes(path));
  const words = ALL.filter(({ path }) => loaded.includes(path));
  assertEquals(words.length > 3, true, `only ${loaded} were found`);
  assertEquals(matches(words, /\bclass \w+/g), []);
});

Deno.test("architecture: only those files of io that open something, or look whether they may, touch the runtime", () => {
  const others = SERVER.filter(({ path }) => !RUNTIME.includes(path));
  assertEquals(others.length, SERVER.length - RUNTIME.length);
  assertEquals(matches(others, /\b(Deno\.(?!errors\b)\w+|console|globalThis|process)\b/g), []);
});

Deno.test("architecture: only main.ts reads arguments and environment, and ends the program", () => {
  assertEquals(matches(SERVER, /\bDeno\.(args|env|exit\w*|addSignalListener|pid|ppid)\b/g), []);
});

Deno.test("architecture: the default way in loads no more than it needs", () => {
  const loaded = [...loadedWith(["main.ts"], ALL)].sort();
  const later = ALL[0]!.imports.filter(({ kind }) => kind === "dynamic").map(({ from }) => from);
  assertEquals(later.length > 5, true, `main.ts loads only ${later} when they are needed`);
  const packages = loaded.filter((from) => !isFile(from));
  const needless = loaded.filter((from) =>
    later.includes(from) || startsWithAny(from, ["lib/gate/", "lib/admin/", "lib/cluster/"])
  );
  const all = `it loads ${loaded.join(", ")}`;
  assertEquals(packages, ["@std/streams/text-line-stream"], all);
  assertEquals(needless, [], all);
});

Deno.test("architecture: every module begins with what it owns", () => {
  const silent = ALL.filter(({ text }) =>
    !/^(?:\/\/[^\n]*\n)*\/\*\*\n(?:(?!\*\/)[^])* \* @module\n \*\/\n/.test(text)
  );
  assertEquals(silent.map(({ path }) => path), []);
});

Deno.test(`architecture: no comment is wider than ${MAX_COLUMNS} columns`, () => {
  const wide = [...ALL, moduleAt(PACKAGE_TYPES)].flatMap(({ path, text }) =>
    commentLines(text).filter(({ text }) => text.length > MAX_COLUMNS)
      .map(({ line }) => `${path}:${line}`)
  );
  assertEquals(wide, []);
});

/** The words that a name consists of: `onPromotedClient`, `MAX_CLIENT_ID` or `promoted_client.ts`. */
function wordsOf(name: string): string[] {
  return name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/).map((word) => word.toLowerCase());
}

function isNoName(word: string): boolean {
  return NOT_NAMES.some((not) => word === not || word === `${not}s`);
}

Deno.test("architecture: the names are the field's", () => {
  const used = ALL.flatMap(({ path, code }) =>
    [path, ...withoutStrings(code).match(/[A-Za-z_$][\w$]*/g) ?? []]
      .filter((name) => wordsOf(name).some(isNoName)).map((name) => `${path}: ${name}`)
  );
  assertEquals(used, []);
});

Deno.test("architecture: the README names every room of lib", () => {
  const readme = readText("README.md");
  const start = readme.indexOf("\n## How it works\n");
  const end = readme.indexOf("\n## ", start + 1);
  assertEquals(start !== -1 && end !== -1, true, "README.md has no section on how it works");
  const section = readme.slice(start, end);
  const rooms = [...Deno.readDirSync(new URL("../lib/", import.meta.url))]
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => `lib/${name}/`);
  assertEquals(rooms.filter((room) => !section.includes(room)), []);
});

/** The tests that start the program from outside: they are run against the executable, too. */
const OUTSIDE = ["tests/program/", "tests/servers/", "tests/clients/"];

Deno.test("architecture: the tests from outside import nothing of lib, nor does what they import", () => {
  const seen = new Set(OUTSIDE.flatMap(modulesOf).map(({ path }) => path));
  assertEquals(seen.size >= 10, true, `only ${[...seen]} were found`);
  for (const file of seen) {
    const paths = moduleAt(file).imports.map(({ from }) => from);
    assertEquals(paths.filter(isFile), [], file);
    for (const path of paths) if (path.startsWith("tests/")) seen.add(path);
  }
});

Deno.test("architecture: the tests that start the program stand with those from outside", () => {
  const inside = modulesOf("tests/").filter(({ path }) =>
    path.endsWith("_test.ts") && !startsWithAny(path, OUTSIDE)
  );
  const starting = inside.filter(({ imports }) =>
    imports.some(({ from }) => from === "tests/support/program.ts")
  );
  assertEquals(starting.map(({ path }) => path), []);
});

const tracked = await new Deno.Command("git", {
  args: ["ls-files"],
  cwd: new URL("../", import.meta.url),
}).output()
  .then(({ success, stdout }) => success ? new TextDecoder().decode(stdout) : "")
  .catch(() => "");

Deno.test({
  name: "architecture: the project keeps its few files at the top, and no others" +
    (tracked === "" ? " (skipped: this is no git checkout)" : ""),
  ignore: tracked === "",
  fn: () => {
    const allowed = [
      ...[".ci", ".gitignore", "LICENSE", "README.md", "deno.json", "deno.lock"],
      ...["findings", "lib", "main.ts", "tests"],
    ];
    const top = new Set(tracked.trim().split("\n").map((path) => path.split("/")[0] ?? ""));
    assertEquals([...top].filter((name) => !allowed.includes(name)), []);
  },
});
