/**
 * The note that the upstream may not take the header of `--proxy-protocol`. Many that do not just
 * end the connection, and a client sees no difference to a service that is broken.
 *
 * @module
 */

import type { Note } from "../io/log.ts";
import type { ProxyProtocol } from "./proxy_protocol.ts";

/** So many connections in a row that the upstream ends without a byte are noted. */
export const SILENT_ENDS = 5;

/** Counts the connections that the upstream ends without a byte. */
export class HeaderLog {
  #version: ProxyProtocol;
  #note: Note;
  #name: string;
  /** How many there have been in a row. */
  #silent = 0;

  /**
   * @param version The version of the header that the upstream gets.
   * @param note Takes a note for the operator.
   * @param name What the upstream is called there.
   */
  constructor(version: ProxyProtocol, note: Note, name = "the upstream") {
    this.#version = version;
    this.#note = note;
    this.#name = name;
  }

  /** The upstream has said something: it takes the header. */
  answered(): void {
    this.#silent = 0;
  }

  /** The upstream has ended a connection before its client did, and said nothing. */
  endedSilently(): void {
    this.#silent++;
    if (this.#silent !== SILENT_ENDS) return;
    this.#note(
      "warn",
      `${this.#name} has ended ${SILENT_ENDS} connections in a row without a byte: it may not ` +
        `take the PROXY header (--proxy-protocol ${this.#version})`,
    );
  }
}
