/** Processes that spin until they are killed, and the CPU time that each gets: for tests of shares. */

import type { TestCgroup } from "./cgroups.ts";
import { cpuMs, type Lab, sleep, until } from "./lab.ts";

/** Starts some, in a cgroup where one is given. A function's are followed when this returns. */
export async function spinners(
  lab: Lab,
  name: string,
  count: number,
  group?: TestCgroup,
  isFunction = true,
): Promise<number[]> {
  const path = await lab.program(name), before = lab.observer.shared.counters().active;
  const pids = Array.from({ length: count }, () => lab.start(path, 0).pid);
  group?.take(...pids);
  if (isFunction) {
    await until(`${count} of ${name}`, () => lab.observer.shared.counters().active === before + count);
  }
  return pids;
}

/** CPU time in ms that each process gets while `ms` go by. */
export async function used(pids: readonly number[], ms: number): Promise<number[]> {
  const before = pids.map(cpuMs);
  await sleep(ms);
  return pids.map((pid, i) => cpuMs(pid) - before[i]!);
}

export const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
