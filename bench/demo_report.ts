/**
 * What the demo says to people: the plan before, the table after.
 */
import { mean } from "simple-statistics";
import { shown } from "../observe/names.ts";
import { attainableNote } from "./attainable.ts";
import { type Comparison, DEFAULT, ORACLE } from "./compare.ts";
import type { DemoOptions } from "./demo_options.ts";
import { agentRuns, agentSummary, attainableIn, type DemoResult } from "./demo_result.ts";
import type { PolicyRun } from "./policy_run.ts";
import { comparisonTable, formatInterval, formatMs } from "./report.ts";
import type { Interval, Summary } from "./results.ts";
import { driftOf, MOST_DRIFT_PERCENT } from "./rounds.ts";
import { labelled, roughDuration, wrap } from "./text.ts";

/** What calibration takes at most, about, and what starting, draining and stopping add to each run. */
const CALIBRATION_S = 15;
const AROUND_RUN_S = 4;

/** Other programs that take more than this of the machine disturb the figures. */
const DISTURBING_PERCENT = 10;

/** Lines of prose are no longer, however wide the terminal. */
const PROSE_COLUMNS = 110;

/** What is going to happen, and how long it takes. */
export function planText(
  { options, description, cores, policies }: Omit<DemoResult, "rounds">,
  columns: number,
): string {
  const { rounds, seconds, load, seed } = options;
  const runS = seconds * Math.max(1, load) + AROUND_RUN_S;
  const seeds = rounds === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + rounds - 1}`;
  const text =
    `${rounds === 1 ? "One round" : `${rounds} rounds`} of ${seconds} s at load ${load} on ${cores} ` +
    `${cores === 1 ? "core" : "cores"}: ${
      shown(description)
    } (${seeds}). First how much CPU time the functions take ` +
    `alone, then the same requests under ${policies[0].name} (the kernel's own scheduling) and under ` +
    `${policies[1].name}. About ${roughDuration(CALIBRATION_S + rounds * 2 * runS)} in all.`;
  return wrap(text, Math.min(columns, PROSE_COLUMNS)).join("\n");
}

/** The table, what it means, and what to try next. */
export function resultText(result: DemoResult, comparison: Comparison, columns: number): string {
  const { options, policies: [, { name }] } = result;
  const table = comparisonTable({
    comparison,
    policy: name,
    heading: options.null ? "again" : "ALPS",
    columns,
  });
  return [table, "", ...findings(result, comparison, columns), "", ...nextSteps(options, columns)].join("\n");
}

function findings(
  result: DemoResult,
  comparison: Comparison,
  columns: number,
): string[] {
  const { policies: figures, gapClosed, meanRatio, longest } = comparison;
  const { options, policies: [, { name }], rounds } = result;
  const [before, after, bound] = [DEFAULT, name, ORACLE].map((each) => figures[each]!.all) as [
    Summary,
    Summary,
    Summary,
  ];
  const interval = (of: Interval | undefined) => formatInterval(of, rounds.length);
  const change = (key: "mean_ms" | "mean_execution_ms") =>
    `${formatMs(before[key])} -> ${formatMs(after[key])} ms`;
  const rows: [string, string][] = [
    ["mean turnaround", `${change("mean_ms")}, ratio ${interval(meanRatio[name])}`],
    ["gap closed", gapText(interval, gapClosed[name], bound)],
    ...attainable(result, comparison),
    ["mean execution", `${change("mean_execution_ms")}, from first run to end`],
    ["longest function", `${shown(longest.function)}: p99 ratio ${interval(longest.p99Ratio[name])}`],
    ...(options.null ? [] : [["learned", learnedText(agentRuns(result, name))] satisfies [string, string]]),
    ["agent", agentText(agentRuns(result, name))],
    ["client", clientText(rounds.flatMap(({ runs }) => runs))],
    ...firstSights(result),
    ...differences(result),
    ...disturbances(result),
  ];
  return labelled(rows, Math.min(columns, PROSE_COLUMNS));
}

