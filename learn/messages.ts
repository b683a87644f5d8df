/** What the main thread and the learning thread tell each other. */

import type { Invocation } from "../observe/invocation.ts";
import type { LearnerOptions } from "./learner.ts";
import type { PolicyUpdate } from "./policy_update.ts";
import type { MemoryNote } from "./store/memory.ts";

/** Options that can cross threads. */
export type LearningOptions = Omit<LearnerOptions, "ml"> & {
  /** The name of a predictor. */
  readonly ml: string;
  /** The file that keeps what is known of functions; undefined: nothing is kept. */
  readonly file?: string | undefined;
};

/** What a policy needs to know of the moment. */
export interface Moment {
  /** On the clock of the invocations. */
  readonly nowNs: number;
  /** Mean utilisation of the CPUs that invocations run on since the last epoch, in percent. */
  readonly cpuUtilization: number;
  /** Share of that time in which someone waited for a CPU, in percent; 0 where the kernel does not tell. */
  readonly cpuPressure: number;
}

/** Main thread → learning thread. */
export type ToLearningThread =
  | { type: "start"; options: LearningOptions }
  /** A function has its number, before its first invocation ends; a policy follows where it is known from before. */
  | { type: "meet"; functionId: number; name: string; nowNs: number }
  /** Finished invocations; a policy follows where they make one due. */
  | { type: "add"; invocations: readonly Invocation[]; moment: Moment }
  /** Functions that will not be heard of again under these numbers. */
  | { type: "forget"; functionIds: readonly number[] }
  /** A policy is wanted: an epoch has ended. */
  | { type: "request"; moment: Moment }
  /** It is to write down what it knows, and answers `stopped`. */
  | { type: "stop" };

/** Learning thread → main thread. */
export type FromLearningThread =
  /** `seconds`: how long it took to make. */
  | { type: "policy"; update: PolicyUpdate; seconds: number }
  | { type: "note"; note: MemoryNote }
  | { type: "stopped" }
  | { type: "failed"; message: string };
