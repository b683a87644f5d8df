/** Why the agent is not ready, and which of its parts that is about. Pure. */

import type { PartName, Parts, PartState } from "../api/agent_view.ts";

/** Something that does not work. */
export interface Trouble {
  /** One line for people. */
  readonly reason: string;
  readonly parts: readonly PartName[];
}

/** The troubles that last; those that pass are told with each question. */
export class Troubles {
  /** Undefined while it does its work. */
  phase: "starting" | "stopping" | undefined = "starting";
  readonly #lasting: Trouble[] = [];

  /** Something has failed for good. */
  add(reason: string, ...parts: PartName[]): void {
    this.#lasting.push({ reason, parts });
  }

  /** Why the agent is not ready; none where it is. */
  reasons(passing: readonly Trouble[]): string[] {
    const phase = this.phase === undefined ? [] : [this.phase];
    return [...phase, ...[...this.#lasting, ...passing].map(({ reason }) => reason)];
  }

  /**
   * Each part's state.
   * @param backend `none` leaves enforcing off
   */
  parts(passing: readonly Trouble[], backend: string): Parts {
    const troubles = [...this.#lasting, ...passing];
    const stateOf = (part: PartName): PartState => {
      const own = troubles.filter(({ parts }) => parts.includes(part)).map(({ reason }) => reason);
      if (part === "enforcing" && backend === "none" && own.length === 0) {
        return { state: "off", reason: "--backend none only observes and learns" };
      }
      if (this.phase !== undefined) return { state: this.phase };
      return own.length === 0 ? { state: "working" } : { state: "not working", reason: own.join("; ") };
    };
    return {
      observing: stateOf("observing"),
      learning: stateOf("learning"),
      enforcing: stateOf("enforcing"),
    };
  }
}
