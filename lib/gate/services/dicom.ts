/**
 * DICOM: a rejected client's request for an association is rejected for a while.
 *
 * @module
 */

import { lastWord } from "./answer.ts";
import type { Heard, Service } from "./service.ts";

const ASSOCIATE_RQ = 1;

/**
 * A-ASSOCIATE-RJ: rejected-transient, by the service provider (presentation), local limit exceeded.
 * DICOM PS3.8, 9.3.4 and table 9-21.
 */
const ASSOCIATE_RJ = Uint8Array.of(3, 0, 0, 0, 0, 4, 0, 2, 3, 2);

export const service: Service = {
  reject: () => ({ hear }),
  patience: { client: "echoscu", ms: 30_000 },
};

function hear([type]: Uint8Array): Heard {
  return type === ASSOCIATE_RQ ? lastWord(ASSOCIATE_RJ) : "close";
}
