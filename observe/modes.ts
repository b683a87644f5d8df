/** How each function's invocations are told apart: by its rule, and in mode auto by what was seen. */

import type { Mode } from "../api/agent_view.ts";
import { Flags } from "./events.ts";
import { GapLearner } from "./gap.ts";
import type { Observer } from "./observer.ts";
import type { Rule } from "./rules.ts";

/** Where a rule gives no gap, in milliseconds. */
export const DEFAULT_GAP_MS = 5;

interface FunctionMode {
  readonly ruled: Mode;
  /** As the rule says; undefined where it leaves the gap to be learned. */
  readonly ruledGapMs: number | undefined;
  /** In force. */
  readonly gapMs: number;
  warm: boolean;
}

/** The modes in force; the kernel side is told of each change. */
export class Modes {
  readonly #byFunction = new Map<number, FunctionMode>();

  readonly #gaps = new GapLearner();

  constructor(readonly kernel: Pick<Observer, "setMode" | "watchIdle" | "idleLengths">) {}

  /**
   * A rule says that a process is this function's: its mode is the function's from now on, for instances that start then
   * (in mode auto, for running ones too). What was seen of it stays where the rule says the same as before.
   */
  ruled(functionId: number, { mode, gapMs }: Pick<Rule, "mode" | "gapMs">): void {
    const known = this.#byFunction.get(functionId);
    if (known?.ruled === mode && known.ruledGapMs === gapMs) return;
    if (gapMs === undefined && mode !== "process") this.kernel.watchIdle(functionId);
    this.#set(functionId, {
      ruled: mode,
      ruledGapMs: gapMs,
      gapMs: gapMs ?? DEFAULT_GAP_MS,
      warm: mode === "warm",
    });
  }

  /**
   * Looks at how long instances have been idle, and puts gaps in force that follow from that.
   * @returns those that have changed, in milliseconds
   */
  learnGaps(): Map<number, number> {
    const changed = new Map<number, number>();
    for (const [functionId, mode] of this.#byFunction) {
      if (!mode.warm || mode.ruledGapMs !== undefined) continue;
      const counts = this.kernel.idleLengths(functionId);
      const gapMs = counts && this.#gaps.look(functionId, counts, mode.gapMs);
      if (gapMs === undefined) continue;
      this.#set(functionId, { ...mode, gapMs });
      changed.set(functionId, gapMs);
    }
    return changed;
  }

  /** The gap in force, in milliseconds; undefined in mode process. */
  gapOf(functionId: number): number | undefined {
    const known = this.#byFunction.get(functionId);
    return known?.warm ? known.gapMs : undefined;
  }

  /** What was seen of a function; of one that is not in mode auto (any more) it says nothing. */
  decided(functionId: number, warm: boolean): boolean {
    const known = this.#byFunction.get(functionId);
    if (known?.ruled !== "auto" || known.warm === warm) return false;
    this.#set(functionId, { ...known, warm });
    return true;
  }

  /** The mode that a function is in. */
  of(functionId: number): "process" | "warm" {
    return this.#byFunction.get(functionId)?.warm ? "warm" : "process";
  }

  /** A function is known no longer. The kernel side is told by whoever removes its counters. */
  forget(functionId: number): void {
    this.#byFunction.delete(functionId);
    this.#gaps.forget(functionId);
  }

  #set(functionId: number, mode: FunctionMode): void {
    this.#byFunction.set(functionId, mode);
    const flags = (mode.warm ? Flags.ALPS_WARM : 0) | (mode.ruled === "auto" ? Flags.ALPS_AUTO : 0);
    this.kernel.setMode(functionId, flags, Math.round(mode.gapMs * 1000));
  }
}
