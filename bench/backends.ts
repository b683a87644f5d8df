/**
 * `deno task bench backends`: the kernel's default and each backend that works here, over the same requests, in turns. In a
 * virtual machine with sched_ext: `deno task bench:vm scx`.
 */
import Table from "cli-table3";
import { basename, join } from "node:path";
import { FailedError } from "../cli/errors.ts";
import { escaped } from "../observe/names.ts";
import { asItWas, type Attainable, attainableGap } from "./attainable.ts";
import { compareRounds, type Comparison, DEFAULT, ORACLE, type Round } from "./compare.ts";
import { parseDemoOptions } from "./demo_options.ts";
import { driftPercent } from "./drift.ts";
import { describeCommit, describeMachine } from "./machine.ts";
import { type PolicyRun, type RunnablePolicy, runPolicy } from "./policy_run.ts";
import { CHECKOUT, type Service, startHostProcess } from "./processes.ts";
import { formatInterval, formatMs } from "./report.ts";
import type { Results, Run } from "./results.ts";
import { MOST_DRIFT_PERCENT } from "./rounds.ts";
import { startScheduler } from "./other_scheduler.ts";
import { type MeasuredWorkload, measureWorkload, traceOf, workloadOf } from "./workload.ts";

/** Where the host runs functions: side by side, each in a cgroup, or each invocation in a session of its own. */
export const HOSTS = ["shared", "cgroups", "sessions"] as const;

/** What the command line says. */
export interface BackendsOptions {
  readonly backends: string;
  /** Programs that put a sched_ext scheduler of their own in force while they run, separated by commas. */
  readonly beside: string;
  readonly loads: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly mix: string;
  readonly host: typeof HOSTS[number];
  /** Times as much work in each invocation: less on an emulated machine, so that there are more of them. */
  readonly scale: number;
  readonly ml: string;
  readonly json: boolean;
}

/** A policy; of others' schedulers the program, and an agent that only observes. */
interface Compared extends RunnablePolicy {
  readonly scheduler?: string;
}

