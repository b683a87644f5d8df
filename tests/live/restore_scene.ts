/** Agents that are killed, and what they have left: for the tests of putting back. */

import assert from "node:assert/strict";
import { JOURNAL_NAME } from "../../core/journal_file.ts";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { type Ending, Place } from "./agent_process.ts";
import { scheduling, until, whyNotLive } from "./lab.ts";

export const SCHED_NORMAL = 0, SCHED_BATCH = 3, SCHED_IDLE = 5;
export const N = onlineCpus().length;

/** A test in a place of its own, to be passed to `Deno.test`: a test belongs to the file that calls that. */
export function restoreTest(name: string, fn: (place: Place) => void | Promise<void>): Deno.TestDefinition {
  return {
    name,
    ignore: whyNotLive !== undefined,
    fn: async () => {
      await using place = await Place.make();
      await fn(place);
    },
  };
}

export const rule = (place: Place) => ["--rule", `exe:${place.folder}/fn/{function}`];
export const demoted = (tid: number) => scheduling(tid).policy === SCHED_IDLE;

/** Starts functions that spin, of which all but as many as there are CPUs become demoted. */
export async function spinners(place: Place, count: number): Promise<number[]> {
  const path = exists(`${place.folder}/fn/f`) ? `${place.folder}/fn/f` : await place.program("fn/f");
  return Array.from({ length: count }, () => place.start(path, 0).pid);
}

/**
 * An agent that has demoted at least so many of these and is killed in the middle.
 * @returns those that are left demoted: at most one fewer, which its last decision has promoted
 */
export async function killedAgent(place: Place, tids: readonly number[], least = 2): Promise<number[]> {
  const agent = await place.agent(...rule(place));
  await until(`${least} are demoted`, () => tids.filter(demoted).length >= least);
  await agent.end("SIGKILL");
  const left = tids.filter(demoted);
  assert.ok(left.length > 0, "something is left to put back");
  return left;
}

/** Runs `doctor --restore` where the place's agents run. */
export async function doctor(place: Place, state = `${place.folder}/state`): Promise<Ending> {
  return await place.spawnCommand(["doctor", "--restore", "--state", state]).end();
}

export const journalOf = (place: Place) => `${place.folder}/state/${JOURNAL_NAME}`;
export const exists = (path: string) => {
  try {
    return Deno.lstatSync(path) !== undefined;
  } catch {
    return false;
  }
};

/** Nothing is left of any journal. */
export function assertNoJournal(place: Place): void {
  assert.deepEqual([exists(journalOf(place)), exists(`${place.folder}/run/alps/${JOURNAL_NAME}`)], [
    false,
    false,
  ]);
}
