/**
 * Where a server of a shared pool is, and how to log in there, as one URL. Pure.
 *
 * @module
 */

import { showHostPort } from "../io/address.ts";

/** A server, and who logs in. */
export interface RedisUrl {
  at: { transport: "tcp"; hostname: string; port: number; tls: boolean } | {
    transport: "unix";
    path: string;
  };
  username: string | undefined;
  password: string | undefined;
  /** The number of the database, from 0. */
  database: number;
}

/** What a URL may be, in words. */
export const REDIS_URL_FORMS =
  "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], rediss:// the same with TLS, or " +
  "redis+unix://[USER:PASSWORD@]/PATH[?db=DATABASE]";

const DEFAULT_PORT = 6379;

/** What stands for special characters of the user, the password and the path is `%` and hex. */
const TCP =
  /^(rediss?):\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^:@/?#[\]]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(?:\/(\d{0,9}))?$/;
const UNIX = /^redis\+unix:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?(\/[^?#]+)(?:\?db=(\d{1,9}))?$/;

/** @returns What a URL says; `undefined` where it is none of {@linkcode REDIS_URL_FORMS}. */
export function parseRedisUrl(text: string): RedisUrl | undefined {
  try {
    return parseTcp(text) ?? parseUnix(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** @returns Where the server is, without who logs in. */
export function showRedisUrl({ at }: RedisUrl): string {
  return at.transport === "unix" ? `unix:${at.path}` : showHostPort(at.hostname, at.port);
}

function parseTcp(text: string): RedisUrl | undefined {
  const [whole, scheme, user, password, host = "", port, database] = TCP.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const at = {
    transport: "tcp" as const,
    hostname: decodeURIComponent(host).replace(/^\[(.*)\]$/, "$1"),
    port: port === undefined ? DEFAULT_PORT : Number(port),
    tls: scheme === "rediss",
  };
  if (at.port < 1 || at.port > 65535) return undefined;
  return { at, ...login(user, password), database: Number(database || 0) };
}

function parseUnix(text: string): RedisUrl | undefined {
  const [whole, user, password, path = "", database] = UNIX.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const at = { transport: "unix" as const, path: decodeURIComponent(path) };
  return { at, ...login(user, password), database: Number(database || 0) };
}

function login(user = "", password = ""): Pick<RedisUrl, "username" | "password"> {
  return {
    username: user === "" ? undefined : decodeURIComponent(user),
    password: password === "" ? undefined : decodeURIComponent(password),
  };
}
