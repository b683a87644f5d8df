/** The order in force: what has been learned and what people have pinned, sent to the event thread as either changes. */

import type { Pin, PriorityEntry } from "../api/agent_view.ts";
import type { Orders } from "../enforce/enforcer.ts";
import type { Policy } from "../learn/policy.ts";
import { OrdersSender } from "./orders.ts";
import { Pins, priorityEntries } from "./pins.ts";
import { nowUs, rfc3339 } from "./wall_clock.ts";

/** Longest time until pins are looked over again, in milliseconds: timers do not take more. */
const PINS_MS = 2 ** 31 - 1;

export class Ordering implements Disposable {
  readonly #pins = new Pins();
  readonly #sender: OrdersSender;
  #policy: Policy | undefined;
  #policyAt = rfc3339(nowUs());
  #pinTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param send takes what changes the order in force
   * @param slices whether slices are enforced, too
   */
  constructor(readonly send: (orders: Orders) => void, slices = false) {
    this.#sender = new OrdersSender(slices);
  }

  /** The latest policy; undefined before the first. */
  get policy(): Policy | undefined {
    return this.#policy;
  }

  /** A new policy is in force from now on. */
  take(policy: Policy): void {
    this.#policy = policy;
    this.#policyAt = rfc3339(nowUs());
    this.#send();
  }

  isPinned(functionId: number): boolean {
    return this.#pins.get(functionId) !== undefined;
  }

  pin(functionId: number, pin: Pin): void {
    this.#pins.set(functionId, pin, performance.now(), Date.now());
    this.#pinsChanged();
  }

  /** Returns whether it was pinned. */
  unpin(functionId: number): boolean {
    if (!this.#pins.delete(functionId)) return false;
    this.#pinsChanged();
    return true;
  }

  /** Rows of `GET /priority`, in order. */
  entries(info: Parameters<typeof priorityEntries>[3]): PriorityEntry[] {
    return priorityEntries(this.#policy, this.#policyAt, this.#pins, info);
  }

  /** Pins end no longer. */
  [Symbol.dispose](): void {
    clearTimeout(this.#pinTimer);
  }

  #send(): void {
    this.send(this.#sender.next(this.#policy, this.#pins.ranks(this.#policy), this.#pins.slices()));
  }

  /** Sends what the pins have become, and comes back when the next one ends. */
  #pinsChanged(): void {
    this.#pins.expire(performance.now());
    this.#send();
    clearTimeout(this.#pinTimer);
    const nextMs = this.#pins.nextExpiryMs - performance.now();
    if (nextMs < Infinity) {
      this.#pinTimer = setTimeout(() => this.#pinsChanged(), Math.min(Math.max(nextMs, 0), PINS_MS));
    }
  }
}
