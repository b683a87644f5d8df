/**
 * Carries out a plan: host, calibration, trials, then rounds. What was finished when a signal came is kept.
 */
import { join } from "node:path";
import { FailedError } from "../../cli/errors.ts";
import { Libc } from "../../ffi/libc.ts";
import { escaped } from "../../observe/names.ts";
import { DEFAULT } from "../compare.ts";
import type { Policy } from "../policies/policy.ts";
import { raiseHost } from "../policies/raise.ts";
import { PolicyThread } from "../policies/thread.ts";
import { startHostProcess } from "../processes.ts";
import { runRound, sayWarnings } from "../rounds.ts";
import { assertSeen, fewEach } from "../trial.ts";
import { type MeasuredWorkload, measureWorkload } from "../workload.ts";
import { type EvaluatedRun, runOne, type RunPlace } from "./one_run.ts";
import type { BenchOptions } from "./options.ts";
import { type Condition, conditionName, type Plan } from "./plan.ts";
import { notPossible, probe } from "./probe.ts";
import { openSource, type Source, writeCommands } from "./sources.ts";
import { type Judged, unusable, worthRepeating } from "./usable.ts";

/** A round of one condition. */
export interface EvaluatedRound {
  readonly seed: number;
  readonly runs: readonly EvaluatedRun[];
  /** Why runs are not usable, by policy. */
  readonly unusable: ReadonlyMap<string, readonly string[]>;
}

/** A condition with all that was measured of it. */
export interface MeasuredCondition {
  readonly condition: Condition;
  readonly description: string;
  /** Of the trace of the first round. */
  readonly load: number;
  readonly policies: readonly Policy[];
  /** By policy: why it is not to be had here. */
  readonly notPossible: ReadonlyMap<string, string>;
  readonly rounds: EvaluatedRound[];
}

/** All that was measured. */
export interface Evaluation {
  readonly plan: Plan;
  readonly conditions: readonly MeasuredCondition[];
  /** Whether all of the plan was carried out. */
  finished: boolean;
}

/** A source whose functions' CPU times are known, with policies that may know them too. */
interface ReadySource {
  readonly source: Source;
  readonly measured: MeasuredWorkload;
  readonly policies: readonly Policy[];
  readonly notPossible: ReadonlyMap<string, string>;
}

/**
 * Measures.
 *
 * @param evaluation filled as it goes on: where this throws, finished rounds are in it
 * @throws FailedError, NotPossibleError; the signal's reason
 */
export async function evaluate(
  plan: Plan,
  options: BenchOptions,
  folder: string,
  signal: AbortSignal,
  begun: (evaluation: Evaluation) => void,
): Promise<void> {
  const commands = await writeCommands(options, folder);
  using libc = new Libc();
  const pipe = join(folder, "invocations");
  await using thread = await PolicyThread.start(pipe, plan.cores, plan.host === "warm");
  await using host = await startHostProcess({
    commands,
    warm: plan.host === "warm",
    cgroups: plan.host === "cgroups",
    announce: pipe,
    ...(plan.work !== 1 && { work: plan.work }),
    signal,
  });
  const { pid: parentPid } = await (await fetch(`${host.url}/healthz`, { signal })).json() as { pid: number };
  raiseHost(libc, host.pid, parentPid);
  const place: RunPlace = { libc, thread, host, parentPid, cores: plan.cores, folder, signal };

  const sources = new Map<Condition["source"], ReadySource>();
  for (const name of new Set(plan.conditions.map(({ source }) => source))) {
    sources.set(name, await prepare(await openSource(name, options, plan, commands), plan, place));
  }
  const evaluation: Evaluation = {
    plan,
    conditions: plan.conditions.map((condition) => {
      const { source, measured, policies, notPossible } = sources.get(condition.source)!;
      const rows = source.rows(measured, plan.seed, condition.load);
      const cpuMs = rows.reduce((sum, { job, n }) => sum + measured.cpuMsOf(job, n), 0);
      const load = cpuMs / (plan.cores * (rows.at(-1)!.dueMs || 1));
      return { condition, description: measured.description, load, policies, notPossible, rounds: [] };
    }),
    finished: false,
  };
  begun(evaluation);
  for (let round = 0; round < plan.rounds; round++) {
    for (const measured of evaluation.conditions) {
      const ready = sources.get(measured.condition.source)!;
      measured.rounds.push(await evaluateRound(plan, place, measured, ready, round));
    }
  }
  evaluation.finished = true;
}

