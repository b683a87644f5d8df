/** From policies to what the event thread is sent: the differences, as plain numbers. */

import type { Orders } from "../enforce/enforcer.ts";
import { packEntries, unpackEntries } from "../learn/packed_policy.ts";
import type { FunctionPolicy, Policy } from "../learn/policy.ts";
import { keepExactly } from "../learn/policy_update.ts";

/** Remembers what has been sent. */
export class OrdersSender {
  readonly #sent = new Map<number, FunctionPolicy>();

  /** @param slices whether the backend enforces slices: then a change of one is sent, too */
  constructor(readonly slices = false) {}

  /** What to send so that `policy` is in force after all that was sent before. */
  next(
    policy: Policy | undefined,
    pinned: Orders["pinned"],
    pinnedSlices: Orders["pinnedSlices"] = [],
  ): Orders & { readonly changed: readonly FunctionPolicy[] } {
    const functions = policy?.functions ?? [];
    const changed = functions.filter((each) => {
      const sent = this.#sent.get(each.functionId);
      return sent?.table !== each.table || sent.tailSlope !== each.tailSlope ||
        (this.slices && sent.sliceNs !== each.sliceNs);
    });
    return {
      changed,
      removed: keepExactly(this.#sent, functions),
      pinned,
      pinnedSlices,
      prior: policy?.prior,
    };
  }
}

/** Orders that cross threads: objects for each of ten thousand functions would cost either side megabytes of garbage. */
export interface PackedOrders extends Pick<Orders, "removed" | "pinned" | "pinnedSlices" | "prior"> {
  /** By {@link packEntries}; may be transferred. */
  readonly changed: Float64Array<ArrayBuffer>;
}

export function packOrders({ changed, ...rest }: Orders): PackedOrders {
  return { changed: packEntries([...changed]), ...rest };
}

/** Functions that are taken in between two looks at the events: about a millisecond's work. */
const AT_ONCE = 2000;

/**
 * Orders on the event thread's side, taken in piece by piece: those of a hundred thousand functions at once would keep it
 * from its events for 40 ms.
 */
export class OrdersIntake {
  readonly #waiting: { orders: PackedOrders; removed: number; changed: Generator<FunctionPolicy> }[] = [];

  /** Whether there is a piece to take in. */
  get hasMore(): boolean {
    return this.#waiting.length > 0;
  }

  /** Takes what {@link packOrders} packed, to be taken in after what came before. */
  add(orders: PackedOrders): void {
    this.#waiting.push({ orders, removed: 0, changed: unpackEntries(orders.changed) });
  }

  /** The next piece; undefined where there is none. */
  next(): Orders | undefined {
    const first = this.#waiting[0];
    if (first === undefined) return undefined;
    const { pinned, prior } = first.orders;
    const removed = first.orders.removed.slice(first.removed, first.removed += AT_ONCE);
    const changed: FunctionPolicy[] = [];
    for (let room = AT_ONCE - removed.length; room > 0; room--) {
      const { value, done } = first.changed.next();
      if (done) {
        this.#waiting.shift();
        break;
      }
      changed.push(value);
    }
    return { changed, removed, pinned, prior };
  }
}
