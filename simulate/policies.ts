/**
 * The policies that can be simulated, by the names that `alps-agent simulate --policy` takes.
 */
import { PREDICTORS } from "../learn/predict/mod.ts";
import { simulateAlps } from "./alps.ts";
import { simulateFifo } from "./fifo.ts";
import { simulateGittins } from "./gittins.ts";
import { type Outcome, settingsOf, type SimulateOptions, type Simulation } from "./outcome.ts";
import { simulateProcessorSharing } from "./processor_sharing.ts";
import { simulateRoundRobin } from "./round_robin.ts";
import { simulateSfs } from "./sfs.ts";
import { simulateSrptOutcome } from "./srpt.ts";
import type { Workload } from "./workload.ts";

/** By name, in the order in which they are listed to users. */
export const POLICIES: ReadonlyMap<string, Simulation> = new Map<string, Simulation>([
  ["fifo", simulateFifo],
  ["rr", simulateRoundRobin],
  ["ps", simulateProcessorSharing],
  ["srpt", simulateSrptOutcome],
  ["sfs", simulateSfs],
  ...[...PREDICTORS.keys()].map((ml): [string, Simulation] => [
    `alps:${ml}`,
    (workload, settings) => simulateAlps(workload, settings, ml),
  ]),
  ["gittins", simulateGittins],
]);

/**
 * Simulates a workload under a policy: a few cores, one queue, invocations that only compute. Moving from core to core
 * costs no more than a switch. The same arguments give the same outcome.
 *
 * | policy | |
 * |---|---|
 * | `fifo` | first in, first out, to the end |
 * | `rr` | round robin in turns of 3 ms |
 * | `ps` | processor sharing, the ideal of fair schedulers such as CFS and EEVDF; no switches, no minimum run |
 * | `srpt` | shortest remaining processing time, told all CPU times: least mean turnaround on one core (Schrage, 1968) |
 * | `sfs` | SFS (SC '22): first come, first served for a slice, then in the background, fairly |
 * | `alps:avg`, `alps:LR`, … | this agent: learns from what has completed, and orders by its rank tables |
 * | `gittins` | the Gittins index policy, told each function's distribution of CPU times |
 *
 * ```ts
 * import { makeWorkload, simulate } from "@alps/agent";
 * import assert from "node:assert/strict";
 *
 * const MS = 1e6;
 * const workload = makeWorkload([
 *   { function: "report", arrivalNs: 0, cpuNs: 90 * MS },
 *   { function: "thumbnail", arrivalNs: 10 * MS, cpuNs: 10 * MS },
 * ]);
 * const { completionNs } = simulate(workload, "srpt", { cores: 1 });
 * assert.deepEqual([...completionNs], [100 * MS, 20 * MS]);
 * // First in, first out, the short one waits for the long one.
 * assert.equal(simulate(workload, "fifo", { cores: 1 }).completionNs[1], 100 * MS);
 * ```
 *
 * @param policy a key of {@link POLICIES}
 * @throws RangeError where there is no policy of this name, or an option is out of its range
 */
export function simulate(workload: Workload, policy: string, options: SimulateOptions): Outcome {
  const simulation = POLICIES.get(policy);
  if (simulation === undefined) {
    throw new RangeError(
      `cannot simulate policy ${JSON.stringify(policy)}: must be one of ${[...POLICIES.keys()].join(", ")}`,
    );
  }
  return simulation(workload, settingsOf(options));
}
