/**
 * Clients in Go, of Debian, that are refused: each a program of its own in `programs/go/`, with the defaults of its
 * library, built here. Imports nothing from lib/.
 */

import { assertEquals } from "@std/assert";
import { run } from "../support/servers.ts";
import { firstLacking, HERE, LONG, type Refused, testFurther, WORDS } from "./clients.ts";
import { testTable } from "./table.ts";

const GO = "/usr/bin/go";
const GOPATH = "/usr/share/gocode";
const TOO_MANY = `Too many connections (${WORDS})`;
const REDIS = `ERR max number of clients reached (${WORDS})`;

interface Program extends Pick<Refused, "service" | "shows"> {
  /** As they are of a client that fails once, where they are left out. */
  code?: number;
  connections?: Refused["connections"];
  /** What it is called, without the language. */
  library: string;
  /** Its source, without `.go`. */
  source: string;
  /** A file of the library; left out where it comes with the language. */
  file?: string;
}

const PROGRAMS: readonly Program[] = [
  {
    ...{ service: "http", library: "net/http", source: "http" },
    ...{ shows: `503 ${WORDS} ${WORDS}`, code: 0 },
  },
  {
    ...{ service: "grpc", library: "grpc", source: "grpc", shows: "code = Unavailable" },
    file: "google.golang.org/grpc/call.go",
  },
  {
    ...{ service: "postgres", library: "pq", source: "pq", shows: `pq: ${WORDS}` },
    file: "github.com/lib/pq/conn.go",
  },
  // The second connection of these is one without TLS.
  {
    ...{ service: "postgres", library: "pgx", source: "pgx", connections: 2 },
    ...{ shows: `FATAL: ${WORDS} (SQLSTATE 53300)`, file: "github.com/jackc/pgx/v4/conn.go" },
  },
  {
    ...{ service: "postgres", library: "pgxpool", source: "pgxpool", connections: 2 },
    ...{ shows: `FATAL: ${WORDS} (SQLSTATE 53300)`, file: "github.com/jackc/pgx/v4/conn.go" },
  },
  {
    ...{ service: "mysql", library: "go-sql-driver", source: "mysql" },
    ...{ shows: `Error 1040: ${TOO_MANY}`, file: "github.com/go-sql-driver/mysql/driver.go" },
  },
  {
    ...{ service: "redis", library: "redigo", source: "redigo", shows: REDIS },
    file: "github.com/gomodule/redigo/redis/conn.go",
  },
  {
    ...{ service: "redis", library: "go-redis", source: "go_redis", shows: REDIS },
    file: "gopkg.in/redis.v5/redis.go",
  },
  {
    ...{ service: "memcached", library: "gomemcache", source: "gomemcache" },
    shows: `unexpected line in get response: "SERVER_ERROR ${WORDS}`,
    file: "github.com/bradfitz/gomemcache/memcache/memcache.go",
  },
  {
    ...{ service: "mongodb", library: "mongo-driver", source: "mongo", connections: [30, 70] },
    ...{ shows: WORDS, file: "go.mongodb.org/mongo-driver/mongo/client.go" },
  },
  {
    ...{ service: "cassandra", library: "gocql", source: "gocql" },
    shows: `unable to discover protocol version: ${WORDS}`,
    file: "github.com/gocql/gocql/conn.go",
  },
  {
    ...{ service: "amqp", library: "amqp091-go", source: "amqp091" },
    ...{ shows: `Exception (320) Reason: "${WORDS}"` },
    file: "github.com/rabbitmq/amqp091-go/connection.go",
  },
  // The second connection is one of version 3.1.
  {
    ...{ service: "mqtt", library: "paho.mqtt.golang", source: "paho", connections: 2 },
    ...{ shows: "Server Unavailable", file: "github.com/eclipse/paho.mqtt.golang/client.go" },
  },
  {
    ...{ service: "nats", library: "nats.go", source: "nats" },
    shows: "nats: protocol exception, INFO not received",
    file: "github.com/nats-io/nats.go/nats.go",
  },
  {
    ...{ service: "smtp", library: "net/smtp", source: "smtp", shows: `421 4.3.2 ${WORDS}` },
  },
  {
    ...{ service: "imap", library: "go-imap", source: "imap", shows: "imap: connection closed" },
    file: "github.com/emersion/go-imap/client/client.go",
  },
  {
    ...{ service: "ftp", library: "jlaffaye/ftp", source: "ftp", shows: `530 ${WORDS}` },
    file: "github.com/jlaffaye/ftp/ftp.go",
  },
  {
    ...{ service: "irc", library: "go-ircevent", source: "irc", shows: `Closing Link: ${WORDS}` },
    file: "github.com/thoj/go-ircevent/irc.go",
  },
  {
    ...{ service: "ssh", library: "x/crypto/ssh", source: "ssh" },
    ...{ shows: `ssh: disconnect, reason 12: ${WORDS}`, file: "golang.org/x/crypto/ssh/client.go" },
  },
  {
    ...{ service: "vnc", library: "go-vnc", source: "vnc" },
    shows: "unsupported minor version, less than 8: 3",
    file: "github.com/mitchellh/go-vnc/client.go",
  },
  {
    ...{ service: "ldap", library: "go-ldap", source: "ldap" },
    shows: `LDAP Result Code 51 "Busy": ${WORDS}`,
    file: "github.com/go-ldap/ldap/v3/ldap.go",
  },
  {
    ...{ service: "dns", library: "miekg/dns, with extensions", source: "dns", code: 0 },
    ...{ shows: `EDE: 0 (Other): (${WORDS})`, file: "github.com/miekg/dns/client.go" },
  },
  {
    ...{ service: "modbus", library: "goburrow/modbus", source: "modbus" },
    shows: "modbus: exception '6' (server device busy)",
    file: "github.com/goburrow/modbus/tcpclient.go",
  },
];

