/**
 * What Deno permits already. To ask for more is not for a program that starts, so this only looks:
 * where a permission is missing, the first use of it would be a question on the terminal.
 *
 * @module
 */

import { type Address, showAddress, showHostPort } from "./address.ts";
import { quote } from "./json_text.ts";

/**
 * Finds what is missing to listen at an address, or to connect to it.
 *
 * @param flag What the address was given by.
 * @param address The address, where there is one.
 * @returns What to tell the user; `undefined` where nothing is missing.
 */
export function missingPermission(flag: string, address: Address | undefined): string | undefined {
  const missing = address === undefined ? [] : lacking(neededFor(address));
  if (address === undefined || missing.length === 0) return undefined;
  const flags = missing.join(" ");
  const permissions = missing.length === 1 ? "permission" : "permissions";
  return `${flag} is ${quote(showAddress(address))}, it needs Deno's ${permissions} ${flags}: ` +
    `deno run ${flags} main.ts`;
}

function neededFor(address: Address): Deno.PermissionDescriptor[] {
  if (address.transport === "tcp") {
    const { hostname, port } = address;
    const hosts = hostname === undefined ? everyInterface(port) : [showHostPort(hostname, port)];
    return hosts.map((host) => ({ name: "net", host }));
  }
  const { path } = address;
  // Deno knows sockets by their absolute paths only: another one has no name to ask by.
  const net = path.startsWith("/") ? { host: showAddress(address) } : {};
  return [{ name: "net", ...net }, { name: "read", path }, { name: "write", path }];
}

/** Where `:PORT` listens. With port 0, the second is the number that was found for the first. */
function everyInterface(port: number): string[] {
  return port === 0 ? ["0.0.0.0", "[::]"] : [`0.0.0.0:${port}`, `[::]:${port}`];
}

/** The flags of `deno run` for those that are not granted. */
function lacking(needed: Deno.PermissionDescriptor[]): string[] {
  const names = needed.filter((permission) => !isGranted(permission)).map(({ name }) => name);
  return [...new Set(names)].map((name) => `--allow-${name}`);
}

function isGranted(permission: Deno.PermissionDescriptor): boolean {
  try {
    return Deno.permissions.querySync(permission).state === "granted";
  } catch (error) {
    // A host that is none: what is done there will say so better.
    if (error instanceof URIError) return true;
    throw error;
  }
}
