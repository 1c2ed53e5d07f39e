/**
 * The list of the services, by the names that users give them.
 *
 * @module
 */

import { http } from "./http.ts";
import { mysql } from "./mysql.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";
import type { Service } from "./service.ts";
import type { ServiceName } from "./names.ts";

/** Each service. */
export const SERVICES: Readonly<Record<ServiceName, Service>> = { http, postgres, mysql, redis };
