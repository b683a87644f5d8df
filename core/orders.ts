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

/** What {@link packOrders} packed. Functions are unpacked one by one, so that none outlives its use. */
export function unpackOrders({ changed, ...rest }: PackedOrders): Orders {
  return { changed: unpackEntries(changed), ...rest };
}