/**
 * How often each function is invoked in a trial: where they do a tenth of their work and the machine is busy, an agent needs
 * longer to look programs up than the first few take together.
 */
const TRIED = 10;

/**
 * Measures CPU times, and tries out what would spoil an hour: whether an agent starts, only observing and ordering, whether its
 * rules find the functions, and whether the kernel lets every scheduler do what it wants.
 */
async function prepare(source: Source, plan: Plan, place: RunPlace): Promise<ReadySource> {
  const { workload } = source;
  const measured = await measureWorkload(workload, place.host.url, place.signal);
  const sizes = sizesOf(source, measured, plan);
  const all = plan.policies.map(({ make }) => make({ cores: plan.cores, sizes }));
  const impossible = new Map<string, string>();
  for (const policy of all.filter(({ scheduler }) => scheduler !== undefined)) {
    const why = notPossible(policy, await probe(place, policy, measured));
    if (why !== undefined) impossible.set(policy.name, why);
  }
  const agents = [true, false].flatMap((observes) =>
    all.find(({ agent, scheduler }) => scheduler === undefined && (agent.backend === "none") === observes) ??
      []
  );
  const rows = fewEach(workload, TRIED);
  for (const policy of agents) {
    const run = await runOne(place, policy, workload, rows, `trying out ${policy.name}`);
    sayWarnings(run);
    assertSeen(run, workload);
    if (run.report.started < rows.length) {
      throw new FailedError(`the host told of ${run.report.started} invocations, wanted ${rows.length}`);
    }
  }
  return {
    source,
    measured,
    policies: all.filter(({ name }) => !impossible.has(name)),
    notPossible: impossible,
  };
}

/** By the name under which a function runs: its mean CPU time in the first round. */
function sizesOf(source: Source, measured: MeasuredWorkload, plan: Plan): Map<string, number> {
  const rows = source.rows(measured, plan.seed, plan.conditions[0]?.load);
  const byName = Map.groupBy(rows, (row) => measured.runAs(row.function));
  return new Map(
    [...byName].map(([name, list]) => [
      name,
      list.reduce((sum, { job, n }) => sum + measured.cpuMsOf(job, n), 0) / list.length,
    ]),
  );
}

/** All policies once; then those again whose runs are not usable. */
async function evaluateRound(
  plan: Plan,
  place: RunPlace,
  { condition, policies }: MeasuredCondition,
  { source, measured }: ReadySource,
  round: number,
): Promise<EvaluatedRound> {
  const seed = plan.seed + round;
  const rows = source.rows(measured, seed, condition.load);
  const title = `round ${round + 1}/${plan.rounds}, ${conditionName(condition)}`;
  console.error(escaped(title));
  const where = `${title}, `;
  const run = async (policy: Policy, again = "") => {
    const run = await runOne(place, policy, measured, rows, `${where}${policy.name}${again}`);
    sayWarnings(run);
    return run;
  };
  const runs = await runRound(policies, round, run);
  for (const name of worthRepeating(runs.map(judged))) {
    const why = unusable(runs.map(judged)).get(name)?.[0] ?? `most others differ from the ${DEFAULT}`;
    console.error(`${where}${name} is repeated: ${escaped(why)}.`);
    const at = policies.findIndex((policy) => policy.name === name);
    runs[at] = await run(policies[at]!, ", again");
  }
  const bad = unusable(runs.map(judged));
  for (const problem of new Set([...bad.values()].flat())) {
    console.error(`${where}not usable: ${escaped(problem)}.`);
  }
  return { seed, runs, unusable: bad };
}

function judged({ by, measurement, scheduled, problems }: EvaluatedRun): Judged {
  return { name: by.name, measured: measurement.measured, scheduled, problems };
}
