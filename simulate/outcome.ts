/**
 * What every policy takes and gives.
 */
import type { Workload } from "./workload.ts";

/** How to simulate. */
export interface SimulateOptions {
  /** Cores: a whole number, 1 to {@link MOST_CORES}. */
  readonly cores: number;
  /**
   * How long an invocation that was given a core keeps it at least unless it completes, in nanoseconds. Time slices are
   * at least as long. Default 0. It has no meaning under `fifo`, which never takes a core away, and under `ps`.
   */
  readonly minRunNs?: number;
  /**
   * What a context switch costs, in nanoseconds: so long a core is busy without progress each time that it is given to
   * an invocation. Default 0. What shares cores ideally (`ps`, and the background of `sfs`) does not switch.
   */
  readonly switchCostNs?: number;
}

/** {@link SimulateOptions} with its defaults in place. */
export type Settings = Required<SimulateOptions>;

/** What became of the invocations, in the workload's order. Times in nanoseconds from the first arrival on. */
export interface Outcome {
  /** When each had all of its CPU time. */
  readonly completionNs: Float64Array;
  /** When each was first given a core, or a share of one. */
  readonly firstRunNs: Float64Array;
  /** How often a core was given to an invocation that did not have it just before; 0 under `ps`. */
  readonly switches: number;
}

/** A policy: simulates a workload. Pure: the same arguments give the same outcome. */
export type Simulation = (workload: Workload, settings: Settings) => Outcome;

/** More cores than any machine has; each costs memory. */
export const MOST_CORES = 4096;

/** Longest minimum run and costliest switch: a day. */
const LONGEST_NS = 86400e9;

/** @throws RangeError where an option is out of its range */
export function settingsOf({ cores, minRunNs = 0, switchCostNs = 0 }: SimulateOptions): Settings {
  if (!(Number.isInteger(cores) && cores >= 1 && cores <= MOST_CORES)) {
    throw new RangeError(`cannot simulate ${cores} cores: must be a whole number from 1 to ${MOST_CORES}`);
  }
  for (const [name, value] of Object.entries({ minRunNs, switchCostNs })) {
    if (!(value >= 0 && value <= LONGEST_NS)) {
      throw new RangeError(`cannot simulate with ${name} ${value}: must be from 0 to ${LONGEST_NS}`);
    }
  }
  return { cores, minRunNs, switchCostNs };
}
