/**
 * Clients in Python, PHP, Ruby, Perl, Java and C, of Debian, that are refused: each a program that catches nothing, with
 * the defaults of its library. Imports nothing from lib/.
 */

import { type Refused, testFurther, WORDS } from "./clients.ts";
import { testTable } from "./table.ts";

const PYTHON = "/usr/lib/python3/dist-packages/";
const PHP = "/etc/php/8.2/cli/conf.d/20-";
const RUBY = "/usr/lib/ruby/vendor_ruby/";
const GEMS = "/usr/share/rubygems-integration/all/gems/";
const PERL = "/usr/share/perl5/";

/** What runs a program that is given as text, what stands behind it, and the status of one that fails. */
const LANGUAGES = {
  Python: { command: ["/usr/bin/python3", "-W", "ignore", "-c"], end: [], failure: 1 },
  PHP: { command: ["php", "-r"], end: ["--"], failure: 255 },
  Ruby: { command: ["ruby", "-e"], end: [], failure: 1 },
  Perl: { command: ["perl", "-e"], end: [], failure: 255 },
} as const;

interface Program extends Pick<Refused, "service" | "shows"> {
  /** As they are of a client that fails once, where they are left out. */
  code?: number;
  connections?: Refused["connections"];
  language: keyof typeof LANGUAGES;
  /** What it is called, without the language. */
  library: string;
  /** A file of the library; left out where it comes with the language. */
  file?: string;
  script: string;
}

const LOGIN = `host="127.0.0.1", port=int(sys.argv[1]), user="ann", password="secret"`;
const ADDRESS = `"127.0.0.1", int(sys.argv[1])`;
const RUBY_ADDRESS = `"127.0.0.1", ARGV[0].to_i`;
const TOO_MANY = `Too many connections (${WORDS})`;
const REDIS = `max number of clients reached (${WORDS})`;

