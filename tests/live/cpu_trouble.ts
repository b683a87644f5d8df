/** For backends inside the kernel: CPUs that come and go, a function pinned to one of them, and a real-time hog. */

import assert from "node:assert/strict";
import { nativeProgram } from "./build_native.ts";
import { cpuMs, type Lab, until } from "./lab.ts";

/**
 * Asserts that all functions go on running through it.
 *
 * @param turns how often the last CPU is switched off and on again
 * @param assertInForce fails where the backend orders no longer; told what has just happened
 */
export async function assertNobodyHeldUp(
  lab: Lab,
  turns: number,
  assertInForce: (what: string) => void | Promise<void>,
): Promise<void> {
  lab.rule("exe:{lab}/{function}");
  lab.order(["short", 1e6], ["pinned", 2e6], ["long", 9e6]);
  const path = await lab.program("long"), last = lab.cpus.at(-1)!;
  const pids = Array.from({ length: 3 }, () => lab.start(path, 0).pid);
  pids.push(lab.start("/usr/bin/taskset", "-c", last, await lab.program("pinned"), 0).pid);
  await until("all", () => lab.observer.shared.counters().active === 4);
  const run = async (what: string) => {
    const before = pids.map(cpuMs);
    await until(`${what}: they run`, () => pids.every((pid, i) => cpuMs(pid) > before[i]! + 5));
    await assertInForce(what);
  };
  await run("at first");
  const cpuSwitch = `/sys/devices/system/cpu/cpu${last}/online`;
  for (let turn = 0; turn < turns; turn++) {
    Deno.writeTextFileSync(cpuSwitch, "0");
    try {
      await run("without its CPU");
    } finally {
      Deno.writeTextFileSync(cpuSwitch, "1");
    }
    await run("with all CPUs again");
  }
  // It has both CPUs for three seconds, but for what the kernel leaves to others.
  const hog = lab.start(await nativeProgram("hog"), 50, 3);
  await hog.status;
  await run("after a real-time hog");
  assert.equal((await lab.report()).trouble, undefined);
}
