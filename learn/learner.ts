/**
 * The learner: from finished invocations to a policy. Plain computation, in one thread and without a clock of its own:
 * the same calls give the same policies.
 */
import { standardDeviation } from "simple-statistics";
import type { Invocation } from "../observe/invocation.ts";
import { capSlice, finetune, FINETUNE_DEFAULTS, type FinetuneOptions } from "./finetune.ts";
import { CpuHistory, SEQUENCE_LENGTH } from "./history.ts";
import { LogHistogram } from "./log_histogram.ts";
import type { FunctionPolicy, Policy } from "./policy.ts";
import { type Expectation, type Predictor, predictorNamed } from "./predict/mod.ts";
import { Prior } from "./prior.ts";
import { rankFunctions } from "./rank.ts";
import { InvocationWindow } from "./window.ts";

/** A policy is due as soon as a function has so many invocations. */
export const FIRST_POLICY_AT = 5;

/** Policies that are made anyway cover functions from so many invocations on: fewer say nothing about the spread. */
export const COVERED_FROM = 2;

/** A function without an invocation for so long is forgotten: 7 days. */
export const FORGET_AFTER_NS = 7 * 86400e9;

/** After each such time without an invocation, what is known of a function counts for half: a day. */
export const FADE_AFTER_NS = 86400e9;

/** How to learn. */
export interface LearnerOptions {
  /** The name of a predictor, or one of your own. */
  readonly ml: string | Predictor;
  /** Cores of the machine, for the simulation: a whole number, at least 1. */
  readonly cores: number;
  /** Fine-tuning of the slices; what is left out has its default. */
  readonly finetune?: Partial<FinetuneOptions>;
  /**
   * A policy is due, too, when a function has this many times the invocations that its entry rests on, until its
   * sequence is full: what rests on five samples is soon worth a second look. Above 1; Infinity turns it off.
   * Default 1.5.
   */
  readonly refreshGrowth?: number;
}

/**
 * What is known of one function, as far as it outlives the learner: what predictors run on, not what they make of it, so
 * that another predictor can go on from it.
 */
export interface FunctionSamples {
  /** Measured CPU times, oldest first. */
  readonly cpuNs: readonly number[] | Float32Array;
  /** Simulated slices, oldest first. */
  readonly slicesNs: readonly number[] | Float32Array;
  /** The distribution of all CPU times, as {@link LogHistogram.toNumbers} writes it; left out, that of `cpuNs`. */
  readonly distribution?: readonly number[] | Float32Array;
}

/** What is remembered of one function. */
interface FunctionRecord {
  readonly functionId: number;
  readonly history: CpuHistory;
  /** Invocations since the learner began, as far as {@link Prior} counts them. */
  counted: number;
  /** Its latest simulated slices, oldest first, at most {@link SEQUENCE_LENGTH}. */
  slicesNs: readonly number[];
  /** Slices from before the learner began: they count until the window is full of newer ones. */
  readonly recalledSlicesNs: readonly number[];
  lastEndNs: number;
  /** When it was last heard of, or faded. */
  fadedNs: number;
  /** How many CPU times its entry rests on; 0 without an entry. */
  learnedFrom: number;
  /** Whether it is among those that have changed since the last policy. */
  changed: boolean;
  /** Whether it alone would make a policy due. */
  due: boolean;
  predictedSliceNs: number;
  /** The one that its place in the order rests on: it follows the predicted one where that has changed by more than noise. */
  rankedSliceNs: number;
  predictedCpuNs: number;
  expectation: Expectation | undefined;
  /** Its entry in the last policy. */
  entry: FunctionPolicy | undefined;
}

