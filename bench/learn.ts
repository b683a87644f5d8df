/**
 * `deno task bench:learn`: how fast learning is, how that grows with size, and how good what is learned is, simulated.
 * Needs neither root nor a kernel.
 */
import { Command, Option } from "commander";
import Table from "cli-table3";
import { OrdersIntake, packOrders } from "../core/orders.ts";
import { Ranking } from "../enforce/ranking.ts";
import { Learner } from "../learn/learner.ts";
import { PREDICTORS } from "../learn/predict/mod.ts";
import { simulate } from "../simulate/policies.ts";
import { makeWorkload } from "../simulate/workload.ts";
import { normal, randomNumbers } from "../traces/random.ts";
import type { Invocation } from "../observe/invocation.ts";
import { quality, type QualityOptions, SPREADS } from "./learn_quality.ts";

/** Functions and invocations of an epoch. */
const SIZES = [[100, 1_000], [1_000, 10_000], [10_000, 100_000], [100_000, 1_000_000]] as const;

/** `RF` takes its library milliseconds a function: larger epochs would take minutes. */
const MOST_RF_FUNCTIONS = 1_000;

const CORES = 2;

/** Times of one epoch, in milliseconds. */
export interface EpochTimes {
  readonly ml: string;
  readonly functions: number;
  readonly invocations: number;
  /** Taking the invocations in. */
  readonly addMs: number;
  /** The policy, with every function's table new. */
  readonly policyMs: number;
  /** The longest that the event thread is kept from its events while it takes the policy in, piece by piece. */
  readonly pauseMs: number;
  /** What the learner and its policy hold, in MB. */
  readonly memoryMb: number;
}

/** Invocations of many functions, about equally many of each, of very different sizes. */
export function epochInvocations(functions: number, count: number): Invocation[] {
  const random = randomNumbers(1);
  const medianNs = Float64Array.from({ length: functions }, () => 20e6 * Math.exp(1.5 * normal(random)));
  return Array.from({ length: count }, (_, index) => {
    const functionId = index % functions, endNs = (index + 1) * 1e6;
    const cpuNs = medianNs[functionId]! * Math.exp(0.3 * normal(random));
    return {
      functionId,
      pid: index + 1,
      kind: "process",
      startNs: endNs - 2 * cpuNs,
      endNs,
      cpuNs,
      waitNs: 0,
      firstRunNs: 0,
      preemptions: 0,
    };
  });
}

/** One epoch from nothing. */
export function measureEpoch(ml: string, functions: number, invocations: readonly Invocation[]): EpochTimes {
  const heapBefore = heapMb();
  const learner = new Learner({ ml, cores: CORES });
  const addMs = time(() => learner.add(invocations));
  let policy = learner.makePolicy(0, 50);
  const policyMs = time(() => {
    // Again, with everything new once more: the first time includes what the runtime does to compile it.
    learner.add(invocations.slice(0, functions));
    policy = learner.makePolicy(0, 50);
  });
  const orders = packOrders({ changed: policy.functions, removed: [], pinned: [], prior: policy.prior });
  const ranking = new Ranking(), intake = new OrdersIntake();
  let pauseMs = 0;
  // Again, for the same reason.
  for (const measured of [false, true]) {
    intake.add(orders);
    while (intake.hasMore) {
      const ms = time(() => ranking.setOrders(intake.next()!));
      if (measured) pauseMs = Math.max(pauseMs, ms);
    }
  }
  const memoryMb = heapMb() - heapBefore;
  return { ml, functions, invocations: invocations.length, addMs, policyMs, pauseMs, memoryMb };
}

/** SRPT of so many invocations at load 0.9, in milliseconds. */
export function measureSrpt(count: number, cores: number): number {
  const random = randomNumbers(2);
  let arrivalNs = 0;
  const workload = makeWorkload(Array.from({ length: count }, () => {
    arrivalNs += -Math.log(1 - random()) * 20e6 * Math.exp(0.5) / (0.9 * cores);
    return { function: "f", arrivalNs, cpuNs: 20e6 * Math.exp(normal(random)) };
  }));
  simulate(workload, "srpt", { cores });
  return time(() => simulate(workload, "srpt", { cores }));
}

