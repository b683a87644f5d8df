/**
 * Watches from outside how soon an agent has learned.
 */
import type { PrioritySnapshot } from "../api/agent_view.ts";
import { sleep } from "./clock.ts";

/** How often the agent is asked: seldom enough to cost it nothing to speak of. */
const ASK_EVERY_MS = 2000;

/** The order of functions as an agent had it at some time. */
export interface RankedAt {
  /** Since the start. */
  readonly s: number;
  /** By function: 1 runs first. */
  readonly priorities: Readonly<Record<string, number>>;
}

/** When an agent had learned; undefined where it has not. */
export interface Learned {
  /** Seconds from the start to the first policy. */
  firstS: number | undefined;
  /** … to a policy for every function. */
  allS: number | undefined;
  /** How the agent enforces: `stock`. */
  backend: string | undefined;
  /** Where it was asked to the end: the order over time. */
  ranks: RankedAt[];
}

/**
 * Asks an agent for its policy until it has one for `functionCount` functions, or the signal comes.
 *
 * @param toTheEnd until the signal comes; ranks are kept then
 * @param startMs on `performance.now()`'s clock
 */
export async function watchLearning(
  agentUrl: string,
  functionCount: number,
  startMs: number,
  signal: AbortSignal,
  toTheEnd = false,
): Promise<Learned> {
  const learned: Learned = { firstS: undefined, allS: undefined, backend: undefined, ranks: [] };
  try {
    while (toTheEnd || learned.allS === undefined) {
      await sleep(ASK_EVERY_MS, signal);
      const response = await fetch(`${agentUrl}/priority`, { signal });
      const { epoch, backend, functions } = await response.json() as PrioritySnapshot;
      const nowS = Math.max(performance.now() - startMs, 0) / 1000;
      learned.backend = backend;
      if (epoch >= 1) learned.firstS ??= nowS;
      if (functions.length >= functionCount) learned.allS ??= nowS;
      if (toTheEnd && functions.length > 0) {
        const priorities = Object.fromEntries(functions.map(({ name, priority }) => [name, priority]));
        learned.ranks.push({ s: nowS, priorities });
      }
    }
  } catch {
    // The run has ended, or this agent does not tell: what was seen so far is the answer.
  }
  return learned;
}
