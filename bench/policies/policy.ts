/** What a policy is, as a benchmark measures it. */

/** A scheduler in user space, as plain data: it crosses threads. */
export type SchedulerSpec =
  | { readonly kind: "nice"; readonly niceOf: ReadonlyMap<string, number> }
  | { readonly kind: "rr" }
  | { readonly kind: "sfs"; readonly cores: number }
  | { readonly kind: "hybrid" };

/** A policy. */
export interface Policy {
  /** As results name it: `default`, `sfs`, `alps:avg`. */
  readonly name: string;
  /** A few words for people. */
  readonly what: string;
  /** `none` only observes; it does so under every policy, because its record is what is measured. */
  readonly agent: {
    readonly backend: "auto" | "none";
    readonly ml?: string;
    /** More of its options. */
    readonly args?: readonly string[];
  };
  /** What sets scheduling attributes beside it, where something does. */
  readonly scheduler?: SchedulerSpec;
}

/** What policies may know that are told the sizes. */
export interface PolicyContext {
  readonly cores: number;
  /** By the name under which a function runs: mean CPU time, alone, in milliseconds. */
  readonly sizes: ReadonlyMap<string, number>;
}

export type PolicyMaker = (context: PolicyContext) => Policy;
