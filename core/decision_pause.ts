/**
 * Pauses after decisions that take long (thousands want a CPU): the event thread comes before everything else, and must leave
 * the CPUs to others. A machine that stood still meanwhile makes a decision long, too: hence the longest pause.
 */

/** A longer decision is followed by a pause of so many times as long, at most so long, in nanoseconds. */
const LONG_DECISION_NS = 1_000_000, PAUSE_FACTOR = 4, LONGEST_PAUSE_NS = 50_000_000;

/** So many long ones run code that has not been compiled yet: they are long with three invocations in progress, too. */
const COLD_DECISIONS = 5;

export class DecisionPause {
  /** Until when nothing is to be decided, by the monotonic clock. */
  untilNs = 0;
  #long = 0;

  /** A decision took so long, until `doneNs`. */
  took(tookNs: number, doneNs: number): void {
    if (tookNs <= LONG_DECISION_NS || ++this.#long <= COLD_DECISIONS) return;
    this.untilNs = doneNs + Math.min(PAUSE_FACTOR * tookNs, LONGEST_PAUSE_NS);
  }
}
