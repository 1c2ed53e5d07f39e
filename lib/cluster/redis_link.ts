/**
 * The way to a Redis or Valkey: opens connections, sends scripts, tells in words what goes wrong.
 * Knows nothing of what the calls do. Loads a large package, so whoever needs it imports it then.
 *
 * The package hands pushes over at once and answers through promises, so a push may overtake the
 * answer that came before it.
 *
 * @module
 */

import { createClient, ErrorReply, SocketClosedUnexpectedlyError } from "@redis/client";
import { type RedisAddress, showRedis } from "./cluster_options.ts";
import type { CallName, Calls, Link, LinkConnection, LinkEvents, Server } from "./link.ts";
import { type Answer, channelOf, decodePush, poolKey, SCRIPTS } from "./scripts.ts";

/** Until it is connected, logged in and has said what it is, in milliseconds. */
const OPEN_LIMIT_MS = 3000;

/** The oldest version: sharded channels in scripts. */
const OLDEST_MAJOR = 7;

/** What errors mean, by the word that they begin with. */
const MEANINGS: Readonly<Record<string, { reason: string; fatal?: boolean }>> = {
  WRONGPASS: { reason: "refuses the user or the password", fatal: true },
  NOAUTH: { reason: "asks for a password", fatal: true },
  NOPERM: { reason: "does not permit this user what is needed", fatal: true },
  DENIED: {
    reason: "takes connections from its own machine only: it has no password",
    fatal: true,
  },
  READONLY: { reason: "is a replica, which is read-only" },
  MASTERDOWN: { reason: "is a replica that has lost its primary" },
  LOADING: { reason: "is loading its data" },
  OOM: { reason: "has no memory left (maxmemory)" },
  MISCONF: { reason: "cannot save its data, and takes no writes" },
  NOREPLICAS: { reason: "has fewer replicas than it needs to take writes (min-replicas-to-write)" },
  BUSY: { reason: "is busy with a script of somebody" },
  CLUSTERDOWN: { reason: "belongs to a Redis Cluster that is down" },
  MOVED: { reason: "is not the node of the Redis Cluster that has the pool" },
};

/** What system errors mean, by their code. */
const SYSTEM_MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens",
  ENOENT: "there is no such socket",
  ENOTFOUND: "there is no host of that name",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was reset",
  ETIMEDOUT: "it does not answer",
  EHOSTUNREACH: "there is no way to that host",
  ENETUNREACH: "there is no way to that host",
};

type Client = ReturnType<typeof clientFor>;

/**
 * Opens the way to a server; nothing is sent before {@linkcode Link.connect}.
 *
 * @param server The server. Who logs in there is in no reason that is told.
 * @param pool The name of the pool.
 * @param openLimitMs How long it may take until a connection is open.
 */
export function redisLink(
  server: RedisAddress,
  pool: string,
  openLimitMs: number = OPEN_LIMIT_MS,
): Link {
  return { connect: (events) => new RedisConnection(server, pool, openLimitMs, events) };
}

function clientFor(
  { address, tls, username, password, database }: RedisAddress,
  openLimitMs: number,
) {
  return createClient({
    RESP: 3,
    socket: {
      ...(address.transport === "unix"
        ? { path: address.path, tls: false as const }
        : { host: address.hostname ?? "localhost", port: address.port, ...(tls ? { tls } : {}) }),
      connectTimeout: openLimitMs,
      // Another client each time: no old answer is taken for a new one.
      reconnectStrategy: false,
    },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    database,
    disableOfflineQueue: true,
    // Whoever calls has a limit of time of its own; one for each command costs a timer each.
    commandOptions: { timeout: 0 },
    // It would read a variable of the environment, which may not be permitted.
    maintNotifications: "disabled",
  });
}

class RedisConnection implements LinkConnection {
  #server: RedisAddress;
  #pool: string;
  #events: LinkEvents;
  #client: Client;
  #applySha = "";
  #over = false;
  #limit: ReturnType<typeof setTimeout>;

  constructor(server: RedisAddress, pool: string, openLimitMs: number, events: LinkEvents) {
    this.#server = server;
    this.#pool = pool;
    this.#events = events;
    this.#client = clientFor(server, openLimitMs);
    this.#client.on("error", (error) => this.#lose(error));
    this.#client.on("sharded-channel-moved", () => this.#tellLost(MEANINGS.MOVED!.reason, false));
    this.#limit = setTimeout(() => this.#tellLost("does not answer", false), openLimitMs);
    this.#open().catch((error) => this.#lose(error));
  }

