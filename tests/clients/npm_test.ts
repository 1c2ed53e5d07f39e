/** Clients of npm that are refused, with their defaults. Imports nothing from lib/. */

import { testNpm, WORDS } from "./clients.ts";
import { testTable } from "./table.ts";

const REDIS = `ERR max number of clients reached (${WORDS})`;

/** How long the clients that come again are given, in milliseconds. */
const SOME_SECONDS = 5000;

const IOREDIS = `
  const client = new (load().default ?? load())(port);
  client.on("error", (error) => console.log(String(error)));
  await client.get("key").catch((error) => console.log(String(error)));
  client.disconnect();`;

for (const [name, client] of [["ioredis", "ioredis 6"], ["ioredis5", "ioredis 5"]] as const) {
  testNpm({
    ...{ service: "redis", client, shows: `ReplyError: ${REDIS}`, code: 0, connections: 1 },
    ...{ package: name, script: IOREDIS },
  });
}

const NODE_REDIS = `
  const client = load().createClient({ url: "redis://127.0.0.1:" + port });
  client.on("error", (error) => { console.log(String(error)); process.exit(2); });
  await client.connect();
  await client.get("key").catch((error) => { console.log(String(error)); process.exit(1); });`;

for (
  const [name, client, code] of [["redis", "redis 6", 2], ["redis4", "redis 4", 1]] as const
) {
  testNpm({
    ...{ service: "redis", client, shows: `Error: ${REDIS}`, code, connections: 1 },
    ...{ package: name, script: NODE_REDIS },
  });
}

testNpm({
  ...{ service: "postgres", client: "pg", shows: WORDS, code: 0, connections: 1, package: "pg" },
  script: `const { Client } = load();
    await new Client({ host: "127.0.0.1", port, user: "ann", password: "secret" }).connect()
      .catch((error) => console.log(String(error)));`,
});

testNpm({
  ...{ service: "postgres", client: "postgres", shows: WORDS, code: 0, connections: 1 },
  package: "postgres",
  script: `const sql = load()({ host: "127.0.0.1", port, user: "ann", password: "secret" });
    await sql\`select 1\`.catch((error) => console.log(String(error)));`,
});

testNpm({
  ...{ service: "mysql", client: "mysql2", shows: WORDS, code: 1, connections: 1 },
  package: "mysql2",
  script: `load().createConnection({ host: "127.0.0.1", port, user: "ann", password: "secret" })
    .on("error", (error) => { console.log(String(error)); process.exit(1); });`,
});

const MARIADB = `{ host: "127.0.0.1", port, user: "ann", password: "secret" }`;

testNpm({
  ...{ service: "mysql", client: "createConnection of mariadb", shows: WORDS, code: 0 },
  ...{ connections: 1, package: "mariadb" },
  script: `await load().createConnection(${MARIADB}).catch((error) => console.log(String(error)));`,
});

testNpm({
  ...{ service: "mysql", client: "createPool of mariadb", code: 0, connections: [5, 40] },
  ...{ shows: "pool failed to retrieve a connection from pool", package: "mariadb" },
  script: `const pool = load().createPool(${MARIADB});
    await pool.getConnection().catch((error) => console.log(String(error))); await pool.end();`,
});

testNpm({
  ...{ service: "memcached", client: "memjs", shows: "MemJS GET: Busy", code: 1, connections: 1 },
  package: "memjs",
  script: `load().Client.create("127.0.0.1:" + port).get("key", (error) => {
    console.log(String(error));
    process.exit(1);
  });`,
});

// It comes again each half second until its time is over.
testNpm({
  ...{ service: "mongodb", client: "mongodb", code: 0, connections: [30, 65] },
  shows: `MongoServerSelectionError: ${WORDS} 462`,
  package: "mongodb",
  script: `
    const url = "mongodb://ann:secret@127.0.0.1:" + port;
    const client = new (load().MongoClient)(url);
    const found = client.db("shop").collection("things").findOne();
    await found.catch((error) => console.log(String(error), error.code));
    await client.close();`,
});

testNpm({
  ...{ service: "cassandra", client: "cassandra-driver", code: 0, connections: 1 },
  shows: `ResponseError: ${WORDS}`,
  package: "cassandra-driver",
  script: `
    const contactPoints = ["127.0.0.1:" + port];
    const client = new (load().Client)({ contactPoints, localDataCenter: "here" });
    await client.connect().catch((error) => console.log(String(error)));
    await client.shutdown();`,
});

