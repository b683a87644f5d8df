/**
 * Rounds: the same requests under each of several policies, one after the other.
 */
import { escaped } from "../observe/names.ts";
import { driftPercent } from "./drift.ts";
import type { PolicyRun } from "./policy_run.ts";

/** By how much the CPU time of the same invocations may differ between a round's runs, in percent. */
export const MOST_DRIFT_PERCENT = 3;

/**
 * Runs all policies over the same requests, each round beginning with another one, so that none profits from its place.
 *
 * @param turn which round it is, from 0
 * @param run runs one
 * @returns their runs in the order of the policies
 */
export async function runRound<P extends { readonly name: string }, R>(
  policies: readonly P[],
  turn: number,
  run: (policy: P) => Promise<R>,
): Promise<R[]> {
  const runs = new Map<P, R>();
  for (const policy of inTurn(policies, turn)) runs.set(policy, await run(policy));
  return policies.map((policy) => runs.get(policy)!);
}

/** Shows what the run's agent has warned of. */
export function sayWarnings({ agent }: PolicyRun): void {
  for (const message of agent.messages) console.error(`The agent says: ${escaped(message)}`);
}

/** The items from another one on each turn; in a turn of all, each has each place once. */
export function inTurn<T>(items: readonly T[], turn: number): T[] {
  const first = turn % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

/** By how much the CPU time of the same invocations differs between runs, in percent. */
export function driftOf(runs: readonly PolicyRun[]): number {
  return driftPercent(runs.map(({ measurement }) => measurement.measured));
}

/**
 * Why runs cannot be compared: the machine was faster in one of them (a virtual machine whose neighbours came or went). By
 * CPU times, which say nothing of who wins.
 *
 * @param most what is still allowed, in percent
 */
export function drift(runs: readonly PolicyRun[], most = MOST_DRIFT_PERCENT): string[] {
  const percent = driftOf(runs);
  return percent <= most
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
