/**
 * How the benchmarks measure and print: programs take turns in rounds, and what counts is the median of their ratios
 * within a round. Also how their command lines are read.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";

export async function has(program: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", `command -v ${program}`] })
    .output();
  if (!success) console.log(`  (${program} is not on this machine: what needs it is skipped)`);
  return success;
}

/** The middle one, or, of an even number, the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = NaN, high = low] = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
  return (low + high) / 2;
}

/** Prints each median, and the first row's ratio to each other: the median of the rounds, least to most. */
export function report(unit: string, figures: Map<string, number[]>): void {
  const [own = []] = figures.values();
  for (const [name, values] of figures) {
    const ratios = values.map((value, round) => (own[round] ?? NaN) / value);
    const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
    const ratio = values === own ? "" : `   ratio ${median(ratios).toFixed(2)} (${range})`;
    console.log(`  ${name.padEnd(24)} ${median(values).toFixed(2).padStart(9)} ${unit}${ratio}`);
  }
}

/** Prints each median, and by how much each row exceeds the first: the median of the rounds, least to most. */
export function reportExcess(unit: string, figures: Map<string, number[]>): void {
  const [own = []] = figures.values();
  const percent = (value: number) => `${value < 0 ? "" : "+"}${value.toFixed(1)}`;
  for (const [name, values] of figures) {
    const excess = values.map((value, round) => (value / (own[round] ?? NaN) - 1) * 100);
    const range = `${percent(Math.min(...excess))} to ${percent(Math.max(...excess))}`;
    const shown = values === own ? "" : `   ${percent(median(excess))} % (${range})`;
    console.log(`  ${name.padEnd(24)} ${median(values).toFixed(2).padStart(9)} ${unit}${shown}`);
  }
}

/** Measures every subject once in each round. */
export async function compare<T, F>(
  rounds: number,
  subjects: Map<string, T>,
  measure: (subject: T) => Promise<F>,
): Promise<Map<string, F[]>> {
  const figures = new Map([...subjects.keys()].map((name) => [name, [] as F[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, subject] of subjects) figures.get(name)?.push(await measure(subject));
  }
  return figures;
}

/** One figure of several that {@linkcode compare} has measured at once. */
export function column<F>(
  figures: Map<string, F[]>,
  pick: (figure: F) => number,
): Map<string, number[]> {
  return new Map([...figures].map(([name, values]) => [name, values.map(pick)]));
}

/** Which sections to run, and the counts given by flags, such as `--rounds 5`. */
export interface Wanted<C extends string> {
  /** In their order; all of them where the command line names none. */
  sections: string[];
  counts: Record<C, number>;
}

/** Reads the command line; `counts` are the defaults. */
export function readArguments<C extends string>(
  sections: string[],
  counts: Record<C, number>,
): Wanted<C> {
  const flags = Object.keys(counts) as C[];
  const { _: names, ...given } = parseArgs(Deno.args, {
    string: flags,
    unknown: (argument) => {
      if (sections.includes(argument)) return true;
      const known = flags.map((flag) => `--${flag}`).join(", ");
      throw new Error(`"${argument}" is not ${known} or one of ${sections.join(", ")}`);
    },
  });
  const wanted: Wanted<C> = {
    sections: sections.filter((name) => names.length === 0 || names.includes(name)),
    counts: { ...counts },
  };
  for (const flag of flags) {
    if (given[flag] !== undefined) wanted.counts[flag] = positive(flag, String(given[flag]));
  }
  return wanted;
}

function positive(flag: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) {
    throw new Error(`--${flag} is "${text}", it must be an integer from 1`);
  }
  return Number(text);
}
