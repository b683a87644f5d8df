/** The main thread's side of the switch: what people see of it, and what the log says. */

import { getLogger } from "@logtape/logtape";
import type { EnforcementSnapshot } from "../api/agent_view.ts";
import type { EnforcementState } from "./enforcement.ts";

const log = getLogger(["alps", "guard"]);

/** The latest state that the event thread has told. */
export class EnforcementSwitch {
  #state: EnforcementState;

  /** @param backend `none` enforces nothing, whoever switches */
  constructor(readonly backend: string, nowNs: number) {
    const trips = { wait: 0, events_lost: 0, late: 0, memory: 0 };
    this.#state = { enabled: backend !== "none", by: "start", sinceNs: nowNs, trips };
  }

  get state(): EnforcementState {
    return this.#state;
  }

  /** Takes a new state, and logs what has changed. */
  take(state: EnforcementState): void {
    const { enabled } = this.#state;
    this.#state = state;
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
  snapshot(time: (monotonicNs: number) => string): EnforcementSnapshot {
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