/** What is measured. */
interface Plan {
  readonly policies: readonly Compared[];
  readonly workload: MeasuredWorkload;
  readonly host: Service;
  readonly folder: string;
  readonly cores: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Measures, prints a table for each load, and returns the exit status. */
export async function runBackends(options: BackendsOptions, signal: AbortSignal): Promise<number> {
  const cores = navigator.hardwareConcurrency;
  const policies: Compared[] = [
    { name: DEFAULT, backend: "none", ml: options.ml },
    ...options.backends.split(",").map((backend) => ({
      name: `alps:${options.ml} on ${backend}`,
      backend: backend as RunnablePolicy["backend"],
      ml: options.ml,
    })),
    ...options.beside.split(",").filter((path) => path !== "").map((scheduler) => ({
      name: basename(scheduler),
      backend: "none" as const,
      ml: options.ml,
      scheduler,
    })),
  ];
  const whole = await workloadOf(parseDemoOptions(["--mix", options.mix])!);
  const mix = whole.mix.map((entry) => ({ ...entry, n: Math.max(1, Math.round(entry.n * options.scale)) }));
  const unmeasured = { ...whole, mix };
  const folder = await Deno.makeTempDir({ prefix: "alps-bench-" });
  try {
    await using host = await startHostProcess({
      warm: false,
      cgroups: options.host === "cgroups",
      sessions: options.host === "sessions",
      signal,
    });
    const workload = await measureWorkload(unmeasured, host.url, signal);
    const plan = {
      policies,
      workload,
      host,
      folder,
      cores,
      rounds: options.rounds,
      seconds: options.seconds,
      signal,
    };
    const runs: Run[] = [];
    for (const load of options.loads.split(",").map(Number)) {
      const rounds = await runRounds(plan, load);
      const comparison = compareRounds(rounds.map(measuredOf), cores);
      const attainable = Object.fromEntries(
        policies.slice(1).map(({ name }) => [
          name,
          attainableGap(comparison, rounds.map((round) => asItWas(round.get(name)!, cores)), cores),
        ]),
      );
      console.error(table(comparison, attainable, load, options.rounds));
      runs.push({
        trace: `mix ${options.mix}, host ${options.host}, scale ${options.scale}, ${options.seconds} s`,
        load,
        cores,
        rounds: options.rounds,
        policies: comparison.policies,
        gap_closed: comparison.gapClosed,
      });
    }
    const results: Results = {
      machine: describeMachine(cores),
      commit: await describeCommit(CHECKOUT),
      runs,
    };
    if (options.json) console.log(JSON.stringify(results, null, 2));
    return 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A round as it is compared. */
function measuredOf(round: ReadonlyMap<string, PolicyRun>): Round {
  return new Map([...round].map(([name, { measurement }]) => [name, measurement.measured]));
}

/** All rounds at one load, by policy; the policies take turns in beginning. */
async function runRounds(plan: Plan, load: number): Promise<ReadonlyMap<string, PolicyRun>[]> {
  const rounds: ReadonlyMap<string, PolicyRun>[] = [];
  for (let round = 1; round <= plan.rounds; round++) {
    const { cores, seconds, policies } = plan;
    const rows = traceOf(plan.workload, { seed: round, load, cores, seconds });
    const runs = new Map<string, PolicyRun>();
    for (const i of policies.keys()) {
      const policy = policies[(i + round - 1) % policies.length]!;
      const folder = join(plan.folder, `${load}-${round}-${i}`),
        label = `load ${load}, round ${round}, ${policy.name}`;
      await using _scheduler = policy.scheduler === undefined
        ? undefined
        : await startScheduler(policy.scheduler);
      const run = await runPolicy({
        policy,
        rows,
        workload: plan.workload,
        host: plan.host,
        folder,
        label,
        signal: plan.signal,
      });
      for (const message of run.agent.messages) console.error(`The agent says: ${escaped(message)}`);
      assertValid(run);
      runs.set(policy.name, run);
    }
    const drift = driftPercent([...measuredOf(runs).values()]);
    if (drift > MOST_DRIFT_PERCENT) {
      console.error(
        `Load ${load}, round ${round}: the same invocations took ${
          drift.toFixed(1)
        } % more CPU time in one run than in ` +
          "another: its figures say little.",
      );
    }
    rounds.push(new Map(policies.map(({ name }) => [name, runs.get(name)!])));
  }
  return rounds;
}

/** A round with an invocation that failed, or with another backend than was asked for, says nothing. */
function assertValid({ policy, measurement: { failed, unrecorded }, agent }: PolicyRun): void {
  const { backend } = agent.learned;
  if (failed > 0) throw new FailedError(`${policy.name}: ${failed} invocations failed or were not answered`);
  if (unrecorded > 0) {
    console.error(`${policy.name}: ${unrecorded} invocations are not in the agent's record`);
  }
  if (backend !== undefined && backend !== policy.backend) {
    throw new FailedError(`${policy.name}: the backend was ${backend}: ${agent.messages.join("; ")}`);
  }
}

/** @param attainable by policy: what of the gap perfect orders would have closed in its runs */
function table(
  { policies, gapClosed, meanRatio, longest }: Comparison,
  attainable: Readonly<Record<string, Attainable | undefined>>,
  load: number,
  rounds: number,
): string {
  const rows = new Table({
    head: [
      "",
      "mean ms",
      "p99 ms",
      "gap closed",
      "attainable, sizes known",
      "mean / default",
      "longest's p99 / default",
    ],
  });
  for (const [name, { all }] of Object.entries(policies)) {
    const compared = name !== DEFAULT && name !== ORACLE;
    rows.push([
      name,
      formatMs(all.mean_ms),
      formatMs(all.p99_ms),
      ...(compared
        ? [gapClosed[name], attainable[name]?.sizes_known, meanRatio[name], longest.p99Ratio[name]].map((
          value,
        ) => formatInterval(value, rounds))
        : ["", "", "", ""]),
    ]);
  }
  return `\nload ${load}, ${rounds} rounds, longest function: ${longest.function}\n${rows.toString()}`;
}
