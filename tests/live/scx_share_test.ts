/** What the scheduler gives to whom besides the order of functions: weights, CPU limits, the bound on waiting. */

import assert from "node:assert/strict";
import { nativeProgram } from "./build_native.ts";
import { TestCgroup } from "./cgroups.ts";
import { liveTest, settle, sleep, until } from "./lab.ts";
import { spinners, sum, used } from "./spinners.ts";
import { scxTest, withSchedExt } from "./scx_scene.ts";

/** How far a share may be off, as a part of what it is to be. */
const TOLERANCE = 0.1;

function assertNear(value: number, wanted: number, what: string): void {
  assert.ok(Math.abs(value / wanted - 1) <= TOLERANCE, `${what}: ${value}, wanted ${wanted}`);
}

Deno.test(scxTest(
  "daemons share by their weights, and functions as a whole have what they have under the default",
  async (lab) => {
    await using functions = TestCgroup.make("functions");
    await using light = TestCgroup.make("light");
    await using heavy = TestCgroup.make("heavy");
    functions.weight = "300";
    light.weight = "100";
    heavy.weight = "300";
    lab.rule("exe:{lab}/fn-{function}");
    lab.order(["a", 1e6], ["b", 9e6]);
    const ofA = await spinners(lab, "fn-a", 2, functions, true);
    const ofB = await spinners(lab, "fn-b", 2, functions, true);
    const [one] = await spinners(lab, "one", 1, light, false);
    const [three] = await spinners(lab, "three", 1, heavy, false);
    const all = [...ofA, ...ofB, one!, three!];
    await lab.events.setEnforcement(false);
    await settle(100);
    const before = await used(all, 20_000);
    await lab.events.setEnforcement(true);
    await lab.inForce();
    await settle(100);
    const after = await used(all, 20_000);
    const share = (ms: readonly number[]) => sum(ms.slice(0, 4)) / sum(ms);
    console.log(`default ${before.map(Math.round)}, scx ${after.map(Math.round)}`);
    assertNear(after[5]! / after[4]!, 3, "the heavy one over the light one");
    assertNear(share(after), share(before), "the functions' share");
    assert.ok(sum(after.slice(0, 2)) > 8 * sum(after.slice(2, 4)), "the functions are in order");
  },
));

Deno.test(
  scxTest("CPU limits hold, nested ones and ones that change, for functions and daemons", async (lab) => {
    await using outer = TestCgroup.make("outer");
    await using inner = outer.make("inner");
    await using beside = outer.make("beside");
    outer.write("cpu.max", "50000 100000");
    inner.write("cpu.max", "20000 100000");
    lab.rule("exe:{lab}/fn-{function}");
    const [limited] = await spinners(lab, "fn-limited", 1, inner, true);
    const [daemon] = await spinners(lab, "daemon", 1, beside, false);
    await lab.inForce();
    await settle(100);
    const both = await used([limited!, daemon!], 20_000);
    console.log(`of 20 s: ${both.map(Math.round)} ms`);
    assertNear(both[0]!, 4000, "a function, limited to a fifth of a CPU");
    assertNear(sum(both), 10_000, "both together, limited to half a CPU");
    inner.write("cpu.max", "max 100000");
    outer.write("cpu.max", "max 100000");
    await settle(50);
    const free = await used([limited!, daemon!], 5000);
    assert.ok(sum(free) > 6000, `without limits: ${free}`);
  }),
);

/** Of the machine's own jobs of a millisecond, beside functions: the 99th percentile of how long one takes, in ms. */
async function jobsP99(): Promise<number> {
  const { success, stdout } = await new Deno.Command(await nativeProgram("jobs"), {
    args: ["400", "1", "15"],
  })
    .output();
  assert.ok(success);
  const times = new TextDecoder().decode(stdout).trim().split("\n").map(Number).sort((a, b) => a - b);
  return times[Math.floor(0.99 * times.length)]!;
}

Deno.test(
  scxTest("short jobs of the machine's own are not held up more than under the default", async (lab) => {
    lab.rule("exe:{lab}/fn-{function}");
    lab.order(["a", 1e6], ["b", 9e6]);
    await spinners(lab, "fn-a", 2);
    await spinners(lab, "fn-b", 2);
    const default_: number[] = [], scx: number[] = [];
    for (let round = 0; round < 3; round++) {
      await lab.events.setEnforcement(false);
      await settle(20);
      default_.push(await jobsP99());
      await lab.events.setEnforcement(true);
      await lab.inForce();
      scx.push(await jobsP99());
    }
    const middle = (values: number[]) => values.toSorted((a, b) => a - b)[1]!;
    console.log(`p99 of a job of 1 ms: default ${default_.join(", ")} ms; scx ${scx.join(", ")} ms`);
    assert.ok(
      middle(scx) <= 1.5 * middle(default_),
      `${middle(scx)} ms, the default's is ${middle(default_)} ms`,
    );
  }),
);

/** The longest that a task may wait here; emulated CPUs are slow, but their clock is not. */
const MAX_WAIT_NS = 4e9;

const bounded = liveTest(
  "scx: nobody waits for longer than is allowed, however many go first",
  async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["short", 1e6], ["long", 9e6]);
    const path = await lab.program("long"), short = await lab.program("short");
    // So many that the turns of those that have waited longest would not be enough.
    for (let i = 0; i < 40; i++) lab.start(path, 0);
    for (let i = 0; i < 4; i++) lab.start(short, 0);
    await until("all", () => lab.observer.shared.counters().active === 44);
    await sleep(15_000);
    const { scheduler, trouble, backend } = await lab.report();
    assert.deepEqual([backend, trouble, lab.guarded.length], ["scx", undefined, 0]);
    const { longWaits, longestWaitNs } = lab.observer.shared.counters();
    console.log(
      `longest wait ${longestWaitNs / 1e9} s; overdue ${scheduler!.overdue}, floor ${scheduler!.floor}`,
    );
    assert.equal(longWaits, 0, `the longest was ${longestWaitNs / 1e9} s`);
    assert.ok(scheduler!.overdue > 0, "some would have waited longer");
  },
  "scx",
  MAX_WAIT_NS,
);
Deno.test(withSchedExt(bounded));