/**
 * Learns policies from finished invocations.
 *
 * ```ts
 * import { Learner } from "@alps/agent";
 * import assert from "node:assert/strict";
 *
 * const MS = 1e6;
 * const learner = new Learner({ ml: "avg", cores: 2 });
 * const ended = (functionId: number, startMs: number, cpuMs: number) => ({
 *   functionId,
 *   pid: 1,
 *   kind: "process" as const,
 *   startNs: startMs * MS,
 *   endNs: (startMs + cpuMs) * MS,
 *   cpuNs: cpuMs * MS,
 *   waitNs: 0,
 *   firstRunNs: 0,
 *   preemptions: 0,
 * });
 * for (let i = 0; i < 5; i++) learner.add([ended(1, 100 * i, 80), ended(2, 100 * i, 5)]);
 * const { functions } = learner.makePolicy(500 * MS, 40);
 * assert.deepEqual(functions.map(({ functionId, priority }) => [functionId, priority]), [[2, 1], [1, 2]]);
 * ```
 */
export class Learner {
  readonly #predictor: Predictor;
  readonly #finetune: FinetuneOptions;
  readonly #refreshGrowth: number;
  readonly #functions = new Map<number, FunctionRecord>();
  readonly #window: InvocationWindow;
  readonly #prior = new Prior();
  /** Functions with invocations since the last policy. */
  #changed: FunctionRecord[] = [];
  /** Functions with an entry, by rank as of the last policy. */
  #ranked: FunctionRecord[] = [];
  #dueFunctions = 0;
  #ignored = 0;
  #epoch = 0;
  #forgotAtNs = -Infinity;

  /** @throws RangeError where the predictor is not known or a number is out of its range */
  constructor(options: LearnerOptions) {
    const { ml, cores, refreshGrowth = 1.5 } = options;
    if (!(refreshGrowth > 1)) {
      throw new RangeError(`cannot learn with refresh growth ${refreshGrowth}: must be above 1`);
    }
    this.#predictor = typeof ml === "string" ? predictorNamed(ml) : ml;
    this.#window = new InvocationWindow(cores);
    this.#finetune = { ...FINETUNE_DEFAULTS, ...options.finetune };
    this.#refreshGrowth = refreshGrowth;
  }

  /** Invocations that were left out because a time of theirs was no finite number or their CPU time negative. */
  get ignored(): number {
    return this.#ignored;
  }

  /** Takes in finished invocations, in order of their ends. Costs O(1) per invocation. */
  add(invocations: readonly Invocation[]): void {
    for (const invocation of invocations) {
      const { functionId, startNs, endNs, cpuNs } = invocation;
      if (!(Number.isFinite(startNs) && Number.isFinite(endNs) && cpuNs >= 0 && cpuNs < Infinity)) {
        this.#ignored++;
        continue;
      }
      const record = this.#functions.get(functionId) ?? this.#newRecord(functionId);
      // What rests on how it was before is wrong now.
      if (record.history.add(cpuNs)) record.learnedFrom = Math.min(record.learnedFrom, COVERED_FROM);
      record.counted = this.#prior.count(cpuNs, record.counted);
      record.lastEndNs = record.fadedNs = endNs;
      this.#noteChange(record);
      if (!record.due && this.#makesDue(record)) {
        record.due = true;
        this.#dueFunctions++;
      }
      this.#window.add(invocation);
    }
  }

