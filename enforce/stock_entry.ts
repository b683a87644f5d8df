/** What the stock backend keeps of each invocation in progress. */

import type { SchedAttr } from "../ffi/libc.ts";
import type { ActiveInvocation } from "../observe/active_set.ts";

/** One invocation, as this backend keeps it. */
export interface Entry {
  readonly invocation: ActiveInvocation;
  /** The invocation's, at hand: hundreds of entries are gone through at each decision. */
  readonly slot: number;
  /** Its tasks that want a CPU, and its group, as of the decision in progress. */
  runnable: number;
  group: number;
  demoted: boolean;
  chosen: boolean;
  rank: number;
  /** Its attributes when it was first demoted: what its children inherit goes back to. */
  before: SchedAttr | undefined;
  /** When it was promoted while it was waiting, until it is seen on a CPU; 0 = no. */
  promotedNs: number;
  /** It goes first until it has attained this, because it has waited too long; 0 = no. */
  overdueUntilNs: number;
}

/** The invocations in progress, in no order. */
export class Entries {
  readonly items: Entry[] = [];
  readonly #indexOf = new Map<ActiveInvocation, number>();

  /** @param before attributes that its tasks had before an earlier invocation of theirs was demoted, where there was one */
  add(invocation: ActiveInvocation, before?: SchedAttr): void {
    const entry: Entry = {
      invocation,
      slot: invocation.slot,
      runnable: 0,
      group: 0,
      demoted: false,
      chosen: true, // so that its rank is made at the next decision
      rank: 0,
      before,
      promotedNs: 0,
      overdueUntilNs: 0,
    };
    this.#indexOf.set(invocation, this.items.push(entry) - 1);
  }

  of(invocation: ActiveInvocation): Entry | undefined {
    const at = this.#indexOf.get(invocation);
    return at === undefined ? undefined : this.items[at];
  }

  /** False where it was not in it. */
  remove(invocation: ActiveInvocation): boolean {
    const at = this.#indexOf.get(invocation);
    if (at === undefined) return false;
    this.#indexOf.delete(invocation);
    const last = this.items.pop()!;
    if (last.invocation !== invocation) {
      this.items[at] = last;
      this.#indexOf.set(last.invocation, at);
    }
    return true;
  }
}
