/**
 * The list of the services, by the names that users give them. Each stands in a file of that name,
 * or in a row of the greetings, which is loaded when it is needed: the command line needs the names
 * alone.
 *
 * @module
 */

const greetings = () => import("./greetings.ts");

/** The services that poolgate knows, as they are listed: those alike together. */
export const SERVICES = {
  http: () => import("./http.ts"),
  grpc: () => import("./grpc.ts"),
  postgres: () => import("./postgres.ts"),
  mysql: () => import("./mysql.ts"),
  redis: () => import("./redis.ts"),
  memcached: () => import("./memcached.ts"),
  mongodb: () => import("./mongodb.ts"),
  cassandra: () => import("./cassandra.ts"),
  amqp: () => import("./amqp.ts"),
  mqtt: () => import("./mqtt.ts"),
  nats: () => import("./nats.ts"),
  stomp: greetings,
  smtp: greetings,
  imap: greetings,
  pop3: greetings,
  nntp: greetings,
  irc: greetings,
  ftp: greetings,
  rsync: greetings,
  git: greetings,
  svn: greetings,
  ssh: () => import("./ssh.ts"),
  vnc: greetings,
  ldap: () => import("./ldap.ts"),
  dns: () => import("./dns.ts"),
  modbus: () => import("./modbus.ts"),
  opcua: () => import("./opcua.ts"),
  dicom: () => import("./dicom.ts"),
} as const;
export type ServiceName = keyof typeof SERVICES;
export const SERVICE_NAMES = Object.keys(SERVICES) as ServiceName[];
