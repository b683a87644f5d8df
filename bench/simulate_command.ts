/**
 * `alps-agent simulate`: a trace under scheduling policies, without running anything of it.
 */
import type { SimulateOptions as CommandOptions, TraceReadOptions } from "../cli/commands.ts";
import { ExitStatus, FailedError } from "../cli/errors.ts";
import { builtFrom } from "../core/about.ts";
import { bundledUrl } from "../ffi/assets.ts";
import { startHost } from "../host/host.ts";
import { escapedLines, shown } from "../observe/names.ts";
import type { Outcome, SimulateOptions } from "../simulate/outcome.ts";
import { simulate } from "../simulate/policies.ts";
import type { TraceEntry } from "../traces/entry.ts";
import { readOptions, readTrace } from "../traces/read.ts";
import { loadOf, makeWorkload, type Workload, type WorkloadInvocation } from "../simulate/workload.ts";
import { calibrate, type CalibrationPoint, cpuTimes } from "./calibrate.ts";
import { DEFAULT, ORACLE } from "./compare.ts";
import { describeCommit, describeMachine } from "./machine.ts";
import { CHECKOUT } from "./processes.ts";
import { startProgress } from "./progress.ts";
import { policyTable } from "./report.ts";
import type { Interval, PolicyResult, Results, Run } from "./results.ts";
import { simulatedRows } from "./simulated_rows.ts";
import { gapClosed, medianInterval, summarizeRun } from "./summary.ts";
import { terminalColumns } from "./text.ts";

/** A run of results, with what only a simulation knows. */
export interface SimulatedRun extends Run {
  /** By policy: how often a core was given to an invocation that did not have it just before. */
  readonly switches: Record<string, number>;
}

