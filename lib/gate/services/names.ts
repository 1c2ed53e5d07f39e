/**
 * The names of the services, apart from what they do: the command line needs no more.
 *
 * @module
 */

/** The services that poolgate knows, in the order in which they are listed. */
export const SERVICE_NAMES = ["http", "postgres", "mysql", "redis"] as const;
export type ServiceName = typeof SERVICE_NAMES[number];