  /**
   * Takes in what was known of a function before this learner began; it makes a policy due. A function that it knows
   * already stays as it is.
   *
   * @param nowNs on the clock of the invocations, which may have begun anew since
   */
  recall(functionId: number, { cpuNs, slicesNs, distribution }: FunctionSamples, nowNs: number): void {
    if (this.#functions.has(functionId) || cpuNs.length < COVERED_FROM) return;
    const history = new CpuHistory(cpuNs, LogHistogram.from(distribution ?? []));
    const record = this.#newRecord(functionId, history, latest(slicesNs));
    for (const each of history.recent) record.counted = this.#prior.count(each, record.counted);
    record.lastEndNs = record.fadedNs = nowNs;
    record.due = true;
    this.#dueFunctions++;
    this.#noteChange(record);
  }

  /** What is known of a function now, for {@link recall}; undefined where that is too little to learn from. */
  samplesOf(functionId: number): FunctionSamples | undefined {
    const record = this.#functions.get(functionId);
    if (record === undefined || record.history.recent.length < COVERED_FROM) return undefined;
    const { history: { recent, distribution }, slicesNs } = record;
    return { cpuNs: recent, slicesNs, distribution: distribution.toNumbers() };
  }

  /**
   * Whether a policy should be made before the epoch ends: a function has {@link FIRST_POLICY_AT} invocations and its
   * entry rests on fewer, or has grown by {@link LearnerOptions.refreshGrowth}, or was recalled.
   */
  due(): boolean {
    return this.#dueFunctions > 0;
  }

  /**
   * Makes the next policy. Only functions with invocations since the last one get new predictions and tables, only those
   * in the window new slices; the others keep their entries, and their places follow from these.
   *
   * @param nowNs on the clock of the invocations
   * @param cpuUtilizationPercent mean utilisation of the CPUs since the last epoch, 0 to 100
   * @param cpuPressurePercent share of that time in which someone waited for a CPU, 0 to 100. Where it is more than the
   *   utilisation it counts in its place: a few CPUs of many that are overloaded hardly show in the mean of all.
   */
  makePolicy(nowNs: number, cpuUtilizationPercent: number, cpuPressurePercent = 0): Policy {
    this.#lookBack(nowNs);
    for (const record of this.#changed) {
      record.changed = false;
      if (this.#functions.get(record.functionId) === record) this.#learn(record);
    }
    this.#changed = [];
    this.#dueFunctions = 0;
    const slicesNs = this.#predictSlices();
    this.#ranked = rankFunctions(this.#ranked);
    const tunedNs = this.#tuneSlices(slicesNs, Math.max(cpuUtilizationPercent, cpuPressurePercent));
    return {
      epoch: ++this.#epoch,
      ml: this.#predictor.name,
      cpuUtilization: cpuUtilizationPercent,
      functions: this.#ranked.map((record, index) => record.entry = entryOf(record, index + 1, tunedNs)),
      prior: this.#prior.table(),
    };
  }

  /** Forgets functions; they leave the next policy. */
  forget(functionIds: readonly number[]): void {
    for (const functionId of functionIds) {
      const record = this.#functions.get(functionId);
      if (record === undefined) continue;
      if (record.due) this.#dueFunctions--;
      this.#functions.delete(functionId);
    }
    this.#ranked = this.#ranked.filter((record) => this.#functions.get(record.functionId) === record);
  }

  #noteChange(record: FunctionRecord): void {
    if (record.changed) return;
    record.changed = true;
    this.#changed.push(record);
  }

  #newRecord(
    functionId: number,
    history = new CpuHistory(),
    recalledSlicesNs: readonly number[] = [],
  ): FunctionRecord {
    const record: FunctionRecord = {
      functionId,
      history,
      counted: 0,
      slicesNs: recalledSlicesNs,
      recalledSlicesNs,
      lastEndNs: 0,
      fadedNs: 0,
      learnedFrom: 0,
      changed: false,
      due: false,
      predictedSliceNs: 0,
      rankedSliceNs: 0,
      predictedCpuNs: 0,
      expectation: undefined,
      entry: undefined,
    };
    this.#functions.set(functionId, record);
    return record;
  }

