/** What the main thread and the learning thread tell each other. */

import type { Invocation } from "../observe/invocation.ts";
import type { LearnerOptions } from "./learner.ts";
import type { PolicyUpdate } from "./policy_update.ts";

/** Options that can cross threads. */
export type LearningOptions = Omit<LearnerOptions, "makeTable">;

/** What a policy needs to know of the moment. */
export interface Moment {
  /** On the clock of the invocations. */
  readonly nowNs: number;
  /** Mean utilisation of all CPUs since the last epoch, in percent. */
  readonly cpuUtilization: number;
}

/** Main thread → learning thread. */
export type ToLearningThread =
  | { type: "start"; options: LearningOptions }
  /** Finished invocations; a policy follows where they make one due. */
  | { type: "add"; invocations: readonly Invocation[]; moment: Moment }
  /** Functions that will not be heard of again under these numbers. */
  | { type: "forget"; functionIds: readonly number[] }
  /** A policy is wanted: an epoch has ended. */
  | { type: "request"; moment: Moment };

/** Learning thread → main thread. */
export type FromLearningThread =
  /** `seconds`: how long it took to make. */
  | { type: "policy"; update: PolicyUpdate; seconds: number }
  | { type: "failed"; message: string };
