/** The house rules that a reader of the code relies on, held to the code itself. */

import { assertEquals } from "@std/assert";

const ROOT = new URL("../", import.meta.url);

/** Decide, without streams, time, promises or the runtime. They import each other only. */
const PURE = [
  "admin/history.ts",
  "admin/quantile.ts",
  "address.ts",
  "admin_options.ts",
  "ascii_buffer.ts",
  "backlog.ts",
  "client_table.ts",
  "decode.ts",
  "duration.ts",
  "encode.ts",
  "farewell.ts",
  "flags.ts",
  "gate_options.ts",
  "help.ts",
  "json_text.ts",
  "node.ts",
  "options.ts",
  "pool.ts",
  "postgres_farewell.ts",
  "protocol.ts",
  "proxy_protocol.ts",
  "roster.ts",
  "sources.ts",
];

/** Move bytes, between streams that they are given. They import each other and the pure. */
const EDGES = [
  "admin/changes.ts",
  "admin/credentials.ts",
  "admin/http.ts",
  "admin/ledger.ts",
  "admin/live_feed.ts",
  "admin/metrics.ts",
  "admin/open_admin.ts",
  "admin/page.ts",
  "admin/report.ts",
  "admin/routes.ts",
  "admin/steady_server.ts",
  "admin/timings.ts",
  "clock.ts",
  "connection.ts",
  "deadlines.ts",
  "forward.ts",
  "forward_session.ts",
  "gate.ts",
  "intake.ts",
  "limits_note.ts",
  "lines.ts",
  "log.ts",
  "native_session.ts",
  "open_gate.ts",
  "outlet.ts",
  "session.ts",
  "socket.ts",
  "spare_buffers.ts",
  "stdio.ts",
  "storm.ts",
  "upstream.ts",
];

/** Opens what the edges are given. */
const NETWORK = ["http_server.ts", "network.ts"];

/** What decides nothing by itself: the runtime, time, and what comes later. */
const IMPURE = [
  ...[
    "Deno",
    "globalThis",
    "console",
    "fetch",
    "crypto",
    "Date",
    "performance",
    "Promise",
    "async",
  ],
  ...["await", "setTimeout", "setInterval", "queueMicrotask", "ReadableStream", "TransformStream"],
];

/** What runs in the browser; the program only passes it on. */
const PAGE = "lib/admin/page";

/** The packages, and who may import them. */
const PACKAGES: Record<string, string[]> = {
  "@std/cli/parse-args": ["flags.ts"],
  "@std/streams/text-line-stream": ["lines.ts"],
  "node:crypto": ["admin/credentials.ts"],
  "prom-client": ["admin/metrics.ts", "admin/timings.ts"],
  "uplot/dist/uPlot.iife.min.js": ["admin/page.ts"],
  "uplot/dist/uPlot.min.css": ["admin/page.ts"],
};

/** The files of lib/ and of its folders, but for those of the page, which run in a browser. */
const LIB = filesOf("lib/").map((path) => path.slice("lib/".length)).sort();

function filesOf(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) => {
    const path = folder + name;
    if (path === PAGE) return [];
    return isDirectory ? filesOf(`${path}/`) : [path];
  });
}

async function source(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, ROOT));
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

function imports(code: string): string[] {
  const specifiers = code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g);
  return [...specifiers].map(([, specifier = ""]) => specifier);
}

/** A specifier as a path from the top, unless it names a package. */
function resolved(specifier: string, importer: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return new URL(specifier, new URL(importer, ROOT)).href.slice(ROOT.href.length);
}

async function strangers(file: string, allowed: string[]): Promise<string[]> {
  const packages = Object.keys(PACKAGES).filter((name) => PACKAGES[name]?.includes(file));
  const known = [...allowed.map((name) => `lib/${name}`), ...packages];
  return imports(withoutComments(await source(`lib/${file}`)))
    .map((specifier) => resolved(specifier, `lib/${file}`))
    .filter((path) => !known.includes(path) && !path.startsWith(`${PAGE}/`));
}

Deno.test("architecture: every file of lib is pure, an edge, the network, or the types of @std", () => {
  assertEquals(LIB, [...PURE, ...EDGES, ...NETWORK, "std.d.ts"].sort());
});

const tracked = await new Deno.Command("git", { args: ["ls-files"], cwd: ROOT }).output()
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

for (const file of PURE) {
  Deno.test(`architecture: ${file} imports only what is pure`, async () => {
    assertEquals(await strangers(file, PURE), []);
  });

  Deno.test(`architecture: ${file} knows no runtime, time or promise`, async () => {
    const impure = new RegExp(`\\b(${IMPURE.join("|")})\\b`, "g");
    assertEquals(withoutComments(await source(`lib/${file}`)).match(impure), null);
  });
}

