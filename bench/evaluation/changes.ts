/**
 * What has changed between two evaluations, and whether it is noise. Pure but for reading the earlier one.
 */
import { median } from "simple-statistics";
import { z } from "zod";
import { FailedError } from "../../cli/errors.ts";
import { percentile } from "../../simulate/percentile.ts";
import { randomNumbers } from "../../traces/random.ts";
import type { Interval } from "../results.ts";
import type { BenchDocument, BenchRun } from "./document.ts";
import { DEFAULT } from "../compare.ts";

/** What is looked at of an earlier document: enough to know that it is one. */
const Shape = z.looseObject({
  commit: z.string(),
  date: z.string(),
  machine: z.looseObject({ hostname: z.string(), kernel: z.string(), cpu: z.string(), cores: z.number() }),
  work: z.number(),
  seconds: z.number(),
  host: z.string(),
  runs: z.array(z.looseObject({
    name: z.string(),
    by_round: z.array(z.looseObject({
      seed: z.number(),
      runs: z.array(z.looseObject({
        policy: z.string(),
        unusable: z.array(z.string()),
        invocations: z.looseObject({ turnaround_ms: z.array(z.number()), failed: z.array(z.boolean()) }),
      })),
    })),
  })),
});

/**
 * Reads a `results.json`.
 *
 * @throws FailedError where it cannot be read or is none
 */
export async function readDocument(path: string): Promise<BenchDocument> {
  const wrong = (why: string) => new FailedError(`cannot compare with ${JSON.stringify(path)}: ${why}`);
  let value: unknown;
  try {
    value = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
  const parsed = Shape.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw wrong(`it is no results.json of deno task bench (${issue?.path.join(".")}: ${issue?.message})`);
  }
  return value as BenchDocument;
}

/** How a policy's mean turnaround, over the default's of the same round, has changed. */
export interface Change {
  readonly condition: string;
  readonly policy: string;
  readonly before: number;
  readonly after: number;
  /** After over before, with its bootstrap interval. */
  readonly ratio: Interval;
  /** Both have two rounds at least, and the interval does not include 1. */
  readonly real: boolean;
}

/** Differences that keep two documents from being compared directly; none where there is no such. */
export function differences(before: BenchDocument, after: BenchDocument): string[] {
  const pairs: [string, unknown, unknown][] = [
    ["machine", before.machine.hostname, after.machine.hostname],
    ["CPU", before.machine.cpu, after.machine.cpu],
    ["cores", before.machine.cores, after.machine.cores],
    ["kernel", before.machine.kernel, after.machine.kernel],
    ["work", before.work, after.work],
    ["seconds", before.seconds, after.seconds],
    ["host", before.host, after.host],
  ];
  return pairs.filter(([, a, b]) => a !== b).map(([what, a, b]) => `${what}: ${a} before, ${b} now`);
}

/**
 * The changes of all policies that both have, by condition. Each round counts by its ratio to the default, so that a machine
 * that has become faster as a whole changes nothing.
 */
export function changes(before: BenchDocument, after: BenchDocument): Change[] {
  return after.runs.flatMap((run) => {
    const earlier = before.runs.find(({ name }) => name === run.name);
    if (earlier === undefined) return [];
    const old = ratiosByPolicy(earlier), now = ratiosByPolicy(run);
    return [...now].flatMap(([policy, ratios]): Change[] => {
      const others = old.get(policy);
      if (others === undefined) return [];
      const ratio = independentRatio(ratios, others);
      const real = Math.min(ratios.length, others.length) > 1 && (ratio.low > 1 || ratio.high < 1);
      return [{ condition: run.name, policy, before: median(others), after: median(ratios), ratio, real }];
    });
  });
}

function ratiosByPolicy(run: BenchRun): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { runs } of run.by_round) {
    const reference = runs.find(({ policy, unusable }) => policy === DEFAULT && unusable.length === 0);
    if (reference === undefined) continue;
    for (const { policy, unusable, invocations } of runs) {
      if (policy === DEFAULT || unusable.length > 0) continue;
      const ratio = meanOf(invocations) / meanOf(reference.invocations);
      if (Number.isFinite(ratio)) found.set(policy, [...found.get(policy) ?? [], ratio]);
    }
  }
  return found;
}

function meanOf(
  { turnaround_ms, failed }: { turnaround_ms: readonly number[]; failed: readonly boolean[] },
): number {
  const done = turnaround_ms.filter((_, index) => !failed[index]);
  return done.reduce((sum, each) => sum + each, 0) / done.length;
}

const RESAMPLES = 2000;

/** Median of a over median of b, with the bootstrap interval from resamples of each on its own: they are not pairs. */
export function independentRatio(a: readonly number[], b: readonly number[]): Interval {
  const random = randomNumbers(a.length * 1000 + b.length);
  const resampled = (values: readonly number[]) =>
    median(values.map(() => values[Math.floor(random() * values.length)]!));
  const ratios = Array.from({ length: RESAMPLES }, () => resampled(a) / resampled(b)).sort((x, y) => x - y);
  return {
    median: median([...a]) / median([...b]),
    low: percentile(ratios, 0.025),
    high: percentile(ratios, 0.975),
  };
}
