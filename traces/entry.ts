/** What the readers of all formats yield. */

/** One invocation of a trace. */
export interface TraceEntry {
  /** Whose invocation it is. */
  readonly function: string;
  /** When it is due, in milliseconds after the start of the trace. */
  readonly dueMs: number;
  /**
   * How much CPU time it takes, in milliseconds; undefined where the trace does not say. Published traces have the time
   * that an invocation took on their machines: waiting for a network or a CPU is in it.
   */
  readonly cpuMs?: number;
  /** What to call it with, where the trace says. */
  readonly call?: { readonly job: string; readonly n: number };
}
