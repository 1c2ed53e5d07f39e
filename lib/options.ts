import { parseArgs } from "@std/cli/parse-args";
export { parseArgs };
