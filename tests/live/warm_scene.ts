/** What the tests of mode `warm` share: instances that have served, their records, and the CPU time that they used. */

import assert from "node:assert/strict";
import { Instance } from "./instance.ts";
import { type Lab, PATIENCE, sleep, threadsOf, until } from "./lab.ts";

/** Far longer than any gap here. */
export const PAUSE_MS = 60;

/**
 * An instance of which one invocation has been recorded: its start, up to its first idle period, or, where that was over
 * before it was known whose the process is, a request.
 */
export async function started(lab: Lab, name: string, ...args: (string | number)[]): Promise<Instance> {
  const instance = await Instance.start(lab, name, ...args);
  await sleep(1500); // events are handed over once a second
  if (!lab.ended.some(({ pid }) => pid === instance.pid)) await instance.request("w1");
  await lab.record(instance.pid);
  return instance;
}

/** Records of an instance after that of its start, once there are so many. */
export async function records(lab: Lab, instance: Instance, count: number) {
  const ofIt = () => lab.ended.filter(({ pid }) => pid === instance.pid).slice(1);
  await until(() => `${count} records, ${ofIt().length} are there`, () => ofIt().length >= count);
  await sleep(1100); // events are handed over once a second: more would come by then
  assert.equal(ofIt().length, count);
  return ofIt();
}

/**
 * Has an idle instance serve, until it is idle again. Returns the CPU time in ms that its threads have used for that, as
 * the kernel counts it itself: more than the steps ask for, by far where a hypervisor took the CPU meanwhile.
 */
export async function served(instance: Instance, ...requests: string[]): Promise<number> {
  await idle(instance);
  const before = instance.cpuMs();
  await instance.send(...requests);
  await instance.answers(requests.length);
  await idle(instance);
  return instance.cpuMs() - before;
}

/** Waits until all threads of an instance sleep and use no CPU time from one look to the next. */
async function idle(instance: Instance): Promise<void> {
  const state = (tid: number) => {
    const stat = Deno.readTextFileSync(`/proc/${tid}/stat`);
    return stat[stat.lastIndexOf(")") + 2];
  };
  // A task is in the state of a sleeping one just before it leaves its CPU: one look is not enough.
  let before = -1;
  await until("an idle instance", () => {
    const now = threadsOf(instance.pid).every((tid) => state(tid) === "S") ? instance.cpuMs() : -1;
    const same = now !== -1 && now === before;
    before = now;
    return same;
  });
}

/** A recorded CPU time is what the kernel has counted for the same requests, and at least what their steps ask for. */
export function sameCpu(recordedNs: number, servedMs: number, stepsMs: number, what: string): void {
  const ms = recordedNs / 1e6;
  assert.ok(Math.abs(ms - servedMs) <= 1, `${what}: ${ms} ms, the kernel counts ${servedMs} ms`);
  atLeast(recordedNs, stepsMs, what);
}

/** A recorded CPU time is at least what the steps ask for, by the clock of the threads that did them. */
export function atLeast(recordedNs: number, stepsMs: number, what: string): void {
  assert.ok(
    recordedNs >= 0.98e6 * stepsMs,
    `${what}: ${recordedNs / 1e6} ms, the steps ask for ${stepsMs} ms`,
  );
}

/** What an invocation used and waited fits into its time: nothing was counted twice. For one task after another. */
export function fits(record: { cpuNs: number; waitNs: number; startNs: number; endNs: number }): void {
  const { cpuNs, waitNs, startNs, endNs } = record;
  // A task that starts or ends another one runs beside it for a moment.
  assert.ok(cpuNs + waitNs <= (endNs - startNs) * 1.05 + 2e6 * PATIENCE, JSON.stringify(record));
}
