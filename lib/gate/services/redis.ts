/**
 * Redis: a rejected client gets the server's own error.
 *
 * @module
 */

import { ascii } from "./ascii.ts";
import type { Service } from "./service.ts";

/**
 * The error that Redis itself gives when `maxclients` is reached, which clients know:
 * https://redis.io/docs/latest/develop/reference/clients/#maximum-concurrent-connected-clients
 */
export const service: Service = {
  reject: () => ({ opening: ascii("-ERR max number of clients reached\r\n") }),
};