/** The files that a program needs, the one that tells its version first. */
function needsOf({ file }: Program): string[] {
  return file === undefined ? [GO] : [`${GOPATH}/src/${file}`, GO];
}

/** Where they are built; `undefined` where they are not. */
const BUILT = LONG && firstLacking([GO]) === undefined ? Deno.makeTempDirSync() : undefined;
if (BUILT !== undefined) {
  addEventListener("unload", () => Deno.removeSync(BUILT, { recursive: true }));
}

/** How long one may take to build, in milliseconds: the first builds much of the standard library. */
const BUILD_LIMIT_MS = 300_000;

Deno.test({
  name: "clients in Go: can be built of Debian's packages" +
    (LONG ? "" : " (skipped: `deno task test:clients` runs it)") +
    (LONG && BUILT === undefined ? " (skipped: no go on this machine)" : ""),
  ignore: BUILT === undefined,
  async fn() {
    const cache = `${BUILT}/cache`;
    const env = { GO111MODULE: "off", CGO_ENABLED: "0", GOPATH, GOCACHE: cache };
    for (const program of PROGRAMS) {
      if (firstLacking(needsOf(program)) !== undefined) continue;
      const { source } = program;
      const args = ["build", "-o", `${BUILT}/${source}`, `${HERE}programs/go/${source}.go`];
      const { code, stderr } = await run("go", args, env, BUILD_LIMIT_MS);
      assertEquals([source, stderr, code], [source, "", 0]);
    }
    await Deno.remove(cache, { recursive: true });
  },
});

for (const program of PROGRAMS) {
  const { library, source, service, shows, code = 1, connections = 1 } = program;
  testFurther({
    ...{ service, shows, code, connections, client: `${library} (Go)`, program: "bash" },
    files: needsOf(program),
    args: (port) => ["-c", 'exec "$0" "$1"', `${BUILT}/${source}`, `${port}`],
  });
}

testTable("go_test.ts");
