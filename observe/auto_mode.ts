/**
 * Mode auto: is a function's process one invocation, or does it serve one after another? Decided by what is seen.
 *
 * A function counts as mode process at first. A process that has been idle for longer than the gap many times, and lives
 * for long, serves one request after another: its function is warm from then on. A process that pauses a few times, to
 * wait for a database say, does not come to that before it exits. Where processes of a function that counts as warm keep
 * exiting after few pauses, it counts as mode process again.
 */

import type { ActiveInvocation } from "./active_set.ts";
import { Flags, type InvocationEvent } from "./events.ts";
import type { SlotTable } from "./slots.ts";

/** Idle periods of a process from which its function counts as warm. Fewer: processes that pause are taken for warm. */
export const WARM_IDLE_PERIODS = 16;

/** … and how long it must have lived by then, in nanoseconds: few processes of one invocation do that. */
export const WARM_LIFE_NS = 10_000_000_000;

/** So many processes in a row that exit after fewer idle periods make their function count as mode process again. */
export const SHORT_LIVES = 4;

/** Follows the functions of mode auto. In the event thread: reads mapped memory, calls nothing. */
export class AutoMode {
  readonly #shortLives = new Map<number, number>();
  readonly #decisions = new Map<number, boolean>();

  constructor(readonly slots: Pick<SlotTable, "flags" | "idlePeriods" | "takenNs">) {}

  /**
   * Looks at the invocations in progress that do not count as warm yet. Linear; for a timer, not for every event.
   * @returns whether there is a decision to be taken
   */
  look(active: Iterable<ActiveInvocation>, nowNs: number): boolean {
    for (const { slot, functionId } of active) {
      if ((this.slots.flags(slot) & (Flags.ALPS_AUTO | Flags.ALPS_WARM)) !== Flags.ALPS_AUTO) continue;
      if (this.slots.idlePeriods(slot) < WARM_IDLE_PERIODS) continue;
      if (nowNs - this.slots.takenNs(slot) < WARM_LIFE_NS) continue;
      this.#decisions.set(functionId, true);
      this.#shortLives.delete(functionId);
    }
    return this.#decisions.size > 0;
  }

  /**
   * A function's instance is over.
   * @param event its end
   * @returns whether there is a decision to be taken
   */
  instanceEnded({ flags, functionId, idlePeriods }: InvocationEvent): boolean {
    const decided = Flags.ALPS_AUTO | Flags.ALPS_WARM;
    if ((flags & decided) !== decided) return false;
    const lives = idlePeriods < WARM_IDLE_PERIODS ? (this.#shortLives.get(functionId) ?? 0) + 1 : 0;
    if (lives < SHORT_LIVES) {
      this.#shortLives.set(functionId, lives);
      return false;
    }
    this.#shortLives.delete(functionId);
    this.#decisions.set(functionId, false);
    return true;
  }

  /** What has been decided since the last call: functions that count as warm from now on, or no longer. */
  takeDecisions(): [functionId: number, warm: boolean][] {
    const decisions = [...this.#decisions];
    this.#decisions.clear();
    return decisions;
  }
}
