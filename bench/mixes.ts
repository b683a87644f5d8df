/**
 * Mixes of functions, and traces made from them.
 */
import type { MIXES as MIX_NAMES } from "../cli/commands.ts";
import { normal, type Random, randomNumbers, shuffle } from "../traces/random.ts";
import { probit } from "simple-statistics";
import { FLOAT_OPERATIONS_PER_MS } from "../traces/replayable.ts";
import type { TraceRow } from "../traces/alps.ts";

/** One kind of invocation of a mix. */
export interface MixEntry {
  readonly job: string;
  /** The function is `<job>-<number>`. */
  readonly number: number;
  /** The job's argument; the median where it is spread. */
  readonly n: number;
  /** Its share of the invocations, relative to the sum of all entries. */
  readonly share: number;
  /** Standard deviation of the logarithm of n, where each invocation draws its own (lognormally). */
  readonly sigma?: number;
}

/** Four functions of 5, 20, 100 and 400 ms. */
function fourFunctions(sigma: number): MixEntry[] {
  const cpuMsAndShare = [[5, 60], [20, 20], [100, 12], [400, 8]] as const;
  return cpuMsAndShare.map(([cpuMs, share], index) => ({
    job: "floatOperation",
    number: 31 + index,
    n: cpuMs * FLOAT_OPERATIONS_PER_MS,
    share,
    ...(sigma > 0 ? { sigma } : {}),
  }));
}

/** The same four on average, each with two peaks: four of five invocations take a quarter, the fifth four times as much. */
const TWO_PEAKS: readonly MixEntry[] = fourFunctions(0).flatMap((entry) => [
  { ...entry, n: entry.n / 4, share: 4 * entry.share },
  { ...entry, n: entry.n * 4, share: entry.share },
]);

/** `[job, number, n, Azure %, Huawei %]`: the published shares, the five functions of job fib told apart by n. */
const PUBLISHED: readonly (readonly [string, number, number, number, number])[] = [
  ["fib", 2, 23, 2.3, 3.4],
  ["fib", 2, 24, 1.9, 3.7],
  ["fib", 2, 25, 1.9, 3.5],
  ["fib", 2, 26, 1.7, 3.2],
  ["fib", 6, 28, 5.3, 8.9],
  ["fib", 11, 29, 6.5, 5.6],
  ["fib", 18, 31, 24.2, 6.0],
  ["fib", 21, 35, 8.8, 0.5],
  ["fib", 21, 36, 8.6, 0.5],
  ["graphBfs", 8, 100, 8.3, 13.8],
  ["graphMst", 9, 8, 2.7, 4.8],
  ["graphMst", 9, 9, 3.3, 4.8],
  ["graphMst", 9, 10, 2.8, 4.7],
  ["graphPagerank", 10, 8, 3.1, 4.6],
  ["graphPagerank", 10, 9, 2.9, 4.5],
  ["graphPagerank", 10, 10, 3.1, 4.9],
  ["featureExtractor", 14, 1, 8.3, 13.9],
  ["floatOperation", 20, 100000, 4.6, 8.8],
];

/**
 * The mixes by name: `azure` and `huawei` as published, `alike` (four functions, each with invocations of one size) and
 * `lognormal` (the same four medians, spread with σ = 1 within each function) and `two-peaked` (the same four means).
 */
export const MIXES: Readonly<Record<typeof MIX_NAMES[number], readonly MixEntry[]>> = {
  azure: PUBLISHED.map(([job, number, n, share]) => ({ job, number, n, share })),
  huawei: PUBLISHED.map(([job, number, n, , share]) => ({ job, number, n, share })),
  alike: fourFunctions(0),
  lognormal: fourFunctions(1),
  "two-peaked": TWO_PEAKS,
};

/** What trace to make. */
export interface TraceOptions {
  readonly mix: readonly MixEntry[];
  /** Any whole number; the same options give the same trace. */
  readonly seed: number;
  /** Sum of the CPU times over cores × span. Above 0. */
  readonly load: number;
  readonly cores: number;
  /** How long the trace is to be; it differs by at most about half of one invocation's share. */
  readonly seconds: number;
  /** What an invocation takes when it is alone, in milliseconds. Above 0. */
  readonly cpuMsOf: (job: string, n: number) => number;
}

/** Inter-arrival times over their mean, as in the published traces: 25 ms, standard deviation 5.1, 9 to 44. */
const ARRIVAL_SPREAD = 5.1 / 25;
const ARRIVAL_LEAST = 9 / 25;
const ARRIVAL_MOST = 44 / 25;

/** Arrivals further apart than this on average are due at whole milliseconds, as the published ones; others at µs. */
const WHOLE_MS_FROM_MS = 5;

