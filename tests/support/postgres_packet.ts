/**
 * What clients of PostgreSQL begin with. Imports nothing from lib/.
 *
 * @module
 */

const HEADER_BYTES = 8;

/** A first packet: its own length, a code, parameters in ASCII. */
export function packet(code: number, parameters = ""): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + parameters.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, bytes.length);
  view.setInt32(4, code);
  bytes.set(new TextEncoder().encode(parameters), HEADER_BYTES);
  return bytes;
}