for (const file of NETWORK) {
  Deno.test(`architecture: ${file} imports only the network, edges and what is pure`, async () => {
    assertEquals(await strangers(file, [...PURE, ...EDGES, ...NETWORK]), []);
  });
}

for (const file of EDGES) {
  Deno.test(`architecture: ${file} imports only edges and what is pure`, async () => {
    assertEquals(await strangers(file, [...PURE, ...EDGES]), []);
  });

  Deno.test(`architecture: ${file} takes its streams as arguments`, async () => {
    const reached = /\b(Deno\.(?!errors\b)\w+|console|globalThis|process)\b/g;
    assertEquals(withoutComments(await source(`lib/${file}`)).match(reached), null);
  });
}

/** What the default mode loads; the rest is only for those who ask for it. */
const DEFAULT = [
  ...["ascii_buffer.ts", "backlog.ts", "client_table.ts", "decode.ts", "encode.ts"],
  ...["json_text.ts", "lines.ts", "log.ts", "node.ts", "options.ts", "outlet.ts", "pool.ts"],
  ...["protocol.ts", "roster.ts", "stdio.ts"],
];

Deno.test("architecture: the default mode loads no more than it needs", async () => {
  const loaded = new Set<string>();
  const load = async (path: string) => {
    const code = withoutComments(await source(path)).replace(/\bimport type [^;]*;/g, "");
    for (const [, specifier = ""] of code.matchAll(/\bfrom "([^"]+)"/g)) {
      if (!specifier.startsWith(".")) continue;
      const file = resolved(specifier, path);
      if (loaded.has(file)) continue;
      loaded.add(file);
      await load(file);
    }
  };
  await load("main.ts");
  assertEquals([...loaded].sort(), DEFAULT.map((file) => `lib/${file}`));
});

/** The tests that start the program from outside: they are run against the executable, too. */
const OUTSIDE = ["tests/program/", "tests/servers/"];

Deno.test("architecture: the tests from outside import nothing of lib, nor does what they import", async () => {
  const seen = new Set(OUTSIDE.flatMap(filesOf).filter((path) => path.endsWith(".ts")));
  assertEquals(seen.size >= 10, true, `only ${[...seen]} were found`);
  for (const file of seen) {
    const paths = imports(await source(file)).map((specifier) => resolved(specifier, file));
    assertEquals(paths.filter((path) => /^(lib\/|main\.ts)/.test(path)), [], file);
    for (const path of paths) if (path.startsWith("tests/")) seen.add(path);
  }
});

Deno.test("architecture: the tests that start the program stand with those from outside", async () => {
  const inside = filesOf("tests/").filter((path) => !OUTSIDE.some((at) => path.startsWith(at)));
  for (const file of inside.filter((path) => path.endsWith("_test.ts"))) {
    const paths = imports(await source(file)).map((specifier) => resolved(specifier, file));
    assertEquals(paths.filter((path) => path === "tests/support/program.ts"), [], file);
  }
});

Deno.test("architecture: the page is served whole, and takes nothing from elsewhere", async () => {
  const files = [...Deno.readDirSync(new URL(`${PAGE}/`, ROOT))].map(({ name }) => name)
    .filter((name) => !name.endsWith(".d.ts")).sort();
  const served = imports(await source("lib/admin/page.ts"))
    .filter((specifier) => specifier.startsWith("./page/"));
  assertEquals(served.map((specifier) => specifier.slice("./page/".length)).sort(), files);
  for (const file of files) {
    const code = await source(`${PAGE}/${file}`);
    if (file.endsWith(".js")) {
      const strange = imports(withoutComments(code)).filter((path) =>
        !path.startsWith("./") && !path.startsWith("uplot/")
      );
      assertEquals(strange, [], file);
    }
    assertEquals(code.match(/(?:src|href|url\(|fetch\()["'=( ]*(?:https?:)?\/\//g), null, file);
  }
});

Deno.test("architecture: the README names every file of lib", async () => {
  const readme = await source("README.md");
  const map = readme.slice(readme.indexOf("## How it works"), readme.indexOf("The way of a line:"));
  assertEquals(LIB.filter((file) => !map.includes(file)), []);
});

Deno.test("architecture: every module begins with what it owns", async () => {
  const page = filesOf(`${PAGE}/`).filter((path) => /\.(js|ts)$/.test(path));
  const lib = [...PURE, ...EDGES, ...NETWORK].map((file) => `lib/${file}`);
  for (const path of ["main.ts", ...lib, ...page]) {
    const code = (await source(path)).replace(/^(\/\/[^\n]*\n)+/, "");
    assertEquals(code.startsWith("/**\n"), true, path);
  }
});