function time(action: () => void): number {
  const beganMs = performance.now();
  action();
  return performance.now() - beganMs;
}

function heapMb(): number {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external } = Deno.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

function printed(head: string[], rows: (string | number)[][]): string {
  const table = new Table({
    head,
    colAligns: head.map((_, place) => place === 0 ? "left" as const : "right" as const),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push(row.map((cell) => typeof cell === "number" ? shownMs(cell) : cell));
  return table.toString();
}

function shownMs(value: number): string {
  return value.toFixed(value < 10 ? 2 : 0);
}

function printSpeed(): void {
  console.log("SRPT of one million invocations, simulated on one core of this machine:");
  for (const cores of [1, 96]) {
    console.log(`  ${cores} simulated cores: ${measureSrpt(1e6, cores).toFixed(0)} ms`);
  }
  const rows: (string | number)[][] = [];
  for (const [functions, count] of SIZES) {
    const invocations = epochInvocations(functions, count);
    for (const ml of PREDICTORS.keys()) {
      if (ml === "RF" && functions > MOST_RF_FUNCTIONS) continue;
      const { addMs, policyMs, pauseMs, memoryMb } = measureEpoch(ml, functions, invocations);
      rows.push([
        ml,
        String(functions),
        String(count),
        addMs,
        policyMs,
        addMs + policyMs,
        pauseMs,
        memoryMb,
      ]);
    }
  }
  console.log("\nOne epoch from nothing, every function with new invocations, in ms:");
  console.log(
    printed(
      ["--ml", "functions", "invocations", "take in", "policy", "both", "longest pause", "MB held"],
      rows,
    ),
  );
}

function printQuality(
  { seconds, seeds, ml }: { seconds: number; seeds: number; ml: readonly string[] },
): void {
  console.log(
    `\nGap closed from the fair ideal (0) to SRPT (1), simulated at load 0.9 on ${CORES} cores over ${seconds} s, learning from ` +
      "nothing,\nand mean turnaround over that of the Gittins policy which is told the distributions; medians:",
  );
  const rows = (["azure", "huawei"] as const).flatMap((mix) =>
    Object.keys(SPREADS).map((spread) => {
      const options: QualityOptions = {
        ...{ mix, spread, seconds, ml, load: 0.9, cores: CORES },
        seeds: Array.from({ length: seeds }, (_, index) => index + 1),
      };
      const { invocations, gapClosed, overTold } = quality(options);
      return [
        `${mix}, ${spread}`,
        String(invocations),
        ...Object.keys(gapClosed).map((name) =>
          `${gapClosed[name]!.toFixed(2)} / ${overTold[name]!.toFixed(3)}`
        ),
      ];
    })
  );
  console.log(printed(["trace", "n", ...ml, "gittins, told"], rows));
}

const program = new Command("deno task bench:learn")
  .description("How fast learning is, and how good. Speed first, then quality.")
  .option("--speed", "speed alone", false)
  .option("--quality", "quality alone", false)
  .option("--seconds <n>", "span of the simulated traces", (text) => Number(text), 600)
  .option("--seeds <n>", "simulated traces of each kind", (text) => Number(text), 3)
  .addOption(
    new Option("--ml <name...>", "predictors whose quality is simulated; RF takes most of the time")
      .choices([...PREDICTORS.keys()]).default([...PREDICTORS.keys()]),
  )
  .action((options: { speed: boolean; quality: boolean; seconds: number; seeds: number; ml: string[] }) => {
    if (!options.quality) printSpeed();
    if (!options.speed) printQuality(options);
  });

if (import.meta.main) await program.parseAsync(Deno.args, { from: "user" });
