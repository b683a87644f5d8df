/** Who gets the CPUs: shares of CPU time between processes that run side by side. */

import { cpuMs, type Lab, PATIENCE, settle, sleep, until } from "./lab.ts";

/**
 * CPU time in ms that each process or thread gets during `ms`. On an emulated machine whose real one is busy, the agent
 * comes late at times, and its guard is right to switch off: there it is measured again once the order is in force.
 */
export async function shares(lab: Lab, pids: readonly number[], ms: number): Promise<number[]> {
  const latest = () => lab.guarded.at(-1);
  for (;;) {
    const changes = lab.guarded.length, before = pids.map(cpuMs);
    await sleep(ms);
    const used = pids.map((pid, i) => cpuMs(pid) - before[i]!);
    const undisturbed = lab.guarded.length === changes && latest()?.enabled !== false;
    if (undisturbed || PATIENCE === 1) return used;
    console.log(`measured again, as the guard has switched off: ${latest()?.trip?.text}`);
    await until("the order is in force again", () => latest()?.enabled === true);
    await settle(300);
  }
}
