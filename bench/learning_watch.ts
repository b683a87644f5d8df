/**
 * Watches from outside how soon an agent has learned.
 */
import type { PrioritySnapshot } from "../api/agent_view.ts";
import { sleep } from "./clock.ts";

/** How often the agent is asked: seldom enough to cost it nothing to speak of. */
const ASK_EVERY_MS = 2000;

/** When an agent had learned; undefined where it has not. */
export interface Learned {
  /** Seconds from the start to the first policy. */
  firstS: number | undefined;
  /** … to a policy for every function. */
  allS: number | undefined;
  /** How the agent enforces: `stock`. */
  backend: string | undefined;
}

/**
 * Asks an agent for its policy until it has one for `functionCount` functions, or the signal comes.
 *
 * @param startMs on `performance.now()`'s clock
 */
export async function watchLearning(
  agentUrl: string,
  functionCount: number,
  startMs: number,
  signal: AbortSignal,
): Promise<Learned> {
  const learned: Learned = { firstS: undefined, allS: undefined, backend: undefined };
  try {
    while (learned.allS === undefined) {
      await sleep(ASK_EVERY_MS, signal);
      const response = await fetch(`${agentUrl}/priority`, { signal });
      const { epoch, backend, functions } = await response.json() as PrioritySnapshot;
      const nowS = Math.max(performance.now() - startMs, 0) / 1000;
      learned.backend = backend;
      if (epoch >= 1) learned.firstS ??= nowS;
      if (functions.length >= functionCount) learned.allS = nowS;
    }
  } catch {
    // The run has ended, or this agent does not tell: what was seen so far is the answer.
  }
  return learned;
}