const PROGRAMS: readonly Program[] = [
  {
    ...{ service: "postgres", language: "Python", library: "psycopg2", shows: `FATAL:  ${WORDS}` },
    file: `${PYTHON}psycopg2/__init__.py`,
    script: `import sys, psycopg2; psycopg2.connect(${LOGIN})`,
  },
  {
    ...{ service: "postgres", language: "Python", library: "psycopg 3", shows: `FATAL:  ${WORDS}` },
    file: `${PYTHON}psycopg/__init__.py`,
    script: `import sys, psycopg; psycopg.connect(${LOGIN})`,
  },
  {
    ...{ service: "postgres", language: "Python", library: "asyncpg" },
    shows: `TooManyConnectionsError: ${WORDS}`,
    file: `${PYTHON}asyncpg/__init__.py`,
    script: `import sys, asyncio, asyncpg; asyncio.run(asyncpg.connect(${LOGIN}))`,
  },
  {
    ...{ service: "postgres", language: "PHP", library: "PDO" },
    ...{ shows: `FATAL:  ${WORDS}`, file: `${PHP}pdo_pgsql.ini` },
    script: `new PDO("pgsql:host=127.0.0.1;port=$argv[1];user=ann;password=secret");`,
  },
  {
    ...{ service: "postgres", language: "PHP", library: "pg_connect", code: 1 },
    ...{ shows: `FATAL:  ${WORDS}`, file: `${PHP}pgsql.ini` },
    script: `pg_connect("host=127.0.0.1 port=$argv[1] user=ann password=secret") || exit(1);`,
  },
  {
    ...{ service: "postgres", language: "Ruby", library: "pg" },
    ...{ shows: `FATAL:  ${WORDS}`, file: `${RUBY}pg.rb` },
    script: `require "pg"
      PG.connect(host: "127.0.0.1", port: ARGV[0], user: "ann", password: "secret")`,
  },
  {
    ...{ service: "postgres", language: "Perl", library: "DBD::Pg", shows: `FATAL:  ${WORDS}` },
    file: "/usr/lib/x86_64-linux-gnu/perl5/5.36/DBD/Pg.pm",
    script: `use DBI;
      DBI->connect("dbi:Pg:host=127.0.0.1;port=$ARGV[0]", "ann", "secret", { RaiseError => 1 });`,
  },
  {
    ...{ service: "mysql", language: "Python", library: "PyMySQL", shows: `(1040, '${TOO_MANY}')` },
    file: `${PYTHON}pymysql/__init__.py`,
    script: `import sys, pymysql; pymysql.connect(${LOGIN})`,
  },
  {
    ...{ service: "mysql", language: "Python", library: "mysqlclient" },
    ...{ shows: `(1040, '${TOO_MANY}')`, file: `${PYTHON}MySQLdb/__init__.py` },
    script: `import sys, MySQLdb; MySQLdb.connect(${LOGIN})`,
  },
  {
    ...{ service: "mysql", language: "PHP", library: "mysqli" },
    ...{ shows: `mysqli_sql_exception: ${TOO_MANY}`, file: `${PHP}mysqli.ini` },
    script: `new mysqli("127.0.0.1", "ann", "secret", null, (int) $argv[1]);`,
  },
  {
    ...{ service: "mysql", language: "PHP", library: "PDO" },
    ...{ shows: `SQLSTATE[08004] [1040] ${TOO_MANY}`, file: `${PHP}pdo_mysql.ini` },
    script: `new PDO("mysql:host=127.0.0.1;port=$argv[1]", "ann", "secret");`,
  },
  {
    ...{ service: "mysql", language: "Ruby", library: "mysql2" },
    ...{ shows: `${TOO_MANY} (Mysql2::Error)`, file: `${RUBY}mysql2.rb` },
    script: `require "mysql2"
      Mysql2::Client.new(host: "127.0.0.1", port: ARGV[0].to_i, username: "a", password: "b")`,
  },
  {
    ...{ service: "redis", language: "Python", library: "redis", shows: `ResponseError: ${REDIS}` },
    file: `${PYTHON}redis/__init__.py`,
    script: `import sys, redis; redis.Redis(port=int(sys.argv[1])).get("key")`,
  },
  {
    ...{ service: "redis", language: "Python", library: "redis.asyncio" },
    ...{ shows: `ResponseError: ${REDIS}`, file: `${PYTHON}redis/asyncio/__init__.py` },
    script: `import sys, asyncio, redis.asyncio
asyncio.run(redis.asyncio.Redis(port=int(sys.argv[1])).get("key"))`,
  },
  {
    ...{ service: "redis", language: "PHP", library: "redis, that asks for the error", code: 0 },
    ...{ shows: `ERR ${REDIS}`, file: `${PHP}redis.ini` },
    script: `$redis = new Redis(); $redis->connect("127.0.0.1", (int) $argv[1]);
      $redis->get("key"); print($redis->getLastError());`,
  },
  {
    ...{ service: "redis", language: "PHP", library: "redis", code: 0 },
    ...{ shows: `bool(false)`, file: `${PHP}redis.ini` },
    script: `$redis = new Redis(); $redis->connect("127.0.0.1", (int) $argv[1]);
      var_dump($redis->get("key"));`,
  },
  {
    ...{ service: "redis", language: "Ruby", library: "redis" },
    ...{ shows: `ERR ${REDIS} (Redis::CommandError)`, file: `${GEMS}redis-4.8.0/lib/redis.rb` },
    script: `require "redis"; Redis.new(port: ARGV[0].to_i).get("key")`,
  },
  {
    ...{ service: "redis", language: "Perl", library: "Redis" },
    ...{ shows: `[get] ERR ${REDIS}`, file: `${PERL}Redis.pm` },
    script: `use Redis; Redis->new(server => "127.0.0.1:$ARGV[0]")->get("key");`,
  },
  {
    ...{ service: "memcached", language: "Python", library: "pymemcache" },
    ...{ shows: `MemcacheServerError: b'${WORDS}'`, file: `${PYTHON}pymemcache/__init__.py` },
    script: `import sys, pymemcache; pymemcache.Client((${ADDRESS})).get("key")`,
  },
  {
    ...{ service: "memcached", language: "PHP", library: "memcached, get", code: 0 },
    ...{ shows: "NOT FOUND", file: `/etc/php/8.2/cli/conf.d/25-memcached.ini` },
    script: `$client = new Memcached(); $client->addServer("127.0.0.1", (int) $argv[1]);
      $client->get("key"); print($client->getResultMessage());`,
  },
  {
    ...{ service: "memcached", language: "PHP", library: "memcached, set", code: 0 },
    ...{ shows: `SERVER ERROR, ${WORDS}`, file: `/etc/php/8.2/cli/conf.d/25-memcached.ini` },
    script: `$client = new Memcached(); $client->addServer("127.0.0.1", (int) $argv[1]);
      $client->set("key", 1); print($client->getLastErrorMessage());`,
  },
  {
    ...{ service: "memcached", language: "Ruby", library: "dalli" },
    ...{ shows: "Response error 133: Busy", file: `${GEMS}dalli-3.0.6/lib/dalli.rb` },
    script: `require "dalli"; Dalli::Client.new("127.0.0.1:#{ARGV[0]}").get("key")`,
  },
  {
    ...{ service: "mongodb", language: "Python", library: "pymongo", connections: [30, 65] },
    ...{ shows: WORDS, file: `${PYTHON}pymongo/__init__.py` },
    script: `import sys, pymongo; pymongo.MongoClient(${ADDRESS}).shop.things.find_one()`,
  },
  {
    ...{ service: "cassandra", language: "Python", library: "cassandra" },
    shows: `[Coordinator node overloaded] message="${WORDS}"`,
    file: `${PYTHON}cassandra/__init__.py`,
    script: `import sys; from cassandra.cluster import Cluster
Cluster(["127.0.0.1"], port=int(sys.argv[1])).connect()`,
  },
  {
    ...{ service: "amqp", language: "Python", library: "pika" },
    ...{ shows: `ConnectionClosedByBroker: (320) '${WORDS}'`, file: `${PYTHON}pika/__init__.py` },
    script: `import sys, pika; pika.BlockingConnection(pika.ConnectionParameters(${ADDRESS}))`,
  },
  {
    ...{ service: "amqp", language: "Ruby", library: "bunny" },
    ...{ shows: `@reply_text="${WORDS}"`, file: `${GEMS}bunny-2.19.0/lib/bunny.rb` },
    script: `require "bunny"; Bunny.new(port: ARGV[0].to_i).start`,
  },
  {
    ...{ service: "amqp", language: "PHP", library: "amqp", file: `${PHP}amqp.ini` },
    shows: "unexpected method received - Potential login failure.",
    script: `(new AMQPConnection(["port" => (int) $argv[1]]))->connect();`,
  },
  {
    ...{ service: "mqtt", language: "Python", library: "paho.mqtt.publish" },
    shows: "Connection Refused: broker unavailable.",
    file: `${PYTHON}paho/mqtt/publish.py`,
    script: `import sys, paho.mqtt.publish as publish
publish.single("topic", "x", hostname="127.0.0.1", port=int(sys.argv[1]))`,
  },
  {
    ...{ service: "mqtt", language: "Python", library: "paho.mqtt.publish, version 5" },
    ...{ shows: "Connection Refused: unknown reason.", file: `${PYTHON}paho/mqtt/publish.py` },
    script: `import sys, paho.mqtt.publish as publish
publish.single("topic", "x", hostname="127.0.0.1", port=int(sys.argv[1]), protocol=5)`,
  },
  {
    ...{ service: "mqtt", language: "Python", library: "paho.mqtt.client, until the third time" },
    ...{ shows: "Connection Refused: broker unavailable.", code: 3, connections: 3 },
    file: `${PYTHON}paho/mqtt/client.py`,
    script: `import os, sys, paho.mqtt.client as mqtt
times = []
def told(client, userdata, flags, code):
  times.append(print(mqtt.connack_string(code), flush=True))
  len(times) < 3 or os._exit(3)
client = mqtt.Client(); client.on_connect = told
client.connect(${ADDRESS}); client.loop_forever()`,
  },
  {
    ...{ service: "stomp", language: "Python", library: "stomp, with a listener" },
    ...{ shows: WORDS.replace(":", ","), file: `${PYTHON}stomp/__init__.py` },
    script: `import sys, stomp
class Listener(stomp.ConnectionListener):
  def on_error(self, frame): print(frame.headers["message"])
connection = stomp.Connection([(${ADDRESS})])
connection.set_listener("", Listener()); connection.connect("ann", "secret", wait=True)`,
  },
  {
    ...{ service: "ldap", language: "Python", library: "ldap3" },
    shows: "LDAPBindError: automatic bind not successful - busy",
    file: `${PYTHON}ldap3/__init__.py`,
    script: `import sys, ldap3
ldap3.Connection(ldap3.Server(${ADDRESS}), "cn=ann", "secret", auto_bind=True)`,
  },
  {
    ...{ service: "ldap", language: "Python", library: "ldap3, that asks for the result" },
    ...{ shows: WORDS, code: 0, file: `${PYTHON}ldap3/__init__.py` },
    script: `import sys, ldap3
connection = ldap3.Connection(ldap3.Server(${ADDRESS}), "cn=ann", "secret")
connection.bind(); print(connection.result["message"])`,
  },
  {
    ...{ service: "ldap", language: "PHP", library: "ldap, that asks for the message", code: 0 },
    ...{ shows: WORDS, file: `${PHP}ldap.ini` },
    script:
      `$ldap = ldap_connect("ldap://127.0.0.1:$argv[1]"); @ldap_bind($ldap, "cn=ann", "secret");
      ldap_get_option($ldap, LDAP_OPT_DIAGNOSTIC_MESSAGE, $message); print($message);`,
  },
  {
    ...{ service: "ldap", language: "PHP", library: "ldap", code: 1, file: `${PHP}ldap.ini` },
    shows: "Unable to bind to server: Server is busy",
    script: `ldap_bind(ldap_connect("ldap://127.0.0.1:$argv[1]"), "cn=ann", "secret") || exit(1);`,
  },
  {
    ...{ service: "ldap", language: "Ruby", library: "net-ldap", code: 0 },
    ...{ shows: WORDS, file: `${RUBY}net/ldap.rb` },
    script: `require "net/ldap"
      ldap = Net::LDAP.new(port: ARGV[0].to_i, auth: { method: :simple, username: "cn=ann",
        password: "secret" })
      ldap.bind; p ldap.get_operation_result`,
  },
  {
    ...{ service: "ldap", language: "Perl", library: "Net::LDAP" },
    ...{ shows: `LDAP_BUSY: ${WORDS}`, file: `${PERL}Net/LDAP.pm` },
    script: `use Net::LDAP;
      my $ldap = Net::LDAP->new("ldap://127.0.0.1:$ARGV[0]");
      my $told = $ldap->bind("cn=ann", password => "secret");
      $told->code and die $told->error_name, ": ", $told->error;`,
  },
  {
    ...{ service: "ssh", language: "Python", library: "paramiko, with its log", shows: WORDS },
    file: `${PYTHON}paramiko/__init__.py`,
    script: `import sys, logging, paramiko
logging.basicConfig(level=logging.INFO)
client = paramiko.SSHClient(); client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
client.connect(${ADDRESS}, "ann", "secret")`,
  },
  {
    ...{ service: "ssh", language: "Python", library: "paramiko" },
    ...{ shows: "SSHException: Negotiation failed.", file: `${PYTHON}paramiko/__init__.py` },
    script: `import sys, paramiko
client = paramiko.SSHClient(); client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
client.connect(${ADDRESS}, "ann", "secret")`,
  },
  {
    ...{ service: "grpc", language: "Python", library: "grpcio" },
    ...{ shows: "StatusCode.UNAVAILABLE", file: `${PYTHON}grpc/__init__.py` },
    script: `import sys, grpc
grpc.insecure_channel("127.0.0.1:" + sys.argv[1]).unary_unary("/a/b")(b"x")`,
  },
  {
    ...{ service: "http", language: "Python", library: "requests" },
    ...{ shows: `503 Server Error: ${WORDS}`, file: `${PYTHON}requests/__init__.py` },
    script: `import sys, requests
requests.get("http://127.0.0.1:" + sys.argv[1]).raise_for_status()`,
  },
  {
    ...{ service: "http", language: "Python", library: "urllib", shows: `Error 503: ${WORDS}` },
    script: `import sys, urllib.request; urllib.request.urlopen("http://127.0.0.1:" + sys.argv[1])`,
  },
  {
    ...{ service: "http", language: "PHP", library: "file_get_contents", code: 1 },
    shows: `HTTP/1.1 503 ${WORDS}`,
    script: `file_get_contents("http://127.0.0.1:$argv[1]/") || exit(1);`,
  },
  {
    ...{ service: "http", language: "Ruby", library: "open-uri", shows: `503 ${WORDS}` },
    script: `require "open-uri"; URI.open("http://127.0.0.1:#{ARGV[0]}/")`,
  },
  {
    ...{ service: "smtp", language: "Python", library: "smtplib" },
    shows: `SMTPConnectError: (421, b'4.3.2 ${WORDS}')`,
    script: `import sys, smtplib; smtplib.SMTP(${ADDRESS})`,
  },
  {
    ...{ service: "smtp", language: "Ruby", library: "Net::SMTP" },
    shows: `421 4.3.2 ${WORDS} (Net::SMTPServerBusy)`,
    script: `require "net/smtp"; Net::SMTP.start(${RUBY_ADDRESS})`,
  },
  {
    ...{ service: "imap", language: "Python", library: "imaplib" },
    shows: `error: b'* BYE [UNAVAILABLE] ${WORDS}'`,
    script: `import sys, imaplib; imaplib.IMAP4(${ADDRESS})`,
  },
  {
    ...{ service: "pop3", language: "Python", library: "poplib" },
    shows: `error_proto: b'-ERR [IN-USE] ${WORDS}'`,
    script: `import sys, poplib; poplib.POP3(${ADDRESS})`,
  },
  {
    ...{ service: "ftp", language: "Python", library: "ftplib", shows: `error_perm: 530 ${WORDS}` },
    script: `import sys, ftplib; ftplib.FTP().connect(${ADDRESS})`,
  },
];

