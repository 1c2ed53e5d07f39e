/**
 * What takes connections as a Redis does, and answers as the test says: for servers that are too
 * old, or forget at a given moment. Imports nothing from lib/.
 *
 * @module
 */

import { listener } from "../sockets.ts";

/** Answers to a command, in the protocol of Redis; `undefined` for none. */
export type Answers = (command: string[]) => string | undefined;

/** @returns A text. */
export function bulk(text: string): string {
  return `$${new TextEncoder().encode(text).length}\r\n${text}\r\n`;
}

/** @returns A list of numbers. */
export function list(...numbers: number[]): string {
  return `*${numbers.length}\r\n${numbers.map((number) => `:${number}\r\n`).join("")}`;
}

/** What a Redis of this version answers when a client begins. */
export function greeting(version: string): Answers {
  return ([name]) => {
    if (name === "HELLO") return `%1\r\n${bulk("proto")}:3\r\n`;
    if (name === "CLIENT") return "+OK\r\n";
    if (name === "INFO") {
      return bulk(`# Server\r\nredis_version:${version}\r\nrun_id:1\r\nrole:master\r\n`);
    }
    return undefined;
  };
}

/** The server. */
export class FakeRedis implements AsyncDisposable {
  #listener = listener();
  #sockets: Deno.Conn[] = [];
  #serving: Promise<void>;
  /** What it was asked. */
  readonly asked: string[][] = [];

  constructor(answers: Answers) {
    this.#serving = this.#serve(answers);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async #serve(answers: Answers): Promise<void> {
    const all: Promise<void>[] = [];
    for await (const socket of this.#listener) {
      this.#sockets.push(socket);
      all.push(this.#converse(socket, answers).catch(() => {}));
    }
    await Promise.all(all);
  }

  async #converse(socket: Deno.Conn, answers: Answers): Promise<void> {
    let heard = "";
    const decoder = new TextDecoder("latin1");
    for await (const chunk of socket.readable) {
      heard += decoder.decode(chunk);
      for (let command = next(); command !== undefined; command = next()) {
        this.asked.push(command);
        const answer = answers(command);
        if (answer !== undefined) await socket.write(new TextEncoder().encode(answer));
      }
    }

    /** Takes one whole command: `*2 $4 ECHO $2 hi`, each followed by a line break. */
    function next(): string[] | undefined {
      let at = 0;
      const line = () => {
        const end = heard.indexOf("\r\n", at);
        if (end === -1) return undefined;
        const text = heard.slice(at + 1, end);
        at = end + 2;
        return Number(text);
      };
      const count = line();
      if (count === undefined) return undefined;
      const words: string[] = [];
      while (words.length < count) {
        const length = line();
        if (length === undefined || heard.length < at + length + 2) return undefined;
        words.push(heard.slice(at, at + length));
        at += length + 2;
      }
      heard = heard.slice(at);
      return words;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const socket of this.#sockets) {
      try {
        socket.close();
      } catch {
        // It is closed already.
      }
    }
    await this.#serving;
  }
}
