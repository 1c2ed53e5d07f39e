/**
 * The list of the services, by the names that users give them. Each stands in a file of that name,
 * or in a row of the greetings, which is loaded when it is needed: the command line needs the names
 * alone.
 *
 * @module
 */

import type { GreetingName } from "./greetings.ts";
import type { Service } from "./service.ts";

/** Loads a service. */
export type LoadService = () => Promise<{ service: Service }>;

/** The services that poolgate knows, in the order in which they are listed: those alike together. */
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
  stomp: greeting("stomp"),
  smtp: greeting("smtp"),
  imap: greeting("imap"),
  pop3: greeting("pop3"),
  nntp: greeting("nntp"),
  irc: greeting("irc"),
  ftp: greeting("ftp"),
  rsync: greeting("rsync"),
  git: greeting("git"),
  svn: greeting("svn"),
  ssh: () => import("./ssh.ts"),
  vnc: greeting("vnc"),
  ldap: () => import("./ldap.ts"),
  dns: () => import("./dns.ts"),
  modbus: () => import("./modbus.ts"),
  opcua: () => import("./opcua.ts"),
  dicom: () => import("./dicom.ts"),
} as const satisfies Record<string, LoadService>;
export type ServiceName = keyof typeof SERVICES;
export const SERVICE_NAMES = Object.keys(SERVICES) as ServiceName[];

function greeting(name: GreetingName): LoadService {
  return async () => ({ service: (await import("./greetings.ts")).greetingService(name) });
}
