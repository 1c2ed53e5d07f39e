/*
 * Types for the names used from the @std packages, whose npm edition ships none. Where they come
 * from JSR, which has its own types, this file and its line in deno.json go.
 */

declare module "@std/streams/text-line-stream" {
  /** Splits text into lines at `\n` or `\r\n`, whatever the borders of the chunks. */
  export class TextLineStream extends TransformStream<string, string> {}
}

declare module "@std/cli/parse-args" {
  export function parseArgs(
    argv: string[],
    options: {
      string: string[];
      /** Those whose values make a list, which is empty where there are none. */
      collect?: string[];
      /** Called with each argument that is no known flag; `false` leaves it out of the result. */
      unknown: (arg: string) => boolean;
    },
  ): { _: (string | number)[]; [flag: string]: unknown };
}

declare module "@std/text/closest-string" {
  /** The word that is the most like another one; the first of several. */
  export function closestString(given: string, words: readonly string[]): string;
}

declare module "@std/text/levenshtein-distance" {
  /** How many letters have to be put in, taken out or changed to make one word of the other. */
  export function levenshteinDistance(one: string, other: string): number;
}

declare module "@std/yaml/parse" {
  /** What a document in YAML says. */
  export function parse(text: string): unknown;
}

declare module "@std/assert" {
  export function assert(condition: unknown, message?: string): asserts condition;
  export function assertEquals<T>(actual: T, expected: T, message?: string): void;
  export function assertMatch(actual: string, expected: RegExp, message?: string): void;
  export function assertStringIncludes(actual: string, expected: string, message?: string): void;
  export function assertThrows(
    action: () => unknown,
    type?: ErrorConstructor,
    text?: string,
  ): Error;
  export function assertRejects(
    action: () => PromiseLike<unknown>,
    type?: new (...args: never[]) => Error,
    text?: string,
  ): Promise<Error>;
}
