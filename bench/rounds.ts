/**
 * Rounds: the same requests under each of several policies, one after the other.
 */
import { join } from "node:path";
import { escaped } from "../observe/names.ts";
import { driftPercent } from "./drift.ts";
import { type PolicyRun, type PolicyRunOptions, type RunnablePolicy, runPolicy } from "./policy_run.ts";

/** By how much the CPU time of the same invocations may differ between a round's runs, in percent. */
export const MOST_DRIFT_PERCENT = 3;

/** A round to run. */
export interface RoundOptions extends Omit<PolicyRunOptions, "policy" | "label"> {
  readonly policies: readonly RunnablePolicy[];
  /** Which round it is, from 0: each begins with another policy, so that none profits from its place. */
  readonly turn: number;
  /** Where it is, for the progress bar: `round 2/5, `. */
  readonly place: string;
}

/** All policies over the same requests. Returns their runs in the order of the policies. */
export async function runRound(options: RoundOptions): Promise<PolicyRun[]> {
  const { policies, turn, place, folder } = options;
  const runs = new Map<RunnablePolicy, PolicyRun>();
  for (const policy of inTurn(policies, turn)) {
    const run = await runPolicy({
      ...options,
      policy,
      folder: join(folder, String(policies.indexOf(policy))),
      label: `${place}${policy.name}`,
    });
    for (const message of run.agent.messages) console.error(`The agent says: ${escaped(message)}`);
    runs.set(policy, run);
  }
  return policies.map((policy) => runs.get(policy)!);
}

/** The items from another one on each turn; in a turn of all, each has each place once. */
export function inTurn<T>(items: readonly T[], turn: number): T[] {
  const first = turn % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

/**
 * Why runs cannot be compared: the machine was faster in one of them (a virtual machine whose neighbours came or went). By
 * CPU times, which say nothing of who wins.
 */
export function drift(runs: readonly PolicyRun[]): string[] {
  const percent = driftPercent(runs.map(({ measurement }) => measurement.measured));
  return percent <= MOST_DRIFT_PERCENT
    ? []
    : [`the same invocations took ${percent.toFixed(1)} % more CPU time in one run than in another`];
}

/** Why a run says nothing. */
export function invalidity({ policy, measurement: { failed, unrecorded } }: PolicyRun): string[] {
  return [
    ...(failed > 0 ? [`${policy.name}: ${failed} invocations failed or were not answered`] : []),
    ...(unrecorded > 0 ? [`${policy.name}: ${unrecorded} invocations are not in the agent's record`] : []),
  ];
}
