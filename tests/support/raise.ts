/**
 * @module
 */

/** Throws a fault, so that the test fails in which it has come. */
export function raise(error: unknown): never {
  throw error;
}
