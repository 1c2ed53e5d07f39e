/**
 * Answers rejected clients that speak another language than the service, and notes the first of
 * each language.
 *
 * @module
 */

import type { Note } from "../io/log.ts";
import { foreignAnswer, type ForeignLanguage, foreignLanguage } from "./foreign.ts";
import type { Heard } from "./services/service.ts";
import type { ServiceName } from "./services/services.ts";

/** Of one gate. */
export class ForeignLog {
  #service: ServiceName;
  #note: Note;
  #noted = new Set<ForeignLanguage>();

  /** @param service What clients are expected to speak. */
  constructor(service: ServiceName, note: Note) {
    this.#service = service;
    this.#note = note;
  }

  /**
   * @param bytes What a client has said first, at least one byte.
   * @returns What comes of that; `undefined` where it is for the service to hear.
   */
  hear(bytes: Uint8Array): Heard | undefined {
    const language = foreignLanguage(bytes, this.#service);
    if (language === undefined) return undefined;
    if (language === "unknown") return "more";
    if (!this.#noted.has(language)) this.#tell(language);
    return {
      say: foreignAnswer(language, this.#service),
      taken: bytes.length,
      done: true,
    };
  }

  #tell(language: ForeignLanguage): void {
    this.#noted.add(language);
    const article = language === "HTTP" ? "a request of HTTP" : "TLS";
    this.#note(
      "warn",
      `a client that is turned away begins with ${article}, at a gate for ${this.#service}: ` +
        "it is told in that language, and further ones are not noted",
    );
  }
}
