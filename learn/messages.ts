/** What the main thread and the learning thread tell each other. */

import type { Invocation } from "../observe/invocation.ts";
import type { LearnerOptions } from "./learner.ts";
import type { PolicyUpdate } from "./policy_update.ts";

/** Options that can cross threads. */
export type LearningOptions = Omit<LearnerOptions, "makeTable">;

/** Main thread → learning thread. */
export type ToLearningThread =
  | { type: "start"; options: LearningOptions }
  | { type: "add"; invocations: readonly Invocation[] }
  | { type: "request"; nowNs: number; cpuUtilization: number };

/** Learning thread → main thread. */
export type FromLearningThread =
  | { type: "policy"; update: PolicyUpdate }
  /** A policy should be made before the epoch ends; told once, until the next policy has been made. */
  | { type: "due" }
  | { type: "failed"; message: string };