/** A run, and what is drawn of it. */
interface Simulated {
  readonly run: SimulatedRun;
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

/** What a host is asked to run. */
type Call = NonNullable<TraceEntry["call"]>;

const NS_PER_MS = 1e6;

/**
 * Runs the command.
 *
 * @returns 0
 * @throws FailedError or TraceError where the trace cannot be read or simulated, or the drawing not written
 */
export async function runSimulate(options: CommandOptions): Promise<number> {
  const invocations = await readInvocations(options, measureCpuTimes);
  const { run, outcomes, workload } = orFailed(options.trace, () => {
    const workload = makeWorkload(invocations);
    return { ...simulateRun(workload, options), workload };
  });
  if (options.plot !== undefined) await plot(options.plot, options, workload, outcomes);
  if (options.json) {
    const results: Results = {
      machine: describeMachine(),
      commit: builtFrom() ?? await describeCommit(CHECKOUT),
      runs: [run],
    };
    console.log(escapedLines(JSON.stringify(results, null, 2)));
  } else {
    console.log(policyTable(run, options.policies, run.switches, terminalColumns(Deno.stdout)));
    console.log();
    console.log(
      `${counted(run.policies[DEFAULT]!.all.n, "invocation")} of ${
        counted(workload.functions.length, "function")
      }, load ${run.load.toFixed(2)} on ${options.cores} ${
        options.cores === 1 ? "core" : "cores"
      }. Gap closed: from the fair ideal (ps, 0) to SRPT ` +
        "without costs (1), in mean turnaround.",
    );
  }
  return ExitStatus.done;
}

/**
 * The invocations of a file. Where it does not say how much CPU time one takes, but what was called (the ALPS format), that is
 * what `cpuMsOf` measures.
 *
 * @throws TraceError, or FailedError where the file cannot be read or has no invocations
 */
export async function readInvocations(
  options: Pick<CommandOptions, "trace" | keyof TraceReadOptions>,
  cpuMsOf: (calls: readonly Call[]) => Promise<(job: string, n: number) => number>,
): Promise<WorkloadInvocation[]> {
  const entries: TraceEntry[] = [];
  for await (const entry of readTrace(options.trace, readOptions(options))) entries.push(entry);
  if (entries.length === 0) {
    throw new FailedError(`cannot simulate "${shown(options.trace)}": it has no invocations`);
  }
  const calls = entries.flatMap(({ cpuMs, call }) => cpuMs === undefined && call ? [call] : []);
  const measuredMs = calls.length > 0 ? await cpuMsOf(calls) : () => 0;
  return entries.map(({ function: name, dueMs, cpuMs, call }) => ({
    function: name,
    arrivalNs: dueMs * NS_PER_MS,
    cpuNs: (cpuMs ?? (call ? measuredMs(call.job, call.n) : 0)) * NS_PER_MS,
  }));
}

/** What a trace says to run, not for how long: each job and n is run alone, on this machine. */
async function measureCpuTimes(calls: readonly Call[]): Promise<(job: string, n: number) => number> {
  const points = new Map<string, CalibrationPoint>();
  for (const { job, n } of calls) points.set(`${job} ${n}`, { function: job, job, n });
  await using host = await startHost({ listen: "127.0.0.1:0" });
  using progress = startProgress("measuring CPU times", points.size);
  return cpuTimes(
    await calibrate({
      points: [...points.values()],
      targetUrl: host.url,
      onProgress: progress.update.bind(progress),
    }),
  );
}

/**
 * Simulates the policies, and always the fair ideal as `default` and SRPT without costs as `oracle`, by which programs
 * that read such documents know them.
 *
 * @throws RangeError where a policy cannot be simulated
 */
export function simulateRun(
  workload: Workload,
  { trace, policies, cores, minRunMs, switchCostUs }: Omit<
    CommandOptions,
    "json" | "plot" | keyof TraceReadOptions
  >,
): Simulated {
  const costs: SimulateOptions = { cores, minRunNs: minRunMs * NS_PER_MS, switchCostNs: switchCostUs * 1000 };
  const outcomes = new Map([
    [DEFAULT, simulate(workload, "ps", { cores })],
    ...policies.map((name) => [name, simulate(workload, name, costs)] as const),
    [ORACLE, simulate(workload, "srpt", { cores })],
  ]);
  const results: Record<string, PolicyResult> = {}, switches: Record<string, number> = {};
  for (const [name, outcome] of outcomes) {
    results[name] = summarizeRun(simulatedRows(workload, outcome));
    switches[name] = outcome.switches;
  }
  const gaps: Record<string, Interval> = {};
  for (const name of policies) {
    const [fair, own, bound] = [DEFAULT, name, ORACLE].map((each) => results[each]!.all.mean_ms);
    const gap = gapClosed(fair!, own!, bound!);
    // Where nobody waits for anybody there is no gap, but what rounding leaves of one.
    if (fair! - bound! > 1e-9 * bound! && Number.isFinite(gap)) gaps[name] = medianInterval([gap]);
  }
  const load = loadOf(workload, cores);
  return {
    run: { trace, load, cores, rounds: 1, policies: results, gap_closed: gaps, switches },
    outcomes,
  };
}

async function plot(
  path: string,
  { trace, policies, cores }: CommandOptions,
  { arrivalNs, cpuNs }: Workload,
  outcomes: ReadonlyMap<string, Outcome>,
): Promise<void> {
  // The library that draws is large: only who draws waits for it.
  const drawing = bundledUrl("plot.js", "../simulate/plot.ts", import.meta.url);
  const { drawDistributions }: typeof import("../simulate/plot.ts") = await import(drawing.href);
  const distributions = policies.map((policy) => {
    const turnaroundNs = outcomes.get(policy)!.completionNs.map((endNs, job) => endNs - arrivalNs[job]!);
    return {
      policy,
      turnaroundMs: turnaroundNs.map((ns) => ns / NS_PER_MS),
      slowdown: turnaroundNs.map((ns, job) => ns / cpuNs[job]!).filter((_, job) => cpuNs[job]! > 0),
    };
  });
  const name = trace.slice(trace.lastIndexOf("/") + 1);
  const title = `${shown(name)} on ${counted(cores, "core")}`;
  try {
    await Deno.writeTextFile(path, drawDistributions(title, distributions));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FailedError(`cannot write the drawing ${JSON.stringify(path)}: ${why}`, { cause: error });
  }
}

/** What a file's figures make impossible is no mistake of this program. */
function orFailed<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new FailedError(`${JSON.stringify(path)}: ${error.message}`, { cause: error });
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
