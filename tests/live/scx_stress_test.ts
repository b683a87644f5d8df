/**
 * The scheduler under stress: tasks that fork, sleep and wake, and yield without end, with functions beside them. A minute of
 * it, or so long as `ALPS_STRESS_SECONDS` says (`deno task stress:vm`).
 */

import assert from "node:assert/strict";
import { nativeProgram } from "./build_native.ts";
import { cpuMs, liveTest, until } from "./lab.ts";
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