  call<N extends CallName>(
    name: N,
    args: Calls[N]["args"],
    answered: (reply: Calls[N]["reply"]) => void,
  ): void {
    const { source, encode, decode } = SCRIPTS[name];
    const words = ["1", poolKey(this.#pool), ...encode(args)];
    const take = (answer: unknown) => this.#take(answer as Answer, decode, answered);
    const lose = (error: unknown) => this.#lose(error);
    const evaluate = () => {
      this.#client.sendCommand(["EVAL", source, ...words]).then(take, lose);
    };
    // Batches alone go by the digest of their script, which the server may have forgotten. All else
    // is rare.
    if (name !== "apply") return evaluate();
    this.#client.sendCommand(["EVALSHA", this.#applySha, ...words])
      .then(take, (error) => isForgotten(error) ? evaluate() : lose(error));
  }

  listen(gate: number, listening: () => void): void {
    const pushed = (message: string) => {
      if (!this.#over) this.#events.pushed(decodePush(message));
    };
    this.#client.sSubscribe(channelOf(this.#pool, gate), pushed).then(
      () => {
        if (!this.#over) listening();
      },
      (error) => this.#lose(error),
    );
  }

  close(): void {
    this.#over = true;
    clearTimeout(this.#limit);
    if (this.#client.isOpen) this.#client.destroy();
  }

  async #open(): Promise<void> {
    this.#applySha = await sha1(SCRIPTS.apply.source);
    if (this.#over) return;
    await this.#client.connect();
    const info = parseInfo(String(await this.#client.sendCommand(["INFO"])));
    if (this.#over) return;
    clearTimeout(this.#limit);
    const server = serverOf(info);
    const major = Number.parseInt(info.get("redis_version") ?? "");
    if (!(major >= OLDEST_MAJOR)) {
      const needs = `${OLDEST_MAJOR}.0 or later is needed`;
      return this.#tellLost(`is version ${server.version}; ${needs}`, true);
    }
    if (info.get("role") === "slave" && info.get("slave_read_only") === "1") {
      return this.#tellLost(MEANINGS.READONLY!.reason, false);
    }
    this.#events.opened(server);
  }

  #take<T>(answer: Answer, decode: (answer: Answer) => T, answered: (reply: T) => void): void {
    if (this.#over) return;
    let reply: T;
    try {
      reply = decode(answer);
    } catch (error) {
      return this.#lose(error);
    }
    // What the caller throws is a fault of the caller's, and not caught here.
    answered(reply);
  }

  #lose(error: unknown): void {
    const { reason, fatal } = meaningOf(error, this.#server);
    this.#tellLost(reason, fatal);
  }

  #tellLost(reason: string, fatal: boolean): void {
    if (this.#over) return;
    this.close();
    this.#events.lost(`${showRedis(this.#server)}: ${reason}`, fatal);
  }
}

/** The digest by which a server knows a script: 40 hexadecimal digits. */
async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isForgotten(error: unknown): boolean {
  return error instanceof ErrorReply && error.message.startsWith("NOSCRIPT");
}

/** @param text What INFO answers: lines of `name:value`, and of headings. */
function parseInfo(text: string): Map<string, string> {
  const lines = text.split(/\r?\n/).map((line) => /^(\w+):(.*)$/.exec(line) ?? []);
  return new Map(lines.flatMap(([, name, value]) => name === undefined ? [] : [[name, value!]]));
}

function serverOf(info: Map<string, string>): Server {
  return {
    runId: info.get("run_id") ?? "",
    version: info.get("valkey_version") ?? info.get("redis_version") ?? "unknown",
    maxmemoryPolicy: info.get("maxmemory_policy") ?? "unknown",
  };
}

/** Says in words why a connection is lost. Passwords are never in it. */
function meaningOf(error: unknown, server: RedisAddress): { reason: string; fatal: boolean } {
  const { message, code, errors } = error as Error & { code?: string; errors?: unknown[] };
  // Of several addresses of a host, what became of the first.
  if (errors?.[0] !== undefined) return meaningOf(errors[0], server);
  if (error instanceof ErrorReply) {
    const { reason, fatal = false } = MEANINGS[/^[A-Z]+/.exec(message)?.[0] ?? ""] ?? {};
    if (reason !== undefined) return { reason, fatal };
    if (/unknown command/i.test(message)) {
      return { reason: `is older than ${OLDEST_MAJOR}.0, which is needed`, fatal: true };
    }
    if (/DB index/.test(message)) {
      return { reason: `has no database ${server.database}`, fatal: true };
    }
    return { reason: `answers ${message}`, fatal: false };
  }
  if (error instanceof SocketClosedUnexpectedlyError) {
    return { reason: "has closed the connection", fatal: false };
  }
  if (/^Unknown RESP type/.test(message)) {
    return { reason: "does not speak the protocol of Redis", fatal: false };
  }
  if (server.tls && /certificate/i.test(message)) {
    const way = "DENO_CERT in the environment names a file of authorities to trust";
    return { reason: `its certificate is not trusted (${message}); ${way}`, fatal: false };
  }
  const meaning = SYSTEM_MEANINGS[code ?? ""];
  if (meaning !== undefined) return { reason: meaning, fatal: false };
  return { reason: message, fatal: false };
}
