/**
 * Clients in Python, PHP, Ruby, Perl, Java and C, of Debian, that are refused: each a program that catches nothing, with
 * the defaults of its library. Those in Go are in a file of their own. Imports nothing from lib/.
 */

import { type Refused, testFurther, WORDS } from "./clients.ts";
import { testTable } from "./table.ts";

const PYTHON = "/usr/lib/python3/dist-packages/";
const PHP = "/usr/lib/php/20220829/";
const RUBY = "/usr/lib/ruby/vendor_ruby/";
const GEMS = "/usr/share/rubygems-integration/all/gems/";
const NATIVE_GEMS = "/usr/lib/x86_64-linux-gnu/rubygems-integration/3.1.0/gems/";
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
  /** A file that it needs besides. */
  besides?: string;
  script: string;
}

const LOGIN = `host="127.0.0.1", port=int(sys.argv[1]), user="ann", password="secret"`;
const ADDRESS = `"127.0.0.1", int(sys.argv[1])`;
const RUBY_ADDRESS = `"127.0.0.1", ARGV[0].to_i`;
const TOO_MANY = `Too many connections (${WORDS})`;
const SLAVE_BUSY = "Slave device or server is busy";
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
    ...{ shows: `FATAL:  ${WORDS}`, file: `${PHP}pdo_pgsql.so` },
    script: `new PDO("pgsql:host=127.0.0.1;port=$argv[1];user=ann;password=secret");`,
  },
  {
    ...{ service: "postgres", language: "PHP", library: "pg_connect", code: 1 },
    ...{ shows: `FATAL:  ${WORDS}`, file: `${PHP}pgsql.so` },
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
    ...{ shows: `mysqli_sql_exception: ${TOO_MANY}`, file: `${PHP}mysqli.so` },
    script: `new mysqli("127.0.0.1", "ann", "secret", null, (int) $argv[1]);`,
  },
  {
    ...{ service: "mysql", language: "PHP", library: "PDO" },
    ...{ shows: `SQLSTATE[08004] [1040] ${TOO_MANY}`, file: `${PHP}pdo_mysql.so` },
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
    ...{ shows: `ERR ${REDIS}`, file: `${PHP}redis.so` },
    script: `$redis = new Redis(); $redis->connect("127.0.0.1", (int) $argv[1]);
      $redis->get("key"); print($redis->getLastError());`,
  },
  {
    ...{ service: "redis", language: "PHP", library: "redis", code: 0 },
    ...{ shows: `bool(false)`, file: `${PHP}redis.so` },
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
    ...{ shows: "NOT FOUND", file: `${PHP}memcached.so` },
    script: `$client = new Memcached(); $client->addServer("127.0.0.1", (int) $argv[1]);
      $client->get("key"); print($client->getResultMessage());`,
  },
  {
    ...{ service: "memcached", language: "PHP", library: "memcached, set", code: 0 },
    ...{ shows: `SERVER ERROR, ${WORDS}`, file: `${PHP}memcached.so` },
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
    ...{ service: "mongodb", language: "PHP", library: "mongodb" },
    ...{ shows: `AuthenticationException: ${WORDS}`, file: `${PHP}mongodb.so` },
    script: `$manager = new MongoDB\\Driver\\Manager("mongodb://127.0.0.1:$argv[1]");
      $manager->executeCommand("shop", new MongoDB\\Driver\\Command(["ping" => 1]));`,
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
    ...{ service: "amqp", language: "PHP", library: "amqp", file: `${PHP}amqp.so` },
    shows: "unexpected method received - Potential login failure.",
    script: `(new AMQPConnection(["port" => (int) $argv[1]]))->connect();`,
  },
  {
    ...{ service: "amqp", language: "Python", library: "amqp", file: `${PYTHON}amqp/__init__.py` },
    shows: `ConnectionForced: (0, 0): (320) ${WORDS}`,
    script:
      `import sys, amqp; amqp.Connection("127.0.0.1:" + sys.argv[1], "ann", "secret").connect()`,
  },
  {
    ...{ service: "amqp", language: "Python", library: "aio_pika" },
    shows: "AMQPInternalError: ('Connection.StartOk', <Connection.Close object",
    file: `${PYTHON}aio_pika/__init__.py`,
    script: `import sys, asyncio, aio_pika
asyncio.run(aio_pika.connect_robust("amqp://ann:secret@127.0.0.1:" + sys.argv[1]))`,
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
    ...{ service: "stomp", language: "Ruby", library: "stomp, that asks for the frame", code: 0 },
    ...{ shows: WORDS.replace(":", ","), file: `${RUBY}stomp.rb` },
    script: `require "stomp"
      p Stomp::Client.new("ann", "secret", "127.0.0.1", ARGV[0].to_i).connection_frame`,
  },
  {
    ...{ service: "stomp", language: "PHP", library: "stomp", file: `${PHP}stomp.so` },
    shows: `StompException: ${WORDS.replace(":", ",")}`,
    script: `new Stomp("tcp://127.0.0.1:$argv[1]", "ann", "secret");`,
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
    ...{ shows: WORDS, file: `${PHP}ldap.so` },
    script:
      `$ldap = ldap_connect("ldap://127.0.0.1:$argv[1]"); @ldap_bind($ldap, "cn=ann", "secret");
      ldap_get_option($ldap, LDAP_OPT_DIAGNOSTIC_MESSAGE, $message); print($message);`,
  },
  {
    ...{ service: "ldap", language: "PHP", library: "ldap", code: 1, file: `${PHP}ldap.so` },
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
    ...{ service: "ssh", language: "Python", library: "asyncssh" },
    shows: `DisconnectError: ${WORDS} (error 12)`,
    file: `${PYTHON}asyncssh/__init__.py`,
    script: `import sys, asyncio, asyncssh
async def connect():
  await asyncssh.connect(${LOGIN.replace("user=", "username=")}, known_hosts=None)
asyncio.run(connect())`,
  },
  {
    ...{ service: "ssh", language: "Ruby", library: "Net::SSH" },
    ...{ shows: `disconnected: ${WORDS} (12)`, file: `${GEMS}net-ssh-7.0.1/lib/net/ssh.rb` },
    script: `require "net/ssh"
      Net::SSH.start("127.0.0.1", "ann", password: "secret", port: ARGV[0].to_i)`,
  },
  {
    ...{ service: "grpc", language: "Python", library: "grpcio" },
    ...{ shows: "StatusCode.UNAVAILABLE", file: `${PYTHON}grpc/__init__.py` },
    script: `import sys, grpc
grpc.insecure_channel("127.0.0.1:" + sys.argv[1]).unary_unary("/a/b")(b"x")`,
  },
  {
    ...{ service: "grpc", language: "Ruby", library: "grpc", shows: "(GRPC::Unavailable)" },
    file: `${NATIVE_GEMS}grpc-1.51.1/src/ruby/lib/grpc.rb`,
    script: `require "grpc"
      stub = GRPC::ClientStub.new("127.0.0.1:#{ARGV[0]}", :this_channel_is_insecure)
      stub.request_response("/a/b", "x", :to_s.to_proc, :to_s.to_proc)`,
  },
  {
    ...{ service: "modbus", language: "Python", library: "pymodbus", code: 0 },
    ...{ shows: "Exception Response(131, 3, SlaveBusy)", file: `${PYTHON}pymodbus/__init__.py` },
    besides: `${PYTHON}serial_asyncio/__init__.py`,
    script: `import sys, pymodbus.client
client = pymodbus.client.ModbusTcpClient(${ADDRESS}); client.connect()
print(client.read_holding_registers(1, 1))`,
  },
  {
    ...{ service: "dns", language: "Python", library: "dns.query, with extensions", code: 0 },
    ...{ shows: `option EDE 0: ${WORDS}`, file: `${PYTHON}dns/query.py` },
    script: `import sys, dns.message, dns.query
question = dns.message.make_query("example.org", "A", use_edns=0)
print(dns.query.tcp(question, "127.0.0.1", port=int(sys.argv[1])))`,
  },
  {
    ...{ service: "dns", language: "Python", library: "dns.resolver over TCP" },
    ...{ shows: "answered SERVFAIL", file: `${PYTHON}dns/resolver.py` },
    script: `import sys, dns.resolver
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = ["127.0.0.1"], int(sys.argv[1])
resolver.resolve("example.org", "A", tcp=True)`,
  },
  {
    ...{ service: "dns", language: "Perl", library: "Net::DNS, with extensions", code: 0 },
    ...{ shows: `"EXTRA-TEXT": "${WORDS}"`, file: `${PERL}Net/DNS.pm` },
    script: `use Net::DNS;
      my $resolver = Net::DNS::Resolver->new(
        nameservers => ["127.0.0.1"], port => $ARGV[0], usevc => 1, udppacketsize => 1232);
      my $answer = $resolver->send("example.org");
      print $answer ? $answer->string : $resolver->errorstring;`,
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
    ...{ service: "imap", language: "Ruby", library: "Net::IMAP" },
    shows: `${WORDS} (Net::IMAP::ByeResponseError)`,
    script: `require "net/imap"; Net::IMAP.new("127.0.0.1", port: ARGV[0].to_i)`,
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

for (const { language, library, file, besides, script, ...refused } of PROGRAMS) {
  const { command: [program, ...flags], end, failure } = LANGUAGES[language];
  testFurther({
    ...{ code: failure, connections: 1, ...refused, client: `${library} (${language})`, program },
    files: [file, besides].filter((each) => each !== undefined),
    args: (port) => [...flags, script, ...end, `${port}`],
  });
}

const SOURCES = new URL("./programs/", import.meta.url).pathname;
const JARS = "/usr/share/java/";

for (
  const [service, client, jar, source, shows] of [
    ["postgres", "pgjdbc (Java)", "postgresql.jar", "PgJdbc.java", `FATAL: ${WORDS}`],
    ["mysql", "MariaDB Connector/J (Java)", "mariadb-java-client.jar", "MariaJdbc.java", TOO_MANY],
    ["amqp", "RabbitMQ's client (Java)", "amqp-client.jar", "RabbitMq.java", WORDS],
    ["ssh", "JSch (Java)", "jsch.jar", "Jsch.java", `SSH_MSG_DISCONNECT: 12 ${WORDS}`],
  ] as const
) {
  testFurther({
    ...{ service, client, shows, code: 1, connections: 1, program: "java" },
    files: [`${JARS}${jar}`, "/usr/bin/javac"],
    args: (port) => ["-cp", `${JARS}${jar}:${JARS}slf4j-api.jar`, `${SOURCES}${source}`, `${port}`],
  });
}

const COMPILED = `file=$(mktemp); gcc -o "$file" "$1" "$2"; exec 9< "$file"; rm "$file"
  exec /proc/self/fd/9 "$3"`;

for (
  const [service, client, library, source, shows] of [
    ["redis", "hiredis (C)", "hiredis", "hiredis.c", `ERR ${REDIS}`],
    ["nats", "nats (C)", "nats", "nats.c", "got '-ERR' instead of 'INFO'"],
    ["modbus", "libmodbus (C)", "modbus", "libmodbus.c", SLAVE_BUSY],
  ] as const
) {
  testFurther({
    ...{ service, client, shows, code: 1, connections: 1, program: "bash" },
    files: [`/usr/include/${library}/${library}.h`, "/usr/bin/gcc"],
    args: (port) => ["-c", COMPILED, "bash", `${SOURCES}${source}`, `-l${library}`, `${port}`],
  });
}

testTable("languages_test.ts");
