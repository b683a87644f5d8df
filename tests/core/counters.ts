import type { SharedCounters } from "../../observe/slots.ts";

/** The kernel side's counters before anything has happened. */
export function zeroCounters(): SharedCounters {
  return {
    active: 0,
    runnable: 0,
    slots: 0,
    events: 0,
    lostRingFull: 0,
    lostNoSlot: 0,
    lostNoMemory: 0,
    lostNoStats: 0,
    longWaits: 0,
    limitedWaits: 0,
    longestWaitNs: 0,
  };
}
