/** Whether the order is enforced, and who says so: the switch of people and the guard together. Pure. */

import type { GuardReason, GuardTrip } from "./guard.ts";

/** Plain data: it crosses threads. */
export interface EnforcementState {
  /** Whether the order is enforced now. */
  readonly enabled: boolean;
  /** Who has it so: `person` after a switch, else `start`; `guard` while the guard has it off. */
  readonly by: "start" | "person" | "guard";
  /** Of the guard: why it is off, and when it tries again (monotonic nanoseconds). */
  readonly trip?: GuardTrip;
  /** Since when it is so; monotonic nanoseconds. */
  readonly sinceNs: number;
  /** How often the guard has switched off, by reason. */
  readonly trips: Readonly<Record<GuardReason, number>>;
}

/** A person's word holds: off stays off whatever the guard says, and on ends a pause of the guard at once. */
export function enforcementState(
  person: boolean | undefined,
  guard: { readonly trip: GuardTrip | undefined; readonly trips: Readonly<Record<GuardReason, number>> },
  sinceNs: number,
): EnforcementState {
  const trips = { ...guard.trips };
  if (person === false) return { enabled: false, by: "person", sinceNs, trips };
  if (guard.trip) return { enabled: false, by: "guard", trip: guard.trip, sinceNs, trips };
  return { enabled: true, by: person === undefined ? "start" : "person", sinceNs, trips };
}
