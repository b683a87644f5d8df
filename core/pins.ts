/** Priorities that people pin, and what they mean for the order. Pure. */

import type { Pin, PriorityEntry } from "../api/agent_view.ts";
import type { FunctionPolicy, Policy } from "../learn/policy.ts";
import { rankAt } from "../learn/table.ts";
import { type FunctionInfo, shownId } from "../observe/functions.ts";

/** A pin in force. */
export interface ActivePin {
  readonly functionId: number;
  readonly priority: number | undefined;
  readonly sliceUs: number | undefined;
  /** Milliseconds of the clock that it was set by, Infinity where it holds until it is deleted. */
  readonly expiresMs: number;
  /** RFC 3339. */
  readonly updatedAt: string;
}

/** Farther than any learned rank, in nanoseconds of remaining work: 30 years. */
const FAR_NS = 1e18;
/** Distance between two pinned priorities out there: more than a day of age counts as rank (see `Ranking`). */
const STEP_NS = 2e12;

/** The pins by function. */
export class Pins {
  readonly #pins = new Map<number, ActivePin>();

  /**
   * Sets a pin; what an earlier one said and this one leaves out is gone.
   * @param nowMs milliseconds of a clock that nobody sets: a step of the wall clock must neither end a pin nor prolong it
   * @param wallMs milliseconds since 1970, to be shown
   */
  set(functionId: number, pin: Pin, nowMs: number, wallMs = nowMs): void {
    this.#pins.set(functionId, {
      functionId,
      priority: pin.priority,
      sliceUs: pin.slice_us,
      expiresMs: pin.ttl_s === undefined ? Infinity : nowMs + pin.ttl_s * 1000,
      updatedAt: new Date(wallMs).toISOString(),
    });
  }

  get(functionId: number): ActivePin | undefined {
    return this.#pins.get(functionId);
  }

  delete(functionId: number): boolean {
    return this.#pins.delete(functionId);
  }

  /** Drops pins whose time is over. Returns whether there were any. */
  expire(nowMs: number): boolean {
    let any = false;
    for (const pin of this.#pins.values()) {
      if (pin.expiresMs <= nowMs) any = this.#pins.delete(pin.functionId) || any;
    }
    return any;
  }

  /** When the next pin's time is over, in milliseconds of the same clock; Infinity where none ends by itself. */
  get nextExpiryMs(): number {
    return [...this.#pins.values()].reduce((least, { expiresMs }) => Math.min(least, expiresMs), Infinity);
  }

  [Symbol.iterator](): Iterator<ActivePin> {
    return this.#pins.values();
  }

  /** The slices that people have set, in nanoseconds. */
  slices(): [functionId: number, sliceNs: number][] {
    return [...this.#pins.values()].flatMap(({ functionId, sliceUs }) =>
      sliceUs === undefined ? [] : [[functionId, sliceUs * 1000] as [number, number]]
    );
  }

  /**
   * The ranks that pinned invocations have. A pin to priority p stands where a fresh invocation of the function with the
   * next learned priority at or after p stands, just before it; before everything where no learned function comes first,
   * after everything where none follows. Pins that stand before the same function keep their order.
   */
  ranks(policy: Policy | undefined): [functionId: number, rankNs: number][] {
    const learned = (policy?.functions ?? []).filter((f) =>
      this.#pins.get(f.functionId)?.priority === undefined
    );
    return [...this.#pins.values()].flatMap((pin) =>
      pin.priority === undefined
        ? []
        : [[pin.functionId, pinnedRank(pin.priority, learned)] as [number, number]]
    );
  }
}

/** @param learned in order of priority */
function pinnedRank(priority: number, learned: readonly FunctionPolicy[]): number {
  const at = learned.findIndex((f) => f.priority >= priority);
  // Of what has not been learned, all is in the place after the learned: where nothing has been, that is the first.
  const first = at === 0 || (learned.length === 0 && priority <= 1);
  if (first) return -2 * FAR_NS + priority * STEP_NS;
  if (at < 0) return FAR_NS + priority * STEP_NS;
  const next = learned[at]!;
  return rankAt(next.table, next.tailSlope, 0) - 1 - (next.priority - priority);
}

/** What is shown of a function besides its policy. */
type Known = Pick<FunctionInfo, "name" | "invocations"> & Partial<Pick<FunctionInfo, "platformId">>;

/** Rows of `GET /priority`, in order: by priority, of equal ones a pinned one first. */
export function priorityEntries(
  policy: Policy | undefined,
  policyAt: string,
  pins: Pins,
  info: (functionId: number) => Known | undefined,
): PriorityEntry[] {
  const learned = new Map((policy?.functions ?? []).map((f) => [f.functionId, f]));
  const last = learned.size + 1;
  const ids = new Set([...learned.keys(), ...[...pins].map((pin) => pin.functionId)]);
  const entries: PriorityEntry[] = [];
  for (const id of [...ids].sort((a, b) => a - b)) {
    const known = info(id), f = learned.get(id), pin = pins.get(id);
    if (!known) continue;
    entries.push({
      name: known.name,
      id: shownId({ id, platformId: known.platformId }),
      priority: pin?.priority ?? f?.priority ?? last,
      slice_us: pin?.sliceUs ?? Math.round((f?.sliceNs ?? 0) / 1000),
      source: pin ? "pinned" : "learned",
      predicted_cpu_us: Math.round((f?.predictedCpuNs ?? 0) / 1000),
      invocations: known.invocations,
      updated_at: pin?.updatedAt ?? policyAt,
    });
  }
  const order = (e: PriorityEntry) => (e.source === "pinned" ? 0 : 1);
  return entries.sort((a, b) => a.priority - b.priority || order(a) - order(b));
}
