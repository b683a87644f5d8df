/** Bad days of the machine: a real-time hog on every CPU, and a CPU that is switched off. */

import assert from "node:assert/strict";
import { type Lab, liveTest, scheduling, sleep, until } from "./lab.ts";

const SCHED_NORMAL = 0;

/** Starts so many processes of a function that spin until they are killed, and waits until they are followed. */
async function spinners(lab: Lab, count: number): Promise<number[]> {
  lab.rule("exe:{lab}/fn-{function}");
  const path = await lab.program("fn-f");
  const pids = Array.from({ length: count }, () => lab.start(path, 0).pid);
  await until("all of them", () => lab.observer.shared.counters().active === count);
  return pids;
}

const normal = (pids: number[]) => pids.filter((pid) => scheduling(pid).policy === SCHED_NORMAL).length;

Deno.test(liveTest("stock: a real-time hog on every CPU is got over", async (lab) => {
  const n = lab.cpus.length, pids = await spinners(lab, 4 * n);
  await until("an order", () => normal(pids) === n);
  // Each ends by itself, after that much CPU time.
  const hog = await lab.program("hog");
  const hogs = lab.cpus.map((cpu) =>
    lab.start("/usr/bin/taskset", "-c", cpu, "/usr/bin/chrt", "-f", 50, hog, 3500)
  );
  // chrt that is refused its class ends with an error.
  for (const { status } of hogs) assert.equal((await status).code, 0);
  // Nothing could be done meanwhile. Whether it noticed is the guard's matter; that it works again is everyone's.
  await sleep(1500);
  console.log(
    `the guard: ${lab.guarded.map(({ trip }) => trip?.text ?? "on again").join("; ") || "nothing"}`,
  );
  for (const { enabled, trip } of lab.guarded) {
    if (!enabled) assert.ok(trip?.reason === "late" || trip?.reason === "wait");
  }
  await lab.events.setEnforcement(true);
  await until("an order again", () => normal(pids) === n);
  const { lostRingFull, lostNoSlot } = lab.observer.shared.counters();
  assert.deepEqual([lostRingFull, lostNoSlot], [0, 0]);
  await lab.events[Symbol.asyncDispose]();
  assert.equal(normal(pids), pids.length);
}, "stock"));

/** The last CPU's switch, where this machine has one. */
function cpuSwitch(lab: Lab): { set(on: boolean): void; cpu: number } | string {
  const cpu = lab.cpus.at(-1)!, path = `/sys/devices/system/cpu/cpu${cpu}/online`;
  if (cpu === 0) return "there is one CPU only";
  try {
    Deno.writeTextFileSync(path, "1");
  } catch (error) {
    return `CPU ${cpu} cannot be switched: ${error instanceof Error ? error.message : error}`;
  }
  return { cpu, set: (on) => Deno.writeTextFileSync(path, on ? "1" : "0") };
}

Deno.test(
  liveTest("stock: a CPU that is switched off and on again is noticed, and no task loses it", async (lab) => {
    const found = cpuSwitch(lab);
    if (typeof found === "string") return console.log(`skip: ${found}`);
    const n = lab.cpus.length, pids = await spinners(lab, 4 * n);
    const allowed = (pid: number) =>
      /Cpus_allowed_list:\s*(\S+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    const before = allowed(pids[0]!);
    await until("an order for all CPUs", () => normal(pids) === n);
    // Should this test be killed: on again after a while in any case.
    const path = `/sys/devices/system/cpu/cpu${found.cpu}/online`;
    const net = new Deno.Command("/bin/sh", { args: ["-c", `sleep 60; echo 1 > ${path}`] }).spawn();
    net.unref();
    try {
      found.set(false);
      await until("an order for the rest", () => normal(pids) === n - 1);
      await sleep(1000);
      assert.equal(normal(pids), n - 1);
      found.set(true);
      await until("an order for all again", () => normal(pids) === n);
      await sleep(1000);
      for (const pid of pids) assert.equal(allowed(pid), before, `process ${pid}`);
    } finally {
      found.set(true);
      net.kill("SIGKILL");
      await net.status;
    }
  }, "stock"),
);