testNpm({
  ...{ service: "amqp", client: "amqplib", code: 0, connections: 1 },
  shows: "Error: Expected ConnectionStart; got <ConnectionClose channel:0>",
  package: "amqplib",
  script: `await load().connect("amqp://ann:secret@127.0.0.1:" + port)
    .catch((error) => console.log(String(error)));`,
});

for (const [version, words] of [[4, "Server unavailable"], [5, "Server busy"]] as const) {
  testNpm({
    ...{ service: "mqtt", client: `mqtt, version ${version}`, code: 0, connections: 1 },
    ...{ shows: `Connection refused: ${words}`, package: "mqtt" },
    script: `load().connect("mqtt://127.0.0.1:" + port, { protocolVersion: ${version} })
      .on("error", (error) => console.log(String(error)));`,
  });
}

testNpm({
  ...{ service: "nats", client: "@nats-io/transport-node", code: 0, connections: 1 },
  ...{ shows: "unexpected response from server", package: "@nats-io/transport-node" },
  script: `await load().connect({ servers: "127.0.0.1:" + port, user: "ann", pass: "secret" })
    .catch((error) => console.log(String(error)));`,
});

testNpm({
  ...{ service: "stomp", client: "stompit", code: 0, connections: 1 },
  shows: `Error: ${WORDS.replace(":", ",")}`,
  package: "stompit",
  script: `load().connect({ host: "127.0.0.1", port }, (error) => {
    console.log(String(error));
    process.exit();
  });`,
});

testNpm({
  ...{ service: "grpc", client: "@grpc/grpc-js", code: 0, connections: 1 },
  shows: "14 UNAVAILABLE: No connection established. Last error: Failed to connect",
  package: "@grpc/grpc-js",
  script: `
    const grpc = load();
    const plain = { requestSerialize: (x) => x, responseDeserialize: (x) => x };
    const Client = grpc.makeGenericClientConstructor({ call: { path: "/a/b", ...plain } });
    const client = new Client("127.0.0.1:" + port, grpc.credentials.createInsecure());
    client.call(Buffer.from("x"), (error) => {
      console.log(String(error));
      client.close();
    });`,
});

testNpm({
  ...{ service: "ldap", client: "ldapts", code: 0, connections: 1 },
  ...{ shows: `BusyError: ${WORDS} Code: 0x33`, package: "ldapts" },
  script: `await new (load().Client)({ url: "ldap://127.0.0.1:" + port }).bind("cn=ann", "secret")
    .catch((error) => console.log(String(error)));`,
});

testNpm({
  ...{ service: "ssh", client: "ssh2", shows: `Error: ${WORDS} 12`, code: 0, connections: 1 },
  package: "ssh2",
  script: `new (load().Client)()
    .on("error", (error) => console.log(String(error), error.code))
    .connect({ host: "127.0.0.1", port, username: "ann", password: "secret" });`,
});

testNpm({
  ...{ service: "modbus", client: "modbus-serial", code: 0, connections: 1 },
  shows: "Modbus exception 6: Slave device busy (retry request again later)",
  package: "modbus-serial",
  script: `
    const client = new (load())();
    await client.connectTCP("127.0.0.1", { port });
    await client.readHoldingRegisters(1, 1).catch((error) => console.log(error.message));
    process.exit();`,
});

testNpm({
  ...{ service: "irc", client: "irc-framework", code: 0, connections: 1 },
  ...{ shows: `Closing Link: ${WORDS}`, package: "irc-framework" },
  script: `
    const client = new (load().Client)();
    client.on("irc error", ({ reason }) => { console.log(reason); process.exit(); });
    client.connect({ host: "127.0.0.1", port, nick: "ann" });`,
});

// Its default is to come again for ever, and to say nothing: so it is given no retry.
testNpm({
  ...{ service: "opcua", client: "node-opcua-client without retries", code: 0, connections: 1 },
  ...{ shows: `BadTcpServerTooBusy (0x807d0000) : ${WORDS}`, package: "node-opcua-client" },
  script: `
    const connectionStrategy = { maxRetry: 0 };
    const client = load().OPCUAClient.create({ connectionStrategy, endpointMustExist: false });
    await client.connect("opc.tcp://127.0.0.1:" + port).catch((error) => console.log(error.message));
    setTimeout(() => process.exit(), ${SOME_SECONDS}).unref();`,
});

testTable("npm_test.ts");
