/**
 * The recent invocations of all functions, which the SRPT simulation runs over.
 */
import type { Invocation } from "../observe/invocation.ts";
import { simulateSrpt } from "./simulate.ts";

/** How many invocations the window holds: the most recent ones. */
export const WINDOW_INVOCATIONS = 1000;

/** The minimum run of the simulation, in nanoseconds: 8 ms, as in ALPS's first implementation. */
export const MIN_RUN_NS = 8e6;

/** The last {@link WINDOW_INVOCATIONS} invocations. */
export class InvocationWindow {
  readonly #cores: number;
  /** A ring: the oldest is at `#next` once it is full. */
  readonly #invocations: Pick<Invocation, "functionId" | "startNs" | "cpuNs">[] = [];
  #next = 0;

  /**
   * @param cores of the machine
   * @throws RangeError where `cores` is no whole number above 0
   */
  constructor(cores: number) {
    if (!Number.isInteger(cores) || cores < 1) {
      throw new RangeError(`cannot learn for ${cores} cores: must be a whole number, at least 1`);
    }
    this.#cores = cores;
  }

  /** Whether each further invocation takes an older one's place. */
  get isFull(): boolean {
    return this.#invocations.length === WINDOW_INVOCATIONS;
  }

  /** Adds an invocation; the oldest one leaves where the window is full. */
  add(invocation: Pick<Invocation, "functionId" | "startNs" | "cpuNs">): void {
    this.#invocations[this.#next] = invocation;
    this.#next = (this.#next + 1) % WINDOW_INVOCATIONS;
  }

  /**
   * How long the invocations would run between switches under SRPT, in nanoseconds, by function: first the slices of the
   * invocation that ended first, and of each its slices in order.
   */
  simulatedSlices(): Map<number, number[]> {
    const oldest = this.#invocations.length < WINDOW_INVOCATIONS ? 0 : this.#next;
    const invocations = [...this.#invocations.slice(oldest), ...this.#invocations.slice(0, oldest)];
    // From the window's own start, because differences of small numbers are exact.
    const firstNs = invocations.reduce((least, { startNs }) => Math.min(least, startNs), Infinity);
    const outcomes = simulateSrpt(
      invocations.map(({ startNs, cpuNs }) => ({ arrival: startNs - firstNs, cpu: cpuNs })),
      { cores: this.#cores, minRun: MIN_RUN_NS },
    );
    const slicesNs = new Map<number, number[]>();
    outcomes.forEach(({ slices }, index) => {
      const { functionId } = invocations[index]!;
      const sequence = slicesNs.get(functionId);
      if (sequence === undefined) slicesNs.set(functionId, slices);
      else for (const sliceNs of slices) sequence.push(sliceNs);
    });
    return slicesNs;
  }
}
