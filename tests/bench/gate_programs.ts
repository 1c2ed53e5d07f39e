/**
 * The programs that the gate's benchmark needs: how each is started, with ports that were free and a folder of its
 * own, what it tells of itself, and that none outlives the benchmark. Measures nothing.
 *
 * @module
 */

import { TextLineStream } from "@std/streams/text-line-stream";

export const HOST = "127.0.0.1";
const HERE = new URL(".", import.meta.url).pathname;
const ROOT = new URL("../../", import.meta.url).pathname;

/** How many may wait for a place. */
const BACKLOG = 6000;

/** HAProxy refuses to start where twice as many files may not be open at once. */
const HAPROXY_CONNECTIONS = 9000;

/** Each of these may hold a pipe, which is two files more, so there are to be fewer. */
const SPLICING_CONNECTIONS = 1000;

const START_LIMIT_MS = 10_000;

/** The unit of /proc's times, as Linux shows it to programs on all that Deno runs on. */
const TICKS_PER_SECOND = 100;

const binary = Deno.env.get("POOLGATE_BENCH_BINARY");
const poolgate: [string, ...string[]] = binary === undefined
  ? [Deno.execPath(), "run", "--quiet", "--allow-net", `${ROOT}main.ts`]
  : [binary];

/** A program that runs until it is ended. */
export interface Program {
  pid: number;
  port: number;
  end(): Promise<void>;
}

/** The web server behind the proxies. */
export interface Server extends Program {
  /** How many connections are open, the one that asks included, and how many requests there were so far. */
  status(): Promise<{ open: number; requests: number }>;
}

/** A program that lets so many connections in at once. */
export interface Proxy extends Program {
  /** How many connections wait for a place. */
  queued(): Promise<number>;
}

/** poolgate as the proxy. */
export interface Poolgate extends Proxy {
  /** Where it serves operators; `undefined` where it does not. */
  adminPort: number | undefined;
}

/** What poolgate may do that it does not by itself. */
export interface PoolgateOptions {
  /** Whether it serves operators. */
  admin?: boolean;
  /** The port of the Redis that keeps its pool; left out, it keeps the pool itself. */
  redisPort?: number;
  /** How many may wait. */
  backlog?: number;
  /** How it tells those that it turns away. */
  rejectAs?: string;
}

/** What HAProxy may do that it does not by itself. */
export interface HaproxyOptions {
  splicing?: boolean;
}

/** Connections that were opened at once and are left open. */
export interface Crowd {
  /** When the first was begun and the last was open, in milliseconds of the wall clock. */
  opened: Promise<[number, number]>;
  end(): Promise<void>;
}

/** What a process has used. */
export interface Usage {
  cpuSeconds: number;
  residentBytes: number;
}

/** Reads it from /proc, with the help of a program that may: Deno reads there only where everything is allowed. */
export async function usage({ pid }: Program): Promise<Usage> {
  const files = [`/proc/${pid}/stat`, `/proc/${pid}/status`];
  const { success, stdout } = await new Deno.Command("cat", { args: files }).output();
  const text = new TextDecoder().decode(stdout);
  if (!success) throw new Error(`process ${pid} is gone`);
  // The name, in parentheses, may have spaces; utime and stime are the 14th and 15th field.
  const fields = text.slice(text.lastIndexOf(") ", text.indexOf("\n")) + 2).split(" ");
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1];
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    residentBytes: Number(resident) * 1024,
  };
}

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Starts programs, and ends them. */
export class Stage {
  #folder = Deno.makeTempDirSync({ prefix: "poolgate-bench-" });
  #children = new Set<Deno.ChildProcess>();
  #haproxies = 0;
  #signals = new Map<Deno.Signal, () => void>();