for (const { language, library, file, script, ...refused } of PROGRAMS) {
  const { command: [program, ...flags], end, failure } = LANGUAGES[language];
  testFurther({
    ...{ code: failure, connections: 1, ...refused, client: `${library} (${language})`, program },
    files: file === undefined ? [] : [file],
    args: (port) => [...flags, script, ...end, `${port}`],
  });
}

const SOURCES = new URL("./programs/", import.meta.url).pathname;

for (
  const [service, client, jar, source, shows] of [
    ["postgres", "pgjdbc (Java)", "postgresql.jar", "PgJdbc.java", `FATAL: ${WORDS}`],
    ["mysql", "MariaDB Connector/J (Java)", "mariadb-java-client.jar", "MariaJdbc.java", TOO_MANY],
  ] as const
) {
  testFurther({
    ...{ service, client, shows, code: 1, connections: 1, program: "java" },
    files: [`/usr/share/java/${jar}`, "/usr/bin/javac"],
    args: (port) => ["-cp", `/usr/share/java/${jar}`, `${SOURCES}${source}`, `${port}`],
  });
}

testFurther({
  ...{ service: "redis", client: "hiredis (C)", shows: `ERR ${REDIS}`, code: 1, connections: 1 },
  ...{ program: "bash", files: ["/usr/include/hiredis/hiredis.h", "/usr/bin/gcc"] },
  args: (port) => [
    ...[
      "-c",
      'file=$(mktemp); gcc -o "$file" "$1" -lhiredis; exec 9< "$file"; rm "$file"; exec /proc/self/fd/9 "$2"',
    ],
    ...["bash", `${SOURCES}hiredis.c`, `${port}`],
  ],
});

testTable("languages_test.ts");
