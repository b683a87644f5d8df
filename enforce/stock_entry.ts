/** What the stock backend keeps of each invocation in progress. */

import type { SchedAttr } from "../ffi/libc.ts";
import type { ActiveInvocation } from "../observe/active_set.ts";

/** One invocation, as this backend keeps it. */
export interface Entry {
  readonly invocation: ActiveInvocation;
  /** The invocation's, at hand. */
  readonly slot: number;
  /** Its tasks that want a CPU, the CPU time that it had used, and its group, when it was looked at last. */
  runnable: number;
  attainedNs: number;
  group: number;
  demoted: boolean;
  chosen: boolean;
  /** Since when it has been chosen; 0 = it is not. */
  chosenNs: number;
  /** Its CPU limit kept it from running when that was asked last, and when it may be asked again. */
  held: boolean;
  heldAskNs: number;
  /** It has ended. */
  gone: boolean;
  rank: number;
  /** Its attributes when it was first demoted: what its children inherit goes back to. */
  before: SchedAttr | undefined;
  /** When it was promoted while it was waiting, until it is seen on a CPU; 0 = no. */
  promotedNs: number;
  /** It goes first until it has attained this, because it has waited too long; 0 = no. */
  overdueUntilNs: number;
  /** It stays normal until it has attained this, because it waits for a lock or has just got it; 0 = no. */
  sparedUntilNs: number;
}

/** The invocations in progress, in no order. */
export class Entries {
  readonly items: Entry[] = [];
  readonly #indexOf = new Map<ActiveInvocation, number>();
  readonly #bySlot = new Map<number, Entry>();
  /** How many there are in each group. */
  readonly #groups = new Map<number, number>();

  /** @param before attributes that its tasks had before an earlier invocation of theirs was demoted, where there was one */
  add(invocation: ActiveInvocation, before?: SchedAttr): Entry {
    const entry: Entry = {
      invocation,
      slot: invocation.slot,
      runnable: 0,
      attainedNs: 0,
      group: 0,
      demoted: false,
      chosen: false,
      chosenNs: 0,
      held: false,
      heldAskNs: 0,
      gone: false,
      rank: 0,
      before,
      promotedNs: 0,
      overdueUntilNs: 0,
      sparedUntilNs: 0,
    };
    this.#indexOf.set(invocation, this.items.push(entry) - 1);
    this.#bySlot.set(entry.slot, entry);
    this.#count(entry.group, 1);
    return entry;
  }

  of(invocation: ActiveInvocation): Entry | undefined {
    const at = this.#indexOf.get(invocation);
    return at === undefined ? undefined : this.items[at];
  }

  bySlot(slot: number): Entry | undefined {
    return this.#bySlot.get(slot);
  }

  /** How many groups they are in. */
  get groups(): number {
    return this.#groups.size;
  }

  setGroup(entry: Entry, group: number): void {
    if (entry.group === group) return;
    this.#count(entry.group, -1);
    this.#count(group, 1);
    entry.group = group;
  }

  /** Undefined where it was not in it. */
  remove(invocation: ActiveInvocation): Entry | undefined {
    const at = this.#indexOf.get(invocation);
    if (at === undefined) return undefined;
    const entry = this.items[at]!, last = this.items.pop()!;
    if (last !== entry) {
      this.items[at] = last;
      this.#indexOf.set(last.invocation, at);
    }
    this.#indexOf.delete(invocation);
    this.#bySlot.delete(entry.slot);
    this.#count(entry.group, -1);
    return entry;
  }

  #count(group: number, change: number): void {
    const count = (this.#groups.get(group) ?? 0) + change;
    if (count > 0) this.#groups.set(group, count);
    else this.#groups.delete(group);
  }
}
