/**
 * The calls as the server carries them out: one script a call, in `lua/`, and how arguments and
 * answers are written. Pure. Who sends them is of no concern here.
 *
 * @module
 */

import { MAX_LIMIT } from "../pool/limits.ts";
import {
  type CallName,
  type Calls,
  type Claim,
  FENCED,
  type GateEntry,
  type News,
  type Op,
  type OpResult,
  type Push,
  type Told,
} from "./link.ts";
import apply from "./lua/apply.lua" with { type: "text" };
import attach from "./lua/attach.lua" with { type: "text" };
import configure from "./lua/configure.lua" with { type: "text" };
import pauseGate from "./lua/pause_gate.lua" with { type: "text" };
import pausePool from "./lua/pause_pool.lua" with { type: "text" };
import prelude from "./lua/prelude.lua" with { type: "text" };
import register from "./lua/register.lua" with { type: "text" };
import renew from "./lua/renew.lua" with { type: "text" };
import retire from "./lua/retire.lua" with { type: "text" };

/** Limits of a pool that is made by a gate that has none. */
export const INITIAL_LIMITS = { maxConnections: 100, backlogSize: 100 };

/** What a script answers: a list of figures and names, or one figure of those below. */
export type Answer = readonly (number | string)[] | number;

/** The gate is not known, or known no more. */
const IS_FENCED: Answer = -1;

/** Stands for no ticket and for nobody promoted. */
const NONE = -1;

/** One call as a script. */
export interface Script<N extends CallName> {
  /** The source. It is given one key, {@linkcode poolKey}. */
  source: string;
  /** @returns The arguments of the script. */
  encode(args: Calls[N]["args"]): string[];
  /** @throws {Error} `BUG:` where that is no answer of the script. */
  decode(answer: Answer): Calls[N]["reply"];
}

/**
 * The key of a pool, with which all its others begin. What stands in braces has Redis Cluster keep
 * them in one place.
 */
export function poolKey(name: string): string {
  return `{poolgate:${name}}`;
}

/** The sharded channel on which a gate is told of its clients' promotions. */
export function channelOf(name: string, gate: number): string {
  return `${poolKey(name)}:c:${gate}`;
}

/** @param text A message of {@linkcode channelOf}. */
export function decodePush(text: string): Push {
  const [told = NaN, active = NaN, queued = NaN, n = NaN, b = NaN, paused, ...promoted] = text
    .split(" ").map(Number);
  return { ...news([active, queued, n, b, paused ?? NaN, told]), promoted };
}

/** The scripts of all calls. */
export const SCRIPTS: { readonly [N in CallName]: Script<N> } = {
  attach: {
    source: prelude + attach,
    encode: ({ gate = 0, name, runId, leaseMs, limits, anew }) => [
      ...[`${gate}`, name, runId, `${leaseMs}`],
      ...[limits?.maxConnections ?? "", limits?.backlogSize ?? ""].map(String),
      flag(anew),
      ...[`${INITIAL_LIMITS.maxConnections}`, `${INITIAL_LIMITS.backlogSize}`],
    ],
    decode(answer) {
      if (typeof answer === "number") throw new Error(`BUG: attach has answered ${answer}`);
      const reader = new Reader(answer);
      return {
        ...reader.told(),
        gate: reader.number(),
        known: reader.flag(),
        created: reader.flag(),
        lastBatch: reader.number(),
        held: reader.rest().map((client) => Math.abs(Number(client))),
      };
    },
  },
  register: {
    source: prelude + register,
    encode: ({ gate, held, waiting, paused, done }) => [
      ...[`${gate}`, flag(done), flag(paused), `${held.length}`],
      ...held.map(encodeClaim),
      ...waiting.flatMap((claim) => [encodeClaim(claim), `${claim.ticket}`]),
    ],
    decode: unlessFenced((reader) => reader.told()),
  },
  apply: {
    source: prelude + apply,
    encode: ({ gate, batch, answered, replay, ops }) => {
      const args = [`${gate}`, `${batch}`, `${answered}`, flag(replay)];
      for (const op of ops) args.push(encodeOp(op));
      return args;
    },
    decode: unlessFenced((reader) => ({ ...reader.told(), results: reader.results() })),
  },
  renew: {
    source: prelude + renew,
    encode: ({ gate }) => [`${gate}`],
    decode: unlessFenced((reader) => ({ ...reader.told(), gates: reader.gates() })),
  },
  pauseGate: {
    source: prelude + pauseGate,
    encode: ({ gate, paused }) => [`${gate}`, flag(paused)],
    decode: unlessFenced((reader) => reader.told()),
  },
  pausePool: {
    source: prelude + pausePool,
    encode: ({ gate, paused }) => [`${gate}`, flag(paused)],
    decode: unlessFenced((reader) => ({ ...reader.told(), promotedCount: reader.number() })),
  },
  configure: {
    source: prelude + configure,
    encode: ({ gate, limits: { maxConnections = "", backlogSize = "" } }) => [
      `${gate}`,
      `${maxConnections}`,
      `${backlogSize}`,
    ],
    decode: unlessFenced((reader) => ({ ...reader.told(), promotedCount: reader.number() })),
  },
  retire: {
    source: prelude + retire,
    encode: ({ gate }) => [`${gate}`],
    decode: unlessFenced((reader) => reader.told()),
  },
};