  constructor() {
    for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15]] as const) {
      const end = () => {
        this.#kill();
        Deno.removeSync(this.#folder, { recursive: true });
        Deno.exit(128 + number);
      };
      this.#signals.set(signal, end);
      Deno.addSignalListener(signal, end);
    }
  }

  /** Ends all that run. */
  async close(): Promise<void> {
    for (const [signal, end] of this.#signals) Deno.removeSignalListener(signal, end);
    const ended = [...this.#children].map(({ status }) => status);
    this.#kill();
    await Promise.all(ended);
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** Runs a program to its end, and returns what it wrote to stdout. */
  async run(program: string, ...args: string[]): Promise<string> {
    const child = this.#spawn(program, args, { stderr: "inherit", stdout: "piped" });
    const { success, stdout } = await child.output();
    this.#children.delete(child);
    const text = new TextDecoder().decode(stdout);
    if (!success) throw new Error(`${program} ${args.join(" ")} failed: ${text}`);
    return text;
  }

  /**
   * A web server of one process that answers every path with a few bytes, except `/file` with a file.
   *
   * @param fileBytes How long the file is. It takes no room: it is all hole.
   */
  async nginx(fileBytes: number): Promise<Server> {
    const port = freePort();
    await Deno.writeTextFile(`${this.#folder}/file`, "");
    await Deno.truncate(`${this.#folder}/file`, fileBytes);
    // The header timeout lets connections be held that never finish a request.
    const config = `
daemon off; master_process off; worker_processes 1;
pid ${this.#folder}/nginx.pid; error_log stderr crit;
events { worker_connections 10000; }
http {
  access_log off; sendfile on; keepalive_requests 1000000000; client_header_timeout 1h;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(this.#temporary).join(" ")}
  server {
    listen ${HOST}:${port};
    location / { return 200 "ok\\n"; }
    location = /file { root ${this.#folder}; }
    location = /status { stub_status; }
  }
}
`;
    await Deno.writeTextFile(`${this.#folder}/nginx.conf`, config);
    const program = await this.#serve("nginx", ["-c", `${this.#folder}/nginx.conf`], port);
    return { ...program, status: () => serverStatus(port) };
  }

  #temporary = (what: string): string => `${what}_temp_path ${this.#folder}/${what};`;

  /** poolgate in front of a server. */
  async poolgate(
    { port: server }: Program,
    places: number,
    { admin = false, redisPort, backlog = BACKLOG, rejectAs = "line" }: PoolgateOptions = {},
  ): Promise<Poolgate> {
    const [program, ...args] = poolgate;
    const child = this.#spawn(program, [
      ...args,
      ...["--listen", `${HOST}:0`, "--upstream", `${HOST}:${server}`],
      ...["--max-connections", String(places), "--backlog-size", String(backlog)],
      ...["--reject-as", rejectAs],
      ...(admin ? ["--admin", `${HOST}:0`] : []),
      ...(redisPort === undefined ? [] : ["--cluster", `redis://${HOST}:${redisPort}`]),
    ], { stdin: "piped", stdout: "piped", stderr: "piped" });
    const replies = lines(child.stdout).getReader();
    const requests = child.stdin.getWriter();
    const request = encode('{"src":"b","dest":"n","body":{"type":"pool_stats","msg_id":1}}\n');
    return {
      pid: child.pid,
      ...await ports(lines(child.stderr)),
      end: () => this.#end(child),
      async queued() {
        await requests.write(request);
        const { value = "" } = await replies.read();
        return Number(/"queued": (\d+)/.exec(value)?.[1]);
      },
    };
  }

  /** HAProxy in front of a server, as Debian has it but for what is said here. */
  async haproxy(
    { port: server }: Program,
    places: number,
    { splicing = false }: HaproxyOptions = {},
  ): Promise<Proxy> {
    const [port, statsPort] = [freePort(), freePort()];
    // `splice-auto` would be the gentler option, but takes no stream here for one that is worth it.
    const config = `
global
  nbthread 1
  maxconn ${splicing ? SPLICING_CONNECTIONS : HAPROXY_CONNECTIONS}
  stats socket ipv4@${HOST}:${statsPort}
defaults
  mode tcp
  timeout connect 1h
  timeout client 1h
  timeout server 1h
  timeout queue 1h
  ${splicing ? "option splice-response" : ""}
frontend gate
  bind ${HOST}:${port}
  default_backend upstream
backend upstream
  server nginx ${HOST}:${server} maxconn ${places}
`;
    const file = `${this.#folder}/haproxy-${++this.#haproxies}.cfg`;
    await Deno.writeTextFile(file, config);
    const program = await this.#serve("haproxy", ["-db", "-f", file], port);
    return { ...program, queued: () => haproxyQueued(statsPort) };
  }

  /** Many connections, opened one after another as fast as one thread can, that have sent so many bytes each. */
  crowd({ port }: Program, connections: number, bytes: number): Crowd {
    const args = [`${HERE}gate_crowd.py`, String(port), String(connections), String(bytes)];
    const streams = { stdin: "piped", stdout: "piped", stderr: "inherit" } as const;
    const child = this.#spawn("python3", args, streams);
    const readTimes = async (): Promise<[number, number]> => {
      const { value = "" } = await lines(child.stdout).getReader().read();
      const [first = NaN, last = NaN] = value.split(" ").map(Number);
      return [first, last];
    };
    return { opened: readTimes(), end: () => this.#end(child) };
  }

  /**
   * Many clients that are turned away, as many at once as one thread can open.
   *
   * @param said What each says first.
   * @param told What each has to be told.
   * @returns How many were, and how long that took in all, in milliseconds.
   */
  async refused(
    { port }: Program,
    clients: number,
    { said, told }: { said: Uint8Array; told: string },
  ): Promise<{ told: number; ms: number }> {
    const args = [String(port), String(clients), said.toHex(), told];
    const text = await this.run("python3", `${HERE}gate_refused.py`, ...args);
    const [count = NaN, ms = NaN] = text.split(" ").map(Number);
    return { told: count, ms };
  }

  /** Starts a program that listens at a port, and waits until it does. */
  async #serve(program: string, args: string[], port: number): Promise<Program> {
    const child = this.#spawn(program, args, { stdout: "inherit", stderr: "inherit" });
    await untilListening(program, port);
    return { pid: child.pid, port, end: () => this.#end(child) };
  }

  #spawn(
    program: string,
    args: string[],
    streams: Pick<Deno.CommandOptions, "stdin" | "stdout" | "stderr">,
  ): Deno.ChildProcess {
    const child = new Deno.Command(program, { args, stdin: "null", ...streams }).spawn();
    this.#children.add(child);
    return child;
  }

  async #end(child: Deno.ChildProcess): Promise<void> {
    this.#children.delete(child);
    kill(child);
    await child.status;
  }

  #kill(): void {
    for (const child of this.#children) kill(child);
    this.#children.clear();
  }
}

