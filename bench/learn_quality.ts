/**
 * How good the learned policies are, simulated: each predictor against the fair ideal and against SRPT, on traces of the
 * published shapes whose functions are alike, vary, or have two peaks.
 */
import { median } from "simple-statistics";
import { gapClosed } from "./summary.ts";
import { makeTrace, MIXES } from "./mixes.ts";
import { referenceCpuMs } from "./reference_times.ts";
import { simulate } from "../simulate/policies.ts";
import { makeWorkload, type Workload } from "../simulate/workload.ts";
import { normal, type Random, randomNumbers } from "../traces/random.ts";

const NS_PER_MS = 1e6;

/** How the invocations of one function differ. */
interface Spread {
  /** Of the CPU time, 1 on average. */
  readonly factor: (random: Random) => number;
  /**
   * Whether each size is a function of its own. As published it is not: half of what `fib-21` runs takes 1.6 times as long as
   * the other half, which nobody can tell before.
   */
  readonly apart?: boolean;
}

export const SPREADS: Readonly<Record<string, Spread>> = {
  "alike": { factor: () => 1, apart: true },
  "as published": { factor: () => 1 },
  "lognormal, σ = 1": { factor: (random) => Math.exp(normal(random) - 0.5) },
  "two-peaked": { factor: (random) => random() < 0.8 ? 0.25 : 4 },
};

/** What to simulate. */
export interface QualityOptions {
  readonly mix: keyof typeof MIXES;
  /** One of {@link SPREADS}. */
  readonly spread: string;
  readonly load: number;
  readonly cores: number;
  readonly seconds: number;
  readonly seeds: readonly number[];
  /** Predictors. */
  readonly ml: readonly string[];
}

/** Medians over the seeds. */
export interface Quality {
  readonly invocations: number;
  /** By policy: of the gap in mean turnaround between the fair ideal and SRPT. */
  readonly gapClosed: Readonly<Record<string, number>>;
  /** By policy: mean turnaround over that of the Gittins policy which is told the distributions. */
  readonly overTold: Readonly<Record<string, number>>;
}

/** A workload of a published shape. */
export function spreadWorkload(
  { mix, spread, load, cores, seconds }: QualityOptions,
  seed: number,
): Workload {
  const rows = makeTrace({ mix: MIXES[mix], seed, load, cores, seconds, cpuMsOf: referenceCpuMs });
  const random = randomNumbers(1000 + seed), { factor, apart = false } = SPREADS[spread]!;
  return makeWorkload(rows.map(({ function: name, dueMs, job, n }) => ({
    function: apart ? `${name} ${n}` : name,
    arrivalNs: dueMs * NS_PER_MS,
    cpuNs: referenceCpuMs(job, n) * factor(random) * NS_PER_MS,
  })));
}

/** Simulates everything. The agents begin knowing nothing. */
export function quality(options: QualityOptions): Quality {
  const names = [
    ...options.ml.map((ml) => `alps:${ml}`),
    "gittins",
  ];
  const gaps: Record<string, number[]> = {}, ratios: Record<string, number[]> = {};
  let invocations = 0;
  for (const seed of options.seeds) {
    const workload = spreadWorkload(options, seed);
    invocations = workload.cpuNs.length;
    const mean = (policy: string) => meanTurnaroundNs(workload, policy, options.cores);
    const fair = mean("ps"), bound = mean("srpt"), told = mean("gittins");
    for (const name of names) {
      const own = name === "gittins" ? told : mean(name);
      (gaps[name] ??= []).push(gapClosed(fair, own, bound));
      (ratios[name] ??= []).push(own / told);
    }
  }
  const medians = (lists: Record<string, number[]>) =>
    Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, median(list)]));
  return { invocations, gapClosed: medians(gaps), overTold: medians(ratios) };
}

function meanTurnaroundNs(workload: Workload, policy: string, cores: number): number {
  const { completionNs } = simulate(workload, policy, { cores });
  let sum = 0;
  for (let job = 0; job < completionNs.length; job++) sum += completionNs[job]! - workload.arrivalNs[job]!;
  return sum / completionNs.length;
}
