/** What an agent is told when it is started. */

import type { BackendName } from "./backend_choice.ts";
import type { FinetuneOptions } from "../learn/finetune.ts";
import type { ExclusionSpec } from "../observe/exclusions.ts";
import type { DiscoveryOptions } from "./discovery.ts";
import type { RuleSpec } from "../observe/rules.ts";

export interface AgentOptions {
  readonly version: string;
  readonly ml: string;
  readonly finetune: Partial<FinetuneOptions>;
  readonly epochS: number;
  readonly maxWaitS: number;
  readonly backend: BackendName;
  /** Whether the stock backend takes the scheduler's place where that cannot be loaded after all. */
  readonly orStock?: boolean | undefined;
  /** Descriptor of the journal of changes; undefined: nothing is written down (benchmarks, tests). */
  readonly journalFd?: number | undefined;
  /** Why this agent, which was to enforce, only observes and learns. */
  readonly notEnforcing?: string | undefined;
  /** The file that keeps what is learned from one run to the next; undefined: nothing is kept (benchmarks, tests). */
  readonly learnedFile?: string | undefined;
  readonly rules: readonly RuleSpec[];
  /** Functions' ids as people know them, by name, where they are not the agent's numbers. */
  readonly functionIds?: ReadonlyMap<string, string> | undefined;
  /** Where functions are looked for that no rule names; undefined: nowhere. */
  readonly discovery?: DiscoveryOptions | undefined;
  /** What is left alone; nothing where it is left out. */
  readonly exclude?: ExclusionSpec;
  readonly expResult: string | undefined;
  /** Whether waiting chosen tasks are moved between CPUs; for comparisons. */
  readonly migrate?: boolean;
}
