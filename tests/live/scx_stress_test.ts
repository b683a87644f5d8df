/**
 * The scheduler under stress: tasks that fork, sleep and wake, and yield without end, with functions beside them. A minute of
 * it, or so long as `ALPS_STRESS_SECONDS` says (`deno task stress:vm`).
 */

import assert from "node:assert/strict";
import { nativeProgram } from "./build_native.ts";
import { cpuMs, liveTest, threadsOf, until } from "./lab.ts";
import { schedulerInForce, withSchedExt } from "./scx_scene.ts";

const SECONDS = Number(Deno.env.get("ALPS_STRESS_SECONDS") || 60);

/** The longest that a task may wait here; emulated CPUs are slow, but their clock is not. */
const MAX_WAIT_NS = 6e9;

const stressed = liveTest(
  "scx: under stress nobody is held up, and the kernel has nothing against the scheduler",
  async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["short", 1e6], ["long", 9e6]);
    const long = await lab.program("long"), short = await lab.program("short");
    const pids = [long, long, long, short, short, short].map((path) => lab.start(path, 0).pid);
    await until("all", () => lab.observer.shared.counters().active === 6);
    const before = pids.map(cpuMs);
    const stress = lab.start(await nativeProgram("stress"), SECONDS);
    const { code } = await stress.status;
    assert.equal(code, 0, "each kind of stress got something done");
    pids.forEach((pid, i) => assert.ok(cpuMs(pid) > before[i]!, `${pid} ran meanwhile`));
    const { scheduler, trouble, backend } = await lab.report();
    assert.deepEqual([backend, trouble, lab.notes], ["scx", undefined, []]);
    assert.match(schedulerInForce() ?? "", /^alps/);
    const { longWaits, longestWaitNs } = lab.observer.shared.counters();
    const figures = { longestWaitS: longestWaitNs / 1e9, ...scheduler! };
    console.log(`${SECONDS} s of stress: ${JSON.stringify(figures)}`);
    assert.equal(longWaits, 0, `the longest was ${longestWaitNs / 1e9} s`);
  },
  "scx",
  MAX_WAIT_NS,
);
Deno.test(withSchedExt(stressed));

/** Processes and threads of each that are there at once; each uses 5 ms of CPU time and sleeps 20 ms, again and again. */
const PROCESSES = 160, THREADS = 64;

/** Functions whose policy changes. */
const FUNCTIONS = 1000;

Deno.test(withSchedExt(liveTest(
  "scx: the policy of a thousand functions changes while ten thousand tasks come and go; nobody is lost",
  async (lab) => {
    lab.rule("exe:{lab}/{function}");
    const names = Array.from({ length: FUNCTIONS }, (_, i) => `f${i}`);
    const changed = (turn: number) =>
      lab.orders({
        changed: names.map((name, i) => lab.policyOf(name, 1 + (i * 7919 + turn * 104_729) % FUNCTIONS)),
        removed: [],
        pinned: [],
        prior: undefined,
      });
    changed(0);
    const pids: number[] = [];
    for (let i = 0; i < PROCESSES; i++) {
      const path = await lab.program(`f${i}`);
      pids.push(lab.start(path, "-t", THREADS, "-b", 0).pid);
    }
    await until("all", () => lab.observer.shared.counters().active === PROCESSES, 600);
    await until("their threads", () => pids.every((pid) => threadsOf(pid).length >= THREADS), 600);
    for (let turn = 1; turn <= 10; turn++) {
      const before = pids.map(sumOfThreads);
      changed(turn);
      await until(
        `all run in turn ${turn}`,
        () => pids.every((pid, i) => sumOfThreads(pid) > before[i]!),
        300,
      );
    }
    const { scheduler, trouble, backend } = await lab.report();
    console.log(`${PROCESSES * THREADS} tasks: ${JSON.stringify(scheduler)}`);
    assert.deepEqual([backend, trouble, lab.notes], ["scx", undefined, []]);
    assert.match(schedulerInForce() ?? "", /^alps/);
  },
  "scx",
)));

/** CPU time of all threads of a process, in clock ticks. */
function sumOfThreads(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
