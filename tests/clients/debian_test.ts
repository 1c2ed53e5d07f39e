/** Clients of Debian that are refused. Imports nothing from lib/. */

import { testDebian, WORDS } from "./clients.ts";
import { testTable } from "./table.ts";

const HOST = "127.0.0.1";
const REDIS = `ERR max number of clients reached (${WORDS})`;

testDebian({
  ...{ service: "redis", client: "redis-cli", shows: REDIS, code: 0, connections: 1 },
  ...{ program: "redis-cli", args: (port) => ["-p", `${port}`, "PING"] },
});

testDebian({
  ...{ service: "postgres", client: "psql", shows: `FATAL:  ${WORDS}`, code: 2, connections: 1 },
  ...{ program: "psql", args: (port) => ["-h", HOST, "-p", `${port}`, "-U", "ann", "shop"] },
});

testDebian({
  ...{ service: "postgres", client: "pg_isready", shows: "accepting connections", code: 0 },
  ...{ connections: 1, program: "pg_isready", args: (port) => ["-h", HOST, "-p", `${port}`] },
});

const MYSQL = `Too many connections (${WORDS})`;

testDebian({
  ...{ service: "mysql", client: "mariadb", shows: MYSQL, code: 1, connections: 1 },
  ...{ program: "mariadb", args: (port) => ["-h", HOST, "-P", `${port}`, "-u", "ann"] },
});

testDebian({
  ...{ service: "memcached", client: "memcstat", code: 1, connections: 1 },
  shows: `SERVER ERROR, ${WORDS}`,
  ...{ program: "memcstat", args: (port) => [`--servers=${HOST}:${port}`] },
});

testDebian({
  ...{ service: "amqp", client: "amqp-publish", code: 1, connections: 1 },
  shows: "logging in to AMQP server: unexpected method received",
  program: "amqp-publish",
  args: (port) => ["--url", `amqp://ann:secret@${HOST}:${port}`, "-r", "queue", "-b", "x"],
});

for (
  const [version, code, shows] of [
    ["mqttv311", 3, "Connection Refused: broker unavailable."],
    ["mqttv5", 137, "Connection error: Server busy"],
  ] as const
) {
  testDebian({
    ...{ service: "mqtt", client: `mosquitto_pub -V ${version}`, shows, code, connections: 1 },
    program: "mosquitto_pub",
    args: (port) => ["-V", version, "-h", HOST, "-p", `${port}`, "-t", "topic", "-m", "x"],
  });
}

const LDAP = ["-x", "-D", "cn=ann", "-w", "secret", "-b", "dc=example"];

testDebian({
  ...{ service: "ldap", client: "ldapsearch", code: 51, connections: 1 },
  shows: `ldap_bind: Server is busy (51)\n\tadditional info: ${WORDS}`,
  ...{ program: "ldapsearch", args: (port) => [...LDAP, "-H", `ldap://${HOST}:${port}`] },
});

testDebian({
  ...{ service: "ldap", client: "ldapsearch -Z, that asks for TLS first", code: 1, connections: 1 },
  shows: "ldap_start_tls: Can't contact LDAP server (-1)",
  ...{ program: "ldapsearch", args: (port) => ["-Z", ...LDAP, "-H", `ldap://${HOST}:${port}`] },
});

testDebian({
  ...{ service: "dns", client: "dig +tcp", code: 0, connections: 1 },
  shows: `; EDE: 0 (Other): (${WORDS})`,
  ...{ program: "dig", args: (port) => ["+tcp", `@${HOST}`, "-p", `${port}`, "example.org"] },
});

testDebian({
  ...{
    service: "dicom",
    client: "echoscu",
    shows: "Local Limit Exceeded",
    code: 1,
    connections: 1,
  },
  ...{ program: "echoscu", args: (port) => [HOST, `${port}`] },
});

testDebian({
  ...{ service: "modbus", client: "mbpoll", code: 1, connections: 1 },
  shows: "Slave device or server is busy",
  ...{ program: "mbpoll", args: (port) => ["-m", "tcp", "-1", "-p", `${port}`, HOST] },
});

