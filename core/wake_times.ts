/** When the events happened that woke the thread, until a decision has taken them into account. */
export class WakeTimes {
  readonly #times: number[] = [];
  /** How many of them it has been told of how old they were when they were read. */
  #told = 0;

  add(timeNs: number): void {
    this.#times.push(timeNs);
  }

  /**
   * How late the earliest was read of those that have been added since the last call; undefined where none was. Those
   * before wait for a pause that the thread makes on its own account: that is no lateness.
   */
  readLateNs(nowNs: number): number | undefined {
    const earliestNs = this.#times[this.#told];
    this.#told = this.#times.length;
    return earliestNs === undefined ? undefined : nowNs - earliestNs;
  }

  /** A decision has taken them into account, or none is wanted. */
  clear(): void {
    this.#times.length = 0;
    this.#told = 0;
  }

  [Symbol.iterator](): Iterator<number> {
    return this.#times.values();
  }
}
