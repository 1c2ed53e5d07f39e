/**
 * MySQL and MariaDB: a rejected client gets an error in place of the greeting.
 *
 * @module
 */

import { ascii } from "./ascii.ts";
import type { Service } from "./service.ts";

const MYSQL_ERR = 0xff;
const ER_CON_COUNT_ERROR = 1040;

/**
 * The ERR packet that a server sends in place of its greeting. No SQL state: that is for clients
 * that have said that they understand one.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_err_packet.html
 */
export const service: Service = {
  reject() {
    const text = ascii("Too many connections");
    const payload = [MYSQL_ERR, ER_CON_COUNT_ERROR & 0xff, ER_CON_COUNT_ERROR >> 8, ...text];
    const sequence = 0;
    const header = [payload.length & 0xff, payload.length >> 8, 0, sequence];
    return { opening: Uint8Array.of(...header, ...payload) };
  },
};
