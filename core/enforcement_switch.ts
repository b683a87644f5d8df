/** The main thread's side of the switch: what people see of it, and what the log says. */

import { getLogger } from "@logtape/logtape";
import type { EnforcementSnapshot } from "../api/agent_view.ts";
import type { EnforcementState } from "./enforcement.ts";

const log = getLogger(["alps", "guard"]);

/** The latest state that the event thread has told. */
export class EnforcementSwitch {
  #state: EnforcementState;
  #snapshot: EnforcementSnapshot;

  /**
   * @param backend `none` enforces nothing, whoever switches
   * @param time monotonic nanoseconds as people read them, at this moment
   */
  constructor(readonly backend: string, nowNs: number, time: (monotonicNs: number) => string) {
    const trips = { wait: 0, events_lost: 0, late: 0, memory: 0 };
    this.#state = { enabled: backend !== "none", by: "start", sinceNs: nowNs, trips };
    this.#snapshot = this.#shown(time);
  }

  get state(): EnforcementState {
    return this.#state;
  }

  /** Takes a new state, and logs what has changed. Its times are turned once, so that they stay the same. */
  take(state: EnforcementState, time: (monotonicNs: number) => string): void {
    const { enabled } = this.#state;
    this.#state = state;
    this.#snapshot = this.#shown(time);
    if (state.trip) {
      log.warning("enforcement is off: {text}; trying again in {seconds} s", {
        text: state.trip.text,
        seconds: Math.round((state.trip.untilNs - state.sinceNs) / 1e9),
      });
    } else if (state.enabled !== enabled) {
      log.info(state.enabled ? "enforcement is on" : "enforcement is off, as asked for");
    }
  }

  /** Why nothing is enforced although it should be, for `/readyz`; undefined where all is well. */
  get trouble(): string | undefined {
    if (this.#state.enabled || this.backend === "none") return undefined;
    return `enforcement is off: ${this.#state.trip?.text ?? "switched off by a person"}`;
  }

  /** As `GET /enforcement` shows it. */
  get snapshot(): EnforcementSnapshot {
    return this.#snapshot;
  }

  #shown(time: (monotonicNs: number) => string): EnforcementSnapshot {
    const { enabled, by, trip, sinceNs } = this.#state;
    return {
      enabled,
      by,
      since: time(sinceNs),
      ...(trip && { reason: trip.text, tries_again: time(trip.untilNs) }),
      ...(this.backend === "none" && { reason: "the backend is none: it observes and learns only" }),
    };
  }
}
