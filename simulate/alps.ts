import { Learner, type LearnerOptions } from "../learn/learner.ts";
import type { FunctionPolicy, RankTable } from "../learn/policy.ts";
import { AGE_DIVISOR, attainedWhereRankExceeds, rankAt } from "../learn/table.ts";
import type { Outcome, Settings } from "./outcome.ts";
import { type Ranks, simulateRanked } from "./ranked.ts";
import type { Workload } from "./workload.ts";

/** A policy each so many nanoseconds: the agent's default epoch. */
const EPOCH_NS = 10e9;

/** Between two policies that are made because functions are new, in nanoseconds. */
const DUE_EVERY_NS = 100e6;

/**
 * ALPS as the agent does it on an unchanged kernel: invocations run in the order of the rank tables that the real
 * learner makes, online, from those that are complete. It knows nothing at the beginning, makes the first policy when a
 * function has 5 invocations, and then one each 10 s. Left out: what watching and system calls cost, and the bound on
 * waiting (`--max-wait`).
 *
 * @param ml a predictor, or the name of one
 * @throws RangeError where there is no predictor of this name
 */
export function simulateAlps(workload: Workload, settings: Settings, ml: LearnerOptions["ml"]): Outcome {
  return simulateRanked(workload, settings, new LearnedRanks(workload, settings.cores, ml));
}

class LearnedRanks implements Ranks {
  readonly #workload: Workload;
  readonly #cores: number;
  readonly #learner: Learner;
  readonly #policies: (FunctionPolicy | undefined)[];
  /** By function: the most CPU time that any of its invocations is known to have used. */
  readonly #mostNs: Float64Array;
  #prior: RankTable | undefined;
  /** CPU time that was completed since the last policy. */
  #completedNs = 0;
  #policyAtNs = 0;
  #nextEpochNs = EPOCH_NS;
  #learnedNothing = true;

  constructor(workload: Workload, cores: number, ml: LearnerOptions["ml"]) {
    this.#workload = workload;
    this.#cores = cores;
    this.#learner = new Learner({ ml, cores });
    this.#policies = new Array(workload.functions.length).fill(undefined);
    this.#mostNs = new Float64Array(workload.functions.length);
  }

  rank(job: number, attainedNs: number): number {
    const id = this.#workload.functionIds[job]!;
    const known = this.#policies[id] ?? this.#prior;
    const rankNs = known === undefined
      ? coldRank(this.#mostNs[id]!, attainedNs)
      : rankAt(known.table, known.tailSlope, attainedNs);
    return rankNs + this.#age(job);
  }

  attainedWhereExceeds(job: number, attainedNs: number, rank: number): number {
    const id = this.#workload.functionIds[job]!;
    const known = this.#policies[id] ?? this.#prior;
    const limitNs = rank - this.#age(job);
    if (known !== undefined) return attainedWhereRankExceeds(known, attainedNs, limitNs);
    if (coldRank(this.#mostNs[id]!, attainedNs) > limitNs) return attainedNs;
    // From the most that any has used on, a cold rank is the CPU time used, and rises.
    return Math.max(attainedNs, this.#mostNs[id]!, limitNs);
  }

  stopped(job: number, attainedNs: number): void {
    const id = this.#workload.functionIds[job]!;
    this.#mostNs[id] = Math.max(this.#mostNs[id]!, attainedNs);
  }

  completed(job: number, nowNs: number): void {
    const cpuNs = this.#workload.cpuNs[job]!;
    this.stopped(job, cpuNs);
    this.#completedNs += cpuNs;
    this.#learnedNothing = false;
    this.#learner.add([{
      functionId: this.#workload.functionIds[job]!,
      pid: job + 1,
      kind: "process",
      startNs: this.#workload.arrivalNs[job]!,
      endNs: nowNs,
      cpuNs,
      waitNs: 0,
      firstRunNs: 0,
      preemptions: 0,
    }]);
  }

  nextChangeNs(): number {
    // Without anything new the policy would be the same.
    if (this.#learnedNothing) return Infinity;
    return this.#learner.due()
      ? Math.min(this.#nextEpochNs, this.#policyAtNs + DUE_EVERY_NS)
      : this.#nextEpochNs;
  }

  change(nowNs: number): void {
    const passedNs = nowNs - this.#policyAtNs;
    const percent = passedNs > 0 ? Math.min(100, 100 * this.#completedNs / (this.#cores * passedNs)) : 0;
    const { functions, prior } = this.#learner.makePolicy(nowNs, percent);
    this.#prior = prior;
    this.#policies.fill(undefined);
    for (const policy of functions) this.#policies[policy.functionId] = policy;
    this.#policyAtNs = nowNs;
    this.#completedNs = 0;
    this.#learnedNothing = true;
    while (this.#nextEpochNs <= nowNs) {
      this.#nextEpochNs += EPOCH_NS * Math.max(1, Math.floor((nowNs - this.#nextEpochNs) / EPOCH_NS));
    }
  }

  /** Ages differ by arrival alone, so that the order stays while time passes. */
  #age(job: number): number {
    return this.#workload.arrivalNs[job]! / AGE_DIVISOR;
  }
}

/** Of a function without a policy: as if an invocation needed twice of what the longest so far has used. */
function coldRank(mostNs: number, attainedNs: number): number {
  return Math.max(2 * mostNs - attainedNs, attainedNs);
}
