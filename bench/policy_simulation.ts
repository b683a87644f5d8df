/**
 * A whole agent, simulated: arrivals on some cores, ordered by the rank tables that the real learner makes from the
 * completions so far. It compares ways to make rank tables without a kernel; switching costs nothing here.
 */
import { Learner, type LearnerOptions } from "../learn/learner.ts";
import type { FunctionPolicy, Policy } from "../learn/policy.ts";
import type { Invocation } from "../observe/invocation.ts";
import type { SrptJob } from "../learn/simulate.ts";
import { attainedWhereRankExceeds, rankAt } from "../learn/table.ts";

/** An invocation to simulate, in nanoseconds. */
export interface SimulatedInvocation extends SrptJob {
  readonly functionId: number;
}

/** How to simulate. */
export interface PolicySimulationOptions {
  readonly cores: number;
  readonly learner: LearnerOptions;
  /** A policy each so many nanoseconds, beside the first ones of functions. */
  readonly epochNs: number;
  /** A running invocation gives way at the earliest after so many nanoseconds from a decision. Above 0. */
  readonly reactionNs: number;
  /** The rank is lowered by the age over this number; Infinity for no age term. */
  readonly ageDivisor: number;
  /** What the learner has seen before the first arrival. Default nothing. */
  readonly history?: readonly Invocation[];
}

interface Active {
  readonly job: number;
  readonly functionId: number;
  readonly arrivalNs: number;
  attainedNs: number;
  rankNs: number;
  cold: boolean;
}

/**
 * Simulates and returns completions in the order of `jobs`. Invocations of functions without a policy have the rank
 * 2 · (most attained of the function's active ones) − own.
 */
export function simulatePolicy(
  jobs: readonly SimulatedInvocation[],
  options: PolicySimulationOptions,
): Float64Array {
  const { cores, ageDivisor } = options;
  const learner = new Learner(options.learner);
  learner.add(options.history ?? []);
  const order = [...jobs.keys()].sort((a, b) => jobs[a]!.arrival - jobs[b]!.arrival || a - b);
  const completions = new Float64Array(jobs.length);
  let policies = new Map<number, FunctionPolicy>();
  let active: Active[] = [];
  let nowNs = 0, arrived = 0, nextEpochNs = options.epochNs;

  function adopt(policy: Policy): void {
    policies = new Map(policy.functions.map((each) => [each.functionId, each]));
  }

  if (learner.due()) adopt(learner.makePolicy(0, 0));

  /** Those with the least rank first; of equal ranks the running ones, which stand first already, stay. */
  function decide(): void {
    const most = new Map<number, number>();
    for (const each of active) {
      if (!policies.has(each.functionId)) {
        most.set(each.functionId, Math.max(most.get(each.functionId) ?? 0, each.attainedNs));
      }
    }
    for (const each of active) {
      const policy = policies.get(each.functionId);
      each.cold = policy === undefined;
      const rankNs = policy === undefined
        ? 2 * most.get(each.functionId)! - each.attainedNs
        : rankAt(policy.table, policy.tailSlope, each.attainedNs);
      // Ages differ by arrival alone, so that the order stays while time passes.
      each.rankNs = rankNs + each.arrivalNs / ageDivisor;
    }
    active.sort((a, b) => a.rankNs - b.rankNs);
  }

  /** How long the chosen ones may run until one gives way to the first that waits. */
  function decisionHoldsNs(): number {
    if (active.length <= cores) return Infinity;
    const waitingRankNs = active[cores]!.rankNs;
    let leastNs = Infinity;
    for (const each of active.slice(0, cores)) {
      const limitNs = waitingRankNs - each.arrivalNs / ageDivisor;
      const policy = policies.get(each.functionId);
      const untilNs = policy === undefined
        ? Math.max(limitNs - each.attainedNs, 0)
        : attainedWhereRankExceeds(policy, each.attainedNs, limitNs) - each.attainedNs;
      leastNs = Math.min(leastNs, untilNs);
    }
    return Math.max(leastNs, options.reactionNs);
  }

  while (arrived < order.length || active.length > 0) {
    decide();
    const running = active.slice(0, cores);
    let stepNs = Math.min(decisionHoldsNs(), nextEpochNs - nowNs);
    if (arrived < order.length) stepNs = Math.min(stepNs, jobs[order[arrived]!]!.arrival - nowNs);
    for (const each of running) stepNs = Math.min(stepNs, jobs[each.job]!.cpu - each.attainedNs);
    nowNs += stepNs;
    for (const each of running) each.attainedNs += stepNs;
    const done = running.filter((each) => each.attainedNs >= jobs[each.job]!.cpu - 1);
    if (done.length > 0) active = active.filter((each) => !done.includes(each));
    for (const each of done) {
      completions[each.job] = nowNs;
      learner.add([{
        functionId: each.functionId,
        pid: each.job + 1,
        kind: "process",
        startNs: each.arrivalNs,
        endNs: nowNs,
        cpuNs: jobs[each.job]!.cpu,
        waitNs: 0,
        firstRunNs: 0,
        preemptions: 0,
      }]);
    }
    while (arrived < order.length && jobs[order[arrived]!]!.arrival <= nowNs) {
      const job = order[arrived++]!;
      const { arrival: arrivalNs, functionId } = jobs[job]!;
      active.push({ job, functionId, arrivalNs, attainedNs: 0, rankNs: 0, cold: true });
    }
    if (learner.due() || nowNs >= nextEpochNs) {
      adopt(learner.makePolicy(nowNs, 90));
      if (nowNs >= nextEpochNs) nextEpochNs += options.epochNs;
    }
  }
  return completions;
}