testDebian({
  ...{ service: "ssh", client: "ssh", shows: `:12: ${WORDS}`, code: 255, connections: 1 },
  program: "ssh",
  args: (port) => [
    ...["-o", "BatchMode=yes", "-o", "UserKnownHostsFile=/dev/null", "-F", "/dev/null"],
    ...["-p", `${port}`, HOST, "true"],
  ],
});

testDebian({
  ...{ service: "smtp", client: "swaks", shows: `421 4.3.2 ${WORDS}`, code: 21, connections: 1 },
  ...{ program: "swaks", args: (port) => ["--to", "a@example.org", "--server", `${HOST}:${port}`] },
});

const CURL: [string, string, string][] = [
  ["smtp", "smtp", "Got unexpected smtp-server response: 421"],
  ["imap", "imap", "Got unexpected imap-server response"],
  ["pop3", "pop3", "Got unexpected pop3-server response"],
  ["ftp", "ftp", "Got a 530 ftp-server response when 220 was expected"],
];

for (const [service, scheme, shows] of CURL) {
  testDebian({
    ...{ service, client: `curl ${scheme}:`, shows: `curl: (8) ${shows}`, code: 8, connections: 1 },
    program: "curl",
    args: (port) => ["-sS", `${scheme}://ann:secret@${HOST}:${port}/`],
  });
}

testDebian({
  ...{
    service: "pop3",
    client: "curl http:, that speaks something else",
    stranger: true,
    code: 1,
    connections: 1,
  },
  shows: "Received HTTP/0.9 when not allowed",
  ...{ program: "curl", args: (port) => ["-sS", `http://${HOST}:${port}/`] },
});

testDebian({
  ...{
    service: "postgres",
    client: "curl http:, that speaks something else",
    stranger: true,
    connections: 1,
  },
  ...{ shows: "this is a port for postgres, not for HTTP", code: 0 },
  ...{ program: "curl", args: (port) => ["-sS", `http://${HOST}:${port}/`] },
});

testDebian({
  ...{
    service: "redis",
    client: "curl https:, that speaks something else",
    stranger: true,
    connections: 1,
  },
  ...{ shows: "alert internal error", code: 35 },
  ...{ program: "curl", args: (port) => ["-sS", `https://${HOST}:${port}/`] },
});

testDebian({
  ...{ service: "http", client: "wget", shows: `ERROR 503: ${WORDS}.`, code: 8, connections: 1 },
  ...{ program: "wget", args: (port) => ["-O-", `http://${HOST}:${port}/`] },
});

testDebian({
  ...{ service: "http", client: "fetch (Node)", shows: WORDS, code: 0, connections: 1 },
  program: "node",
  args: (port) => [
    ...["--eval", "fetch(process.argv[1]).then((answer) => answer.text()).then(console.log)"],
    `http://${HOST}:${port}/`,
  ],
});

testDebian({
  ...{ service: "rsync", client: "rsync", shows: `@ERROR: ${WORDS}`, code: 5, connections: 1 },
  ...{ program: "rsync", args: (port) => [`rsync://${HOST}:${port}/`] },
});

testDebian({
  ...{ service: "git", client: "git", code: 128, connections: 1 },
  shows: `fatal: remote error: ${WORDS}`,
  ...{ program: "git", args: (port) => ["ls-remote", `git://${HOST}:${port}/x`] },
});

testDebian({
  ...{ service: "svn", client: "svn", shows: `svn: E210005: ${WORDS}`, code: 1, connections: 1 },
  ...{ program: "svn", args: (port) => ["ls", "--non-interactive", `svn://${HOST}:${port}/x`] },
});

testDebian({
  ...{ service: "nntp", client: "python3, nntplib", code: 1, connections: 1 },
  shows: `NNTPTemporaryError: 400 ${WORDS}`,
  program: "/usr/bin/python3",
  args: (port) => ["-W", "ignore", "-c", `import nntplib; nntplib.NNTP("${HOST}", ${port})`],
});

testDebian({
  ...{ service: "vnc", client: "vncsnapshot", code: 1, connections: 1 },
  shows: `VNC connection failed: ${WORDS}`,
  ...{ program: "vncsnapshot", args: (port) => [`${HOST}::${port}`, "/dev/null"] },
});

testTable("debian_test.ts");
