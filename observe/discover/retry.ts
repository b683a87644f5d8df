/**
 * Something that is to go on for as long as the agent runs, tried again where it has ended: sooner at first. What works only for a
 * moment each time does not count as working: a server that refuses after its first answer is not to be asked without end.
 */

const FIRST_MS = 200, LONGEST_MS = 10_000;

/** What has worked for so long is tried again soon. */
const HELD_MS = 10_000;

/** What is used of time and chance; replaced in tests. */
export interface RetryClock {
  now(): number;
  /** From 0 to 1. */
  random(): number;
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

const REAL: RetryClock = { now: () => performance.now(), random: Math.random, pause };

export class Retry {
  #pauseMs = FIRST_MS;
  #workedAtMs: number | undefined;

  /**
   * @param signal ends it
   * @param act resolves when it has ended; must not reject
   */
  constructor(readonly signal: AbortSignal, readonly act: () => Promise<void>, readonly clock = REAL) {}

  /** Begins. */
  start(): void {
    this.#run();
  }

  /** It works from this moment on: where it goes on doing so, the next pause is a short one again. */
  worked(): void {
    this.#workedAtMs ??= this.clock.now();
  }

  async #run(): Promise<void> {
    while (!this.signal.aborted) {
      this.#workedAtMs = undefined;
      await this.act();
      if (this.signal.aborted) return;
      const heldMs = this.#workedAtMs === undefined ? 0 : this.clock.now() - this.#workedAtMs;
      if (heldMs >= HELD_MS) this.#pauseMs = FIRST_MS;
      // From half of it to all of it: not all agents of a cluster at once.
      await this.clock.pause(this.#pauseMs * (1 + this.clock.random()) / 2, this.signal);
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