function flag(value: boolean): string {
  return value ? "1" : "0";
}

/** An uncounted one is kept with a minus before it. */
function encodeClaim({ n, uncounted }: Claim): string {
  return `${uncounted ? "-" : ""}${n}`;
}

function encodeOp(op: Op): string {
  switch (op.kind) {
    case "join":
      return `${op.uncounted ? "*" : "+"}${op.n}`;
    case "leave":
      return `${op.uncounted ? "/" : "-"}${op.n}`;
    case "reject":
      return "!";
  }
}

function unlessFenced<T>(decode: (reader: Reader) => T): (answer: Answer) => T | typeof FENCED {
  return (answer) => {
    if (typeof answer !== "number") return decode(new Reader(answer));
    if (answer === IS_FENCED) return FENCED;
    throw new Error(`BUG: a script has answered ${answer}`);
  };
}

function news([active, queued, n, b, paused, told]: [
  active: number,
  queued: number,
  n: number,
  b: number,
  paused: number,
  told: number,
]): News {
  return {
    ...{ active, queued, told, paused: paused === 1 },
    limits: { maxConnections: limit(n), backlogSize: limit(b) },
  };
}

function limit(value: number): number {
  if (value >= 0 && value <= MAX_LIMIT) return value;
  throw new Error(`BUG: a limit is ${value}`);
}

/** Takes an answer apart, from its beginning. */
class Reader {
  #values: readonly (number | string)[];
  #at = 0;

  constructor(values: readonly (number | string)[]) {
    this.#values = values;
  }

  /** What a name, or a number that stands in a key, is written as. */
  text(): string {
    const value = this.#values[this.#at++];
    if (value === undefined) throw new Error("BUG: the answer of a script is too short");
    return String(value);
  }

  number(): number {
    const value = this.#values[this.#at++];
    if (typeof value === "number") return value;
    const number = Number(value);
    if (Number.isNaN(number)) throw new Error(`BUG: no number in the answer of a script: ${value}`);
    return number;
  }

  flag(): boolean {
    return this.number() === 1;
  }

  rest(): readonly (number | string)[] {
    return this.#values.slice(this.#at);
  }

  told(): Told {
    const number = () => this.number();
    return {
      ...news([number(), number(), number(), number(), number(), number()]),
      nextLeaseMs: number(),
      heldMs: number(),
      more: this.flag(),
      connectedTotal: number(),
      queuedTotal: number(),
      promotedTotal: number(),
      rejectedTotal: number(),
      disconnectedTotal: number(),
      promoted: this.#list(number),
      reaped: this.#list(() => ({ name: this.text(), active: number(), queued: number() })),
    };
  }

  results(): OpResult[] {
    const results: OpResult[] = [];
    while (this.#at < this.#values.length) results.push(this.#result());
    return results;
  }

  gates(): GateEntry[] {
    const gates: GateEntry[] = [];
    while (this.#at < this.#values.length) {
      gates.push({
        gate: this.number(),
        name: this.text(),
        active: this.number(),
        queued: this.number(),
        paused: this.flag(),
        leaseAgeMs: this.number(),
      });
    }
    return gates;
  }

  #list<T>(read: () => T): T[] {
    return Array.from({ length: this.number() }, read);
  }

  #result(): OpResult {
    const code = this.number();
    const active = this.number();
    const queued = this.number();
    const value = this.number();
    switch (code) {
      case 0:
        return { kind: "placed", active, queued };
      case 1:
        return { kind: "queued", active, queued, ticket: value };
      case 2:
        return { kind: "rejected", active, queued };
      case 3:
        return { kind: "left", active, queued, promoted: value === NONE ? undefined : value };
      case 4:
        return { kind: "unknown", active, queued };
      case 5:
        return { kind: "counted", active, queued };
      default:
        throw new Error(`BUG: an op has become ${code}`);
    }
  }
}
