/** Chosen invocations that their cgroup's CPU limit keeps from running: they take no CPU that another could have. */

import type { SlotTable } from "../observe/slots.ts";
import type { CpuLimits } from "./cpu_limits.ts";
import type { Entry } from "./stock_entry.ts";

/** How long a chosen one waits for a CPU before its limit is asked about, in nanoseconds: nearly all run sooner. */
const SUSPECT_NS = 30_000_000;

/** And one whose limit has been the reason before: what the kernel takes to let one run that may. */
const KNOWN_NS = 2_000_000;

/** How long an answer holds: the kernel's usual period of limits. */
const ANSWER_NS = 100_000_000;

/** What is looked at together: limits are told from how often they were reached since the look before. */
const LOOK_NS = 500_000_000;

export class Held {
  /** Those of the decision in progress. */
  readonly items: Entry[] = [];
  #lookNs = 0;

  constructor(
    readonly slots: Pick<SlotTable, "oldestWaitNs" | "running">,
    readonly limits: Pick<CpuLimits, "begin" | "hold">,
  ) {}

  begin(): void {
    this.items.length = 0;
  }

  /** Whether a chosen one cannot run now, whatever is done about it; remembered in `items`. */
  take(entry: Entry, nowNs: number): boolean {
    if (!entry.chosen || this.slots.running(entry.slot) > 0) return false;
    const waitedNs = Math.min(this.slots.oldestWaitNs(entry.slot, nowNs), nowNs - entry.chosenNs);
    if (waitedNs < (entry.held ? KNOWN_NS : SUSPECT_NS)) return false;
    if (nowNs >= entry.heldAskNs) {
      entry.heldAskNs = nowNs + ANSWER_NS;
      entry.held = this.#ask(entry, nowNs);
    }
    if (entry.held) this.items.push(entry);
    return entry.held;
  }

  #ask(entry: Entry, nowNs: number): boolean {
    if (nowNs >= this.#lookNs) {
      this.#lookNs = nowNs + LOOK_NS;
      this.limits.begin();
    }
    return this.limits.hold(entry.invocation.pid);
  }
}