/** Ends a child that may have ended by itself. */
function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

/** A port that nobody listens at, for programs that do not tell which one they took. */
function freePort(): number {
  const listener = Deno.listen({ hostname: HOST, port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

async function untilListening(program: string, port: number): Promise<void> {
  const start = performance.now();
  for (;;) {
    try {
      return (await Deno.connect({ hostname: HOST, port })).close();
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
    if (performance.now() - start > START_LIMIT_MS) throw new Error(`${program} does not listen`);
    await delay(20);
  }
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function lines(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<string> {
  return bytes.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
}

/** Reads poolgate's notes until one says where it listens. What else it notes, then and later, is passed on. */
async function ports(
  notes: ReadableStream<string>,
): Promise<Pick<Poolgate, "port" | "adminPort">> {
  const reader = notes.getReader();
  let adminPort: number | undefined;
  for (;;) {
    const { value: note } = await reader.read();
    if (note === undefined) throw new Error("poolgate ended before it listened");
    const [, what, port] = /(admin|listening) at (?:http:..)?[\d.]+:(\d+)/.exec(note) ?? [];
    if (what === "admin") {
      adminPort = Number(port);
    } else if (what === "listening") {
      reader.releaseLock();
      notes.pipeTo(new WritableStream({ write: (later) => console.error(later) }));
      return { port: Number(port), adminPort };
    } else {
      console.error(note);
    }
  }
}

async function serverStatus(port: number): Promise<{ open: number; requests: number }> {
  const text = await ask(port, "GET /status HTTP/1.0\r\n\r\n");
  const open = /Active connections: (\d+)/.exec(text)?.[1];
  const requests = /requests\s+\d+ \d+ (\d+)/.exec(text)?.[1];
  return { open: Number(open), requests: Number(requests) };
}

async function haproxyQueued(statsPort: number): Promise<number> {
  // Of the backend, which is what 2 stands for: its third column is qcur.
  const text = await ask(statsPort, "show stat upstream 2 -1\n");
  return Number(text.split("\n")[1]?.split(",")[2]);
}

/** What is answered to a line until the other side closes. */
async function ask(port: number, line: string): Promise<string> {
  const socket = await Deno.connect({ hostname: HOST, port });
  await socket.write(encode(line));
  return await new Response(socket.readable).text();
}
