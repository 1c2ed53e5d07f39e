/**
 * Real servers that take the header of the PROXY protocol, and say whom it has named. Imports nothing from lib/.
 *
 * @module
 */

import { accepts, Directory, Nginx, run, Server } from "./servers.ts";
import { Client, freePort } from "./sockets.ts";

/** A server behind a gate. */
export interface ProxyReceiver extends AsyncDisposable {
  /** Where it demands, or takes, the header. */
  readonly port: number;
  /** A directory for a test's files. */
  readonly directory: string;
  /**
   * Comes as a client.
   *
   * @param address Of the gate: `HOST:PORT`, or `unix:/path`.
   * @returns Whom the server says that it serves, `IP PORT`, or what it says instead.
   */
  ask(address: string): Promise<string>;
}

async function curl(address: string): Promise<string> {
  const path = /^unix:(.*)/.exec(address)?.[1];
  const way = path === undefined
    ? ["--noproxy", "*", `http://${address}/`]
    : ["--unix-socket", path, "http://localhost/"];
  const { stdout, stderr } = await run("curl", ["--silent", "--show-error", ...way]);
  return stdout + stderr;
}

/** nginx: `listen ... proxy_protocol`. Of a client without an address it says nothing. */
export async function startNginx(): Promise<ProxyReceiver> {
  const nginx = await Nginx.start();
  return {
    port: nginx.proxyPort,
    directory: nginx.directory,
    ask: curl,
    [Symbol.asyncDispose]: () => nginx[Symbol.asyncDispose](),
  };
}

/** HAProxy: `bind ... accept-proxy`. */
export async function startHaproxy(): Promise<ProxyReceiver> {
  const home = await Directory.make();
  const port = freePort();
  const file = `${home.path}/haproxy.cfg`;
  await Deno.writeTextFile(
    file,
    `defaults
  mode http
  timeout connect 30s
  timeout client 30s
  timeout server 30s
frontend here
  bind 127.0.0.1:${port} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src] %[src_port]"
`,
  );
  const server = new Server("haproxy", ["-db", "-f", file], `${home.path}/log`);
  return await serving(home, server, port, curl);
}

/** MariaDB: `proxy-protocol-networks`. */
export async function startMariadb(): Promise<ProxyReceiver> {
  const home = await Directory.make();
  const port = freePort();
  const data = `${home.path}/data`;
  const common = [
    ...["--no-defaults", `--datadir=${data}`, "--skip-innodb", "--default-storage-engine=MyISAM"],
    ...home.ofRoot ? ["--user=mysql"] : [],
  ];
  if (home.ofRoot) await run("chown", ["mysql", home.path]);
  const { code, stdout, stderr } = await run("mariadb-install-db", [
    ...[...common, "--auth-root-authentication-method=normal", "--skip-test-db"],
  ]);
  if (code !== 0) throw new Error(`mariadb-install-db: ${stdout}${stderr}`);
  const server = new Server("mariadbd", [
    ...[...common, "--bind-address=127.0.0.1", `--port=${port}`, "--skip-name-resolve"],
    ...[`--socket=${home.path}/mariadb.sock`, `--pid-file=${home.path}/pid`],
    "--proxy-protocol-networks=127.0.0.1",
  ], `${home.path}/log`);
  return await serving(home, server, port, askMariadb);
}

async function askMariadb(address: string): Promise<string> {
  const [transport = "", rest = ""] = split(address);
  const way = transport === "unix"
    ? ["--protocol=socket", `--socket=${rest}`]
    : [`--host=${transport}`, `--port=${rest}`];
  const { stdout, stderr } = await run("mysql", [
    ...["--no-defaults", ...way, "--user=root", "--skip-ssl", "-sN", "-e", "show processlist"],
  ]);
  // Beside this one, there may be a gate's first look that the server has not ended yet.
  const own = stdout.split("\n").find((row) => row.includes("show processlist"));
  const host = own?.split("\t")[2];
  return host === undefined ? stdout + stderr : split(host).join(" ");
}

/** Postfix: `smtpd_upstream_proxy_protocol = haproxy`. It needs root's rights. */
export async function startPostfix(): Promise<ProxyReceiver> {
  const home = await Directory.make();
  const port = freePort();
  const [spool, data] = [`${home.path}/spool`, `${home.path}/data`];
  await Promise.all([spool, data].map((path) => Deno.mkdir(path)));
  await Deno.chmod(home.path, 0o755);
  await run("chown", ["postfix", data]);
  const main = {
    compatibility_level: "3.6",
    queue_directory: spool,
    data_directory: data,
    ...{ maillog_file_prefixes: home.path, maillog_file: `${home.path}/mail.log` },
    ...{ myhostname: "mail.example", inet_interfaces: "127.0.0.1", inet_protocols: "all" },
    ...{ alias_maps: "", alias_database: "", local_recipient_maps: "" },
    smtpd_peername_lookup: "no",
    smtpd_upstream_proxy_protocol: "haproxy",
    // What an answer says that refuses something.
    smtpd_reject_footer: "\\c: $client_address $client_port",
  };
  const settings = Object.entries(main).map(([name, value]) => `${name} = ${value}\n`);
  await Deno.writeTextFile(`${home.path}/main.cf`, settings.join(""));
  await Deno.writeTextFile(
    `${home.path}/master.cf`,
    `127.0.0.1:${port} inet n - n - - smtpd
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`,
  );
  // Makes the queue's directories.
  const { code, stdout, stderr } = await run("postfix", ["-c", home.path, "check"]);
  if (code !== 0) throw new Error(`postfix check: ${stdout}${stderr}`);
  const server = new Server("master", ["-c", home.path, "-d"], `${home.path}/log`);
  return await serving(home, server, port, askPostfix);
}

async function askPostfix(address: string): Promise<string> {
  const [transport = "", path = ""] = split(address);
  const client = transport === "unix"
    ? new Client(await Deno.connect({ transport: "unix", path }))
    : await Client.to(address);
  try {
    const greeting = await client.line() ?? "";
    if (!greeting.startsWith("220 ")) return greeting;
    await client.say("NOTHING\r\n");
    const refusal = await client.line() ?? "";
    return /: (\S+ \d+)\r$/.exec(refusal)?.[1] ?? refusal;
  } finally {
    client.close();
  }
}

async function serving(
  home: Directory,
  server: Server,
  port: number,
  ask: ProxyReceiver["ask"],
): Promise<ProxyReceiver> {
  await server.demand(() => accepts(port));
  return {
    port,
    directory: home.path,
    ask,
    async [Symbol.asyncDispose]() {
      await server.end();
      await home[Symbol.asyncDispose]();
    },
  };
}

/** What stands before the last colon, and behind it. */
function split(address: string): [string, string] {
  const at = address.lastIndexOf(":");
  return [address.slice(0, at), address.slice(at + 1)];
}
