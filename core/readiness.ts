/** Which parts of the agent work, from the reasons why it is not ready. Pure. */

import type { PartName, Parts, PartState } from "../api/agent_view.ts";

/** Phases of the whole agent, which stand among the reasons under these words. */
const PHASES = ["starting", "stopping"] as const;

/**
 * Each part's state.
 *
 * @param reasons why the agent is not ready
 * @param partsOf which parts a reason is about; those of which nothing is said are about enforcing alone
 * @param backend `none` leaves enforcing off
 */
export function partStates(
  reasons: readonly string[],
  partsOf: ReadonlyMap<string, readonly PartName[]>,
  backend: string,
): Parts {
  const phase = PHASES.find((word) => reasons.includes(word));
  const stateOf = (part: PartName): PartState => {
    if (part === "enforcing" && backend === "none") {
      return { state: "off", reason: "--backend none only observes and learns" };
    }
    if (phase) return { state: phase };
    const own = reasons.filter((reason) => (partsOf.get(reason) ?? ["enforcing"]).includes(part));
    return own.length === 0 ? { state: "working" } : { state: "not working", reason: own.join("; ") };
  };
  return {
    observing: stateOf("observing"),
    learning: stateOf("learning"),
    enforcing: stateOf("enforcing"),
  };
}
