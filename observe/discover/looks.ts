/** Looks at things one by one that each take a while: a few at a time, and again where one fails. */

import { pause } from "./retry.ts";

/** So many at once. */
const MOST_AT_ONCE = 4;

/** Pauses after failures: the first, and the longest. */
const FIRST_MS = 200, LONGEST_MS = 10_000;

/** One thing that is wanted. */
interface Wanted {
  /** It has changed since the look began. */
  again: boolean;
  readonly firstLook: PromiseWithResolvers<void>;
}

/** Looks that are under way or wanted, by id. */
export class Looks {
  readonly #wanted = new Map<string, Wanted>();
  readonly #free: (() => void)[] = [];
  #busy = 0;

  /**
   * @param signal ends it
   * @param look looks at one; rejects where that fails. What it finds counts only while {@link isWanted}
   * @param failed called after each look that has failed
   */
  constructor(
    readonly signal: AbortSignal,
    readonly look: (id: string) => Promise<void>,
    readonly failed: (id: string, error: unknown) => void,
    readonly firstMs = FIRST_MS,
  ) {}

  /** Has it looked at, anew where that is under way. Resolves after the first look, whatever came of it. */
  want(id: string): Promise<void> {
    const known = this.#wanted.get(id);
    if (known) {
      known.again = true;
      return known.firstLook.promise;
    }
    const wanted: Wanted = { again: false, firstLook: Promise.withResolvers<void>() };
    this.#wanted.set(id, wanted);
    this.#follow(id, wanted);
    return wanted.firstLook.promise;
  }

  /** It is gone: what a look at it finds is void. */
  drop(id: string): void {
    this.#wanted.get(id)?.firstLook.resolve();
    this.#wanted.delete(id);
  }

  /** Whether it has not been dropped since it was wanted. */
  isWanted(id: string): boolean {
    return this.#wanted.has(id);
  }

  async #follow(id: string, wanted: Wanted): Promise<void> {
    const stays = () => !this.signal.aborted && this.#wanted.get(id) === wanted;
    for (let pauseMs = this.firstMs; stays();) {
      wanted.again = false;
      const found = await this.#lookOnce(id, stays);
      wanted.firstLook.resolve();
      if (!stays()) return;
      if (found && !wanted.again) {
        this.#wanted.delete(id);
        return;
      }
      if (found) continue;
      await pause(pauseMs, this.signal);
      pauseMs = Math.min(2 * pauseMs, LONGEST_MS);
    }
    wanted.firstLook.resolve();
  }

  async #lookOnce(id: string, stays: () => boolean): Promise<boolean> {
    while (this.#busy >= MOST_AT_ONCE) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#free.push(resolve);
      await promise;
    }
    if (!stays()) {
      this.#free.shift()?.();
      return false;
    }
    this.#busy++;
    try {
      await this.look(id);
      return true;
    } catch (error) {
      if (stays()) this.failed(id, error);
      return false;
    } finally {
      this.#busy--;
      this.#free.shift()?.();
    }
  }
}
