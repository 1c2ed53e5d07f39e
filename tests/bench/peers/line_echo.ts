// The least that answers a line read through TextLineStream: what a start costs that poolgate cannot save.
import { TextLineStream } from "@std/streams/text-line-stream";

const encoder = new TextEncoder();
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(
  new TextLineStream(),
);
for await (const line of lines) await Deno.stdout.write(encoder.encode(`${line}\n`));
