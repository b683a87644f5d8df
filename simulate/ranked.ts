/**
 * Scheduling by ranks that follow from the CPU time attained, as ALPS's tables and the Gittins index give them.
 */
import { MinHeap } from "./heap.ts";
import type { Outcome, Settings } from "./outcome.ts";
import type { Workload } from "./workload.ts";

/** Gives the order; lower ranks run first. */
export interface Ranks {
  /** The rank of a job that has had so much CPU time. */
  rank(job: number, attainedNs: number): number;
  /** The least CPU time, from `attainedNs` on, after which its rank is above `rank`; Infinity where it never is. */
  attainedWhereExceeds(job: number, attainedNs: number, rank: number): number;
  /** Told when a job loses its core. */
  stopped?(job: number, attainedNs: number): void;
  /** Told when a job is complete. */
  completed?(job: number, nowNs: number): void;
  /** When ranks are to change next; Infinity where they do not before another job completes. */
  nextChangeNs?(): number;
  /** Changes ranks: those of waiting jobs are asked for again. */
  change?(nowNs: number): void;
}

/**
 * A running invocation whose rank has risen to that of a waiting one goes on for this long, in nanoseconds: two that
 * rise alike would otherwise take turns infinitely often. The agent needs as long to react.
 */
const REACTION_NS = 1e5;

/** … and for this share of what it has had: two that run for days would otherwise take turns a billion times. */
const REACTION_SHARE = 1e-3;

/**
 * Simulates ranks. Free cores go to the waiting jobs with the lowest ranks; a running job that has had its core for the
 * minimum run gives way, the highest rank first, where a waiting one's is strictly lower. Costs
 * O(events · (log jobs + cores)).
 */
export function simulateRanked(
  { arrivalNs, cpuNs }: Pick<Workload, "arrivalNs" | "cpuNs">,
  settings: Settings,
  ranks: Ranks,
): Outcome {
  const { cores, minRunNs, switchCostNs } = settings;
  const count = arrivalNs.length;
  const completionNs = new Float64Array(count), firstRunNs = new Float64Array(count).fill(-1);
  const attainedNs = new Float64Array(count);
  const waiting = new MinHeap();
  /** By place: the running jobs, when each was given its core, and when it ends. */
  const jobs = new Int32Array(cores), givenNs = new Float64Array(cores), endNs = new Float64Array(cores);
  let running = 0, arrived = 0, switches = 0;

  function attainedAt(place: number, nowNs: number): number {
    const job = jobs[place]!;
    return attainedNs[job]! + Math.max(0, nowNs - givenNs[place]! - switchCostNs);
  }

  function give(job: number, nowNs: number): void {
    if (firstRunNs[job]! < 0) firstRunNs[job] = nowNs;
    switches++;
    jobs[running] = job;
    givenNs[running] = nowNs;
    endNs[running++] = nowNs + switchCostNs + Math.max(0, cpuNs[job]! - attainedNs[job]!);
  }

  /** The last one takes its place. */
  function leave(place: number): void {
    running--;
    jobs[place] = jobs[running]!;
    givenNs[place] = givenNs[running]!;
    endNs[place] = endNs[running]!;
  }

  function admit(job: number): void {
    waiting.push(job, ranks.rank(job, attainedNs[job]!));
  }

  function nextEventNs(nowNs: number): number {
    let nextNs = Math.min(
      arrived < count ? arrivalNs[arrived]! : Infinity,
      ranks.nextChangeNs?.() ?? Infinity,
    );
    for (let place = 0; place < running; place++) nextNs = Math.min(nextNs, endNs[place]!);
    if (waiting.size === 0) return nextNs;
    const limit = waiting.topKey();
    for (let place = 0; place < running; place++) {
      const unprotectedNs = givenNs[place]! + minRunNs;
      const job = jobs[place]!, attained = attainedAt(place, nowNs);
      const reactionNs = Math.max(REACTION_NS, REACTION_SHARE * attained);
      if (ranks.rank(job, attained) > limit) {
        // It is to give way, and only its minimum run keeps it.
        nextNs = Math.min(nextNs, Math.max(unprotectedNs, nowNs + reactionNs));
        continue;
      }
      const leftNs = ranks.attainedWhereExceeds(job, attained, limit) - attained;
      if (leftNs < nextNs - nowNs) {
        nextNs = Math.min(nextNs, Math.max(nowNs + Math.max(leftNs, reactionNs), unprotectedNs));
      }
    }
    return nextNs;
  }

  /** The running job with the highest rank that may be preempted, if this is above the lowest waiting one. */
  function givesWay(nowNs: number): number {
    let worst = -1, highest = waiting.topKey();
    for (let place = 0; place < running; place++) {
      if (givenNs[place]! + minRunNs > nowNs) continue;
      const rank = ranks.rank(jobs[place]!, attainedAt(place, nowNs));
      if (rank > highest) {
        highest = rank;
        worst = place;
      }
    }
    return worst;
  }

  let nowNs = 0;
  while (arrived < count || running > 0) {
    nowNs = Math.max(nowNs, nextEventNs(nowNs));
    for (let place = running - 1; place >= 0; place--) {
      if (endNs[place]! > nowNs) continue;
      const job = jobs[place]!;
      attainedNs[job] = cpuNs[job]!;
      completionNs[job] = nowNs;
      leave(place);
      ranks.completed?.(job, nowNs);
    }
    while (arrived < count && arrivalNs[arrived]! <= nowNs) admit(arrived++);
    if (ranks.nextChangeNs !== undefined && ranks.nextChangeNs() <= nowNs) {
      ranks.change?.(nowNs);
      waiting.rekey((job) => ranks.rank(job, attainedNs[job]!));
    }
    while (running < cores && waiting.size > 0) give(waiting.pop(), nowNs);
    while (waiting.size > 0) {
      const place = givesWay(nowNs);
      if (place < 0) break;
      const job = jobs[place]!;
      attainedNs[job] = attainedAt(place, nowNs);
      ranks.stopped?.(job, attainedNs[job]!);
      leave(place);
      give(waiting.pop(), nowNs);
      admit(job);
    }
  }
  return { completionNs, firstRunNs, switches };
}
