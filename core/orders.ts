/** From policies to what the event thread is sent: the differences. */

import type { Orders } from "../enforce/enforcer.ts";
import type { FunctionPolicy, Policy } from "../learn/policy.ts";

/** Remembers what has been sent. */
export class OrdersSender {
  #sent = new Map<number, FunctionPolicy>();

  /** What to send so that `policy` is in force after all that was sent before. */
  next(policy: Policy | undefined, pinned: Orders["pinned"]): Orders {
    const functions = policy?.functions ?? [];
    const changed = functions.filter((each) => {
      const sent = this.#sent.get(each.functionId);
      return sent?.table !== each.table || sent.tailSlope !== each.tailSlope;
    });
    const now = new Map(functions.map((each) => [each.functionId, each]));
    const removed = [...this.#sent.keys()].filter((id) => !now.has(id));
    this.#sent = now;
    return { changed, removed, pinned };
  }
}
