import { parseArgs } from "./lib/options.ts";
import { Node } from "./lib/node.ts";
import { ConnectionPool } from "./lib/pool.ts";
import { serve } from "./lib/stdio.ts";
parseArgs(Deno.args, { string: [], boolean: [], alias: {}, unknown: () => true });
const pool = new ConnectionPool({ maxConnections: 100, backlogSize: 100 });
await serve({
  input: Deno.stdin,
  output: Deno.stdout,
  node: new Node(pool),
  warn: (t) => console.error(t),
});