/**
 * Makes a trace. Each kind of invocation has its share of the rows (to the nearest row), and spread sizes are taken evenly
 * from their distribution, so that luck decides only about order and arrival times; the span is such that the load is
 * what was asked for.
 *
 * @throws RangeError where an option is out of range, or the time too short for a single invocation
 */
export function makeTrace(options: TraceOptions): TraceRow[] {
  const { mix, load, cores, seconds } = options;
  for (const name of ["load", "cores", "seconds"] as const) {
    const value = options[name];
    if (!(value > 0 && value < Infinity)) {
      throw new RangeError(`cannot make a trace with ${name} ${value}: must be a number above 0`);
    }
  }
  if (!Number.isSafeInteger(options.seed)) {
    throw new RangeError(`cannot make a trace with seed ${options.seed}: must be a whole number`);
  }
  const wantedMs = load * cores * seconds * 1000;
  const { rows, cpuMs } = bestRows(options, wantedMs);
  if (rows.length === 0) {
    const meanMs = cpuMsOfRows(options, rowsOf(mix, 1000)) / 1000;
    throw new RangeError(
      `cannot make a trace of ${seconds} s at load ${load} on ${cores} cores: must have room for one invocation ` +
        `of about ${meanMs.toFixed(1)} ms`,
    );
  }
  const random = randomNumbers(options.seed);
  shuffle(rows, random);
  const dueMs = arrivals(rows.length, cpuMs / (load * cores), random);
  return rows.map(({ entry, n }, index) => ({
    id: index + 1,
    n,
    job: entry.job,
    function: `${entry.job}-${entry.number}`,
    dueMs: dueMs[index]!,
  }));
}

interface Draft {
  readonly entry: MixEntry;
  readonly n: number;
}

/** So many rows that their CPU times come as near as possible to what is wanted. */
function bestRows(options: TraceOptions, wantedMs: number): { rows: Draft[]; cpuMs: number } {
  let rows: Draft[] = [], cpuMs = 0;
  let count = Math.round(wantedMs / (cpuMsOfRows(options, rowsOf(options.mix, 1000)) / 1000));
  for (let attempt = 0; attempt < 10 && count > 0; attempt++) {
    const candidate = rowsOf(options.mix, count);
    const candidateMs = cpuMsOfRows(options, candidate);
    if (Math.abs(candidateMs - wantedMs) < Math.abs(cpuMs - wantedMs)) rows = candidate, cpuMs = candidateMs;
    const next = Math.max(1, Math.round(count * wantedMs / candidateMs));
    if (next === count) break;
    count = next;
  }
  return { rows, cpuMs };
}

function cpuMsOfRows(options: TraceOptions, rows: readonly Draft[]): number {
  return rows.reduce((sum, { entry, n }) => {
    const cpuMs = options.cpuMsOf(entry.job, n);
    if (!(cpuMs > 0 && cpuMs < Infinity)) {
      throw new RangeError(`cannot make a trace with ${entry.job} ${n} taking ${cpuMs} ms: must be above 0`);
    }
    return sum + cpuMs;
  }, 0);
}

/** So many rows of a mix, each entry with its share by the method of largest remainders, sizes in quantiles. */
function rowsOf(mix: readonly MixEntry[], count: number): Draft[] {
  const total = mix.reduce((sum, entry) => sum + entry.share, 0);
  const exact = mix.map((entry) => count * entry.share / total);
  const counts = exact.map(Math.floor);
  const missing = count - counts.reduce((sum, each) => sum + each, 0);
  const byRemainder = [...mix.keys()].sort((a, b) =>
    exact[b]! - counts[b]! - (exact[a]! - counts[a]!) || a - b
  );
  for (const index of byRemainder.slice(0, missing)) counts[index]!++;
  return mix.flatMap((entry, index) =>
    Array.from({ length: counts[index]! }, (_, place) => {
      const deviations = entry.sigma === undefined ? 0 : entry.sigma * probit((place + 0.5) / counts[index]!);
      return { entry, n: Math.max(1, Math.round(entry.n * Math.exp(deviations))) };
    })
  );
}

/** Due times that end at `spanMs`. */
function arrivals(count: number, spanMs: number, random: Random): number[] {
  const waits = Array.from({ length: count }, () => {
    const wait = 1 + ARRIVAL_SPREAD * normal(random);
    return Math.min(Math.max(wait, ARRIVAL_LEAST), ARRIVAL_MOST);
  });
  const scale = spanMs / waits.reduce((sum, wait) => sum + wait, 0);
  const perMs = spanMs / count >= WHOLE_MS_FROM_MS ? 1 : 1000;
  let sum = 0;
  return waits.map((wait) => Math.round((sum += wait * scale) * perMs) / perMs);
}
