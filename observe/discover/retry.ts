/** Something that is to go on for as long as the agent runs, tried again where it has ended: sooner at first. */

const FIRST_MS = 200, LONGEST_MS = 10_000;

export class Retry {
  #pauseMs = FIRST_MS;

  /**
   * @param signal ends it
   * @param act resolves when it has ended; must not reject
   */
  constructor(readonly signal: AbortSignal, readonly act: () => Promise<void>) {}

  /** Begins. */
  start(): void {
    this.#run();
  }

  /** It works at this moment: the next pause is a short one again. */
  worked(): void {
    this.#pauseMs = FIRST_MS;
  }

  async #run(): Promise<void> {
    while (!this.signal.aborted) {
      await this.act();
      if (this.signal.aborted) return;
      await pause(this.#pauseMs, this.signal);
      this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_MS);
    }
  }
}

/** Waits; not after `signal`. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(done, ms);
  function done(): void {
    clearTimeout(timer);
    signal.removeEventListener("abort", done);
    resolve();
  }
  signal.addEventListener("abort", done);
  return promise;
}