  #makesDue({ history: { recent }, learnedFrom }: FunctionRecord): boolean {
    if (recent.length < FIRST_POLICY_AT || learnedFrom >= SEQUENCE_LENGTH) return false;
    if (learnedFrom < FIRST_POLICY_AT) return true;
    return recent.length >= this.#refreshGrowth * learnedFrom;
  }

  /** New CPU time and table from a function's CPU times. */
  #learn(record: FunctionRecord): void {
    record.due = false;
    const { recent } = record.history;
    if (recent.length < COVERED_FROM) return;
    record.expectation = this.#predictor.expect(record.history);
    record.predictedCpuNs = record.expectation.predictedCpuNs;
    if (record.learnedFrom === 0) {
      // Until its slices are simulated, and where they are not because its invocations have left the window already.
      record.predictedSliceNs = record.slicesNs.length > 0
        ? this.#predictor.predict(record.slicesNs)
        : record.predictedCpuNs;
      record.rankedSliceNs = record.predictedSliceNs;
      this.#ranked.push(record);
    }
    record.learnedFrom = recent.length;
  }

  /** New predicted slices for the functions in the window, from the simulation over it, whose slices it returns. */
  #predictSlices(): Map<FunctionRecord, number[]> {
    const slicesNs = new Map<FunctionRecord, number[]>();
    for (const [functionId, sequence] of this.#window.simulatedSlices()) {
      const record = this.#functions.get(functionId);
      if (record === undefined || record.learnedFrom === 0) continue;
      const recent = this.#window.isFull
        ? sequence.slice(-SEQUENCE_LENGTH)
        : [...record.recalledSlicesNs, ...sequence].slice(-SEQUENCE_LENGTH);
      // Invocations that used no CPU time have no slices.
      if (recent.length === 0) continue;
      const first = record.slicesNs.length === 0;
      record.slicesNs = recent;
      record.predictedSliceNs = this.#predictor.predict(recent);
      if (first || isBeyondNoise(record.predictedSliceNs, record.rankedSliceNs, recent)) {
        record.rankedSliceNs = record.predictedSliceNs;
      }
      slicesNs.set(record, recent);
    }
    return slicesNs;
  }

  /** Fine-tuned slices of the functions in the window. */
  #tuneSlices(
    slicesNs: Map<FunctionRecord, number[]>,
    cpuUtilizationPercent: number,
  ): Map<FunctionRecord, number> {
    const ranked = this.#ranked.filter((record) => slicesNs.has(record));
    const tunedNs = finetune(
      ranked.map((record) => ({
        predictedSliceNs: record.predictedSliceNs,
        spreadNs: standardDeviation(slicesNs.get(record)!),
        currentSliceNs: record.entry?.sliceNs,
      })),
      cpuUtilizationPercent,
      this.#finetune,
    );
    return new Map(ranked.map((record, index) => [record, tunedNs[index]!]));
  }

  /** Once an hour, has functions fade that are not invoked, and forgets them at last. */
  #lookBack(nowNs: number): void {
    if (nowNs - this.#forgotAtNs < 3600e9) return;
    this.#forgotAtNs = nowNs;
    for (const [functionId, record] of this.#functions) {
      if (nowNs - record.lastEndNs > FORGET_AFTER_NS) this.#functions.delete(functionId);
      else if (nowNs - record.fadedNs > FADE_AFTER_NS) {
        record.history.fade();
        record.fadedNs = nowNs;
        this.#noteChange(record);
      }
    }
    this.#ranked = this.#ranked.filter(({ functionId }) => this.#functions.has(functionId));
  }
}

/** The latest of a sequence, as the learner keeps them. */
function latest(sequence: readonly number[] | Float32Array): number[] {
  return Array.from(sequence.slice(-SEQUENCE_LENGTH));
}

/** Least relative change of a slice that can change a function's place. */
const LEAST_CHANGE = 0.02;

/** Whether a prediction has moved by more than its own standard error: else functions that are alike would swap places. */
function isBeyondNoise(predictedNs: number, rankedNs: number, sequence: readonly number[]): boolean {
  const changeNs = Math.abs(predictedNs - rankedNs);
  // Most have hardly changed: then their spread need not be looked at.
  return changeNs > LEAST_CHANGE * rankedNs &&
    changeNs > standardDeviation(sequence as number[]) / Math.sqrt(sequence.length);
}

/** A function's entry at a place; the last policy's where nothing has changed. */
function entryOf(
  record: FunctionRecord,
  priority: number,
  tunedNs: ReadonlyMap<FunctionRecord, number>,
): FunctionPolicy {
  const { functionId, predictedCpuNs, expectation, entry } = record;
  const sliceNs = tunedNs.get(record) ?? entry?.sliceNs ?? capSlice(record.predictedSliceNs);
  const { table, tailSlope } = expectation!;
  if (entry?.priority === priority && entry.sliceNs === sliceNs && entry.table === table) return entry;
  return { functionId, priority, sliceNs, predictedCpuNs, table, tailSlope };
}
