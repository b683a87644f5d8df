/**
 * The one JSON document that `demo`, `replay`, `simulate` and `bench` write with `--json`.
 * Its shape is an interface that other programs rely on.
 */

/** Figures of one policy over some invocations. Times in milliseconds. */
export interface Summary {
  /** Invocations that were sent, failed ones included. */
  n: number;
  failed: number;
  /** Turnaround: due (by the trace) to end (in the kernel's record). */
  mean_ms: number;
  p50_ms: number;
  p90_ms: number;
  p99_ms: number;
  /** Mean of turnaround / CPU time. */
  mean_slowdown: number;
  /** Mean of first run to end. */
  mean_execution_ms: number;
}

export interface PolicyResult {
  all: Summary;
  functions: Record<string, Summary>;
}

export interface Interval {
  median: number;
  low: number;
  high: number;
}

export interface Run {
  /** What was replayed: a file's name or the maker's description. */
  trace: string;
  load: number;
  cores: number;
  rounds: number;
  /** By name: `default`, `alps:<ml>`, `oracle`, … */
  policies: Record<string, PolicyResult>;
  /** By name of the policy: (mean_default − mean_policy) / (mean_default − mean_oracle). */
  gap_closed: Record<string, Interval>;
}

export interface Machine {
  hostname: string;
  kernel: string;
  cpu: string;
  cores: number;
  memory_mb: number;
}

export interface Results {
  machine: Machine;
  /** Of the checkout that ran, `unknown` outside one. */
  commit: string;
  runs: Run[];
}
