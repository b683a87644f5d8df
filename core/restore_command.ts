/** `alps-agent doctor --restore`. */

import { FailedError } from "../cli/errors.ts";
import { AgentLock, LOCK_PATH, LockedError } from "./lock.ts";
import { restoreMachine, restoreSummary } from "./restore.ts";

/**
 * Puts back what an agent that was killed has left behind, and says what.
 * @param print takes one line
 * @returns exit status: 1 where something could not be put back, or a journal not be read, so that nobody knows
 * @throws FailedError while an agent holds the lock
 */
export async function runRestore(stateFolder: string, print: (line: string) => void): Promise<number> {
  using _lock = await takeLock();
  const report = restoreMachine(stateFolder);
  const unknown = report.problems.length > 0;
  const summary = restoreSummary(report) ?? (unknown ? "nothing else to put back" : "nothing to put back");
  for (const line of [...report.problems, summary]) print(line);
  return unknown || report.failed > 0 ? 1 : 0;
}

async function takeLock(): Promise<AgentLock> {
  try {
    return await AgentLock.take(LOCK_PATH);
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new FailedError(
      `cannot put anything back while an agent runs (pid ${error.pid}, lock ${error.path}): it does so itself when it ends`,
    );
  }
}