function gapText(format: (interval: Interval) => string, gap: Interval | undefined, bound: Summary): string {
  const oracle = `the oracle's ${formatMs(bound.mean_ms)} ms (SRPT, sizes known)`;
  return gap === undefined
    ? `none to close: the default reached ${oracle}`
    : `${format(gap)} of the way to ${oracle}`;
}

/** What could have been closed here at most. */
function attainable(result: DemoResult, comparison: Comparison): [string, string][] {
  const found = result.options.null ? undefined : attainableIn(result, comparison);
  return found === undefined
    ? []
    : [["attainable", attainableNote(found.gap, found.leftPercent, result.rounds.length)]];
}

function learnedText(runs: readonly PolicyRun[]): string {
  const { firstS, allS } = agentSummary(runs);
  if (firstS === undefined) return "no policy before the requests ended";
  const all = allS === undefined
    ? "not all functions had one at the end"
    : `for all functions after ${allS.toFixed(1)} s`;
  return `first policy after ${firstS.toFixed(1)} s, ${all}`;
}

function agentText(runs: readonly PolicyRun[]): string {
  const { cpuPercent, peakMemoryMb, backends } = agentSummary(runs);
  const backend = backends.length === 0 ? "" : `, backend ${backends.join(", ")}`;
  return `${cpuPercent.toFixed(1)} % of one core, ${peakMemoryMb.toFixed(0)} MiB${backend}`;
}

function clientText(runs: readonly PolicyRun[]): string {
  const worst = (value: (run: PolicyRun) => number) => Math.max(...runs.map(value));
  return `requests left late by ${formatMs(worst(({ replay }) => replay.latenessMs.p50))} ms (p50), ` +
    `${formatMs(worst(({ replay }) => replay.latenessMs.p99))} ms (p99), which counts as turnaround`;
}

/** Invocations that the agent came too late for. */
function firstSights({ rounds }: DemoResult): [string, string][] {
  const count = rounds.flatMap(({ runs }) => runs).reduce((sum, run) => sum + run.measurement.firstSights, 0);
  if (count === 0) return [];
  const text =
    `${count} invocations were over before the agent had looked up what their program belongs to; here they ` +
    "end with their answer";
  return [["first sight", text]];
}

/** Runs of one round that differ more than is allowed unless --drift allows it. */
function differences({ rounds, options }: DemoResult): [string, string][] {
  const worst = Math.max(...rounds.map(({ runs }) => driftOf(runs)));
  if (worst <= Math.min(MOST_DRIFT_PERCENT, options.drift)) return [];
  const text =
    `the same invocations took up to ${worst.toFixed(1)} % more CPU time in one run than in another: ` +
    "figures of ALPS and of the default differ by that much without either's doing";
  return [["drift", text]];
}

/** Other programs that took the CPUs. */
function disturbances({ rounds, policies }: DemoResult): [string, string][] {
  const shares = policies.map(({ name }) =>
    mean(
      rounds.flatMap(({ runs }) =>
        runs.filter(({ policy }) => policy.name === name).map(({ elsewherePercent }) => elsewherePercent)
      ),
    )
  );
  if (Math.max(...shares) < DISTURBING_PERCENT) return [];
  const text = shares.map((share) => `${share.toFixed(0)} %`).join(" and ");
  return [[
    "disturbed",
    `other programs, host and client took ${text} of the machine: stop others, measure again`,
  ]];
}

function nextSteps({ load, rounds, mix, commands, null: isNull }: DemoOptions, columns: number): string[] {
  const steps: [string, string][] = [
    isNull
      ? ["deno task demo", "with ALPS"]
      : load < 1
      ? ["deno task demo --load 1.1", "more than the machine can do"]
      : ["deno task demo --load 0.5", "a machine with time to spare: little to gain"],
    rounds === 1
      ? ["deno task demo --rounds 5", "with intervals"]
      : mix === "lognormal"
      ? ["deno task demo --mix huawei", "other functions"]
      : ["deno task demo --mix lognormal", "where a function's invocations vary"],
    commands === undefined
      ? ["deno task demo --commands FILE --rule RULE", "your own programs; --help says how"]
      : ["alps-agent --rule RULE", "your own programs, in use"],
  ];
  return ["Next:", ...labelled(steps, columns - 2).map((line) => `  ${line}`)];
}
