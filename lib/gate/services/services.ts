/**
 * The list of the services, by the names that users give them. Each stands in a file of that name,
 * which is loaded when it is needed: the command line needs the names alone.
 *
 * @module
 */

/** The services that poolgate knows, in the order in which they are listed. */
export const SERVICES = {
  http: () => import("./http.ts"),
  postgres: () => import("./postgres.ts"),
  mysql: () => import("./mysql.ts"),
  redis: () => import("./redis.ts"),
} as const;
export type ServiceName = keyof typeof SERVICES;
export const SERVICE_NAMES = Object.keys(SERVICES) as ServiceName[];
