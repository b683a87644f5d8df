/** The scheduler's life: in force and out of it, through the death of its agent, and on bad days of the machine. */

import assert from "node:assert/strict";
import { Place } from "./agent_process.ts";
import { TestCgroup } from "./cgroups.ts";
import { assertNobodyHeldUp } from "./cpu_trouble.ts";
import { cpuMs, scheduling, settle, sleep, until } from "./lab.ts";
import { bpfObjects, descriptors } from "./resources.ts";
import { schedulerInForce, scxTest, withSchedExt } from "./scx_scene.ts";

Deno.test(scxTest(
  "it is in force with the agent, out of force while a person has it off, and gone afterwards",
  async (lab) => {
    assert.match(schedulerInForce() ?? "", /^alps/);
    await lab.events.setEnforcement(false);
    assert.equal(schedulerInForce(), undefined);
    await lab.events.setEnforcement(true);
    await lab.inForce();
    await lab.events[Symbol.asyncDispose]();
    assert.equal(schedulerInForce(), undefined);
  },
));

Deno.test(withSchedExt({
  name: "scx: an agent that is killed leaves the default scheduler, at once",
  fn: async () => {
    await using place = await Place.make();
    await place.program("fn/a");
    const agent = await place.agent("--backend", "auto", "--rule", `exe:${place.folder}/fn/{function}`);
    place.start(`${place.folder}/fn/a`, 0);
    assert.match(schedulerInForce() ?? "", /^alps/, "auto takes it");
    const startMs = performance.now();
    agent.process.kill("SIGKILL");
    await until("the default is back", () => schedulerInForce() === undefined);
    console.log(`back after ${Math.round(performance.now() - startMs)} ms`);
  },
}));

Deno.test(scxTest("it comes and goes many times under load, and everything runs on", async (lab) => {
  lab.rule("exe:{lab}/{function}");
  const path = await lab.program("a");
  const pids = Array.from({ length: 6 }, () => lab.start(path, 0).pid);
  await until("all", () => lab.observer.shared.counters().active === 6);
  const held = async () => JSON.stringify([(await bpfObjects()).length, descriptors()]);
  const heldBefore = await held(), outMs: number[] = [], inMs: number[] = [];
  for (let i = 0; i < 200; i++) {
    const startMs = performance.now();
    await lab.events.setEnforcement(false);
    const offMs = performance.now();
    await lab.events.setEnforcement(true);
    await lab.inForce();
    outMs.push(offMs - startMs);
    inMs.push(performance.now() - offMs);
  }
  const shown = (ms: number[]) => {
    ms.sort((a, b) => a - b);
    return `${Math.round(ms[ms.length / 2]!)} ms, at most ${Math.round(ms.at(-1)!)} ms`;
  };
  console.log(`in force: ${shown(inMs)}; out of force: ${shown(outMs)}`);
  let heldAfter = await held();
  // The kernel frees what is left a moment later.
  for (let tries = 0; tries < 100 && heldAfter !== heldBefore; tries++) {
    await sleep(100);
    heldAfter = await held();
  }
  assert.equal(heldAfter, heldBefore, "nothing more is held than before");
  const before = pids.map(cpuMs);
  await lab.events.setEnforcement(false);
  await settle(300);
  pids.forEach((pid, i) => assert.ok(cpuMs(pid) > before[i]!, `${pid} runs on`));
  assert.equal((await lab.report()).trouble, undefined);
}));

Deno.test(scxTest(
  "a CPU that is switched off and on again, a pinned function and a real-time hog hold nobody up",
  (lab) =>
    assertNobodyHeldUp(lab, 1, async (what) => {
      if (schedulerInForce() === undefined) await until("it is noted", () => lab.notes.length > 0);
      assert.ok(schedulerInForce()?.startsWith("alps"), `${what}: ${lab.notes.join("\n")}`);
    }),
));

Deno.test(
  scxTest("where a person ends the scheduler with the magic key, stock goes on, and says so", async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["short", 1e6], ["long", 9e6]);
    const long = lab.start(await lab.program("long"), 0).pid;
    await until("it is followed", () => lab.observer.shared.counters().active === 1);
    Deno.writeTextFileSync("/proc/sysrq-trigger", "S");
    await until("it is gone", () => schedulerInForce() === undefined);
    const short = await lab.program("short");
    for (const _ of lab.cpus) lab.start(short, 0);
    await until("stock demotes", () => scheduling(long).policy !== 0);
    const { backend, trouble, scheduler } = await lab.report();
    assert.deepEqual([backend, scheduler?.ends], ["stock", 1]);
    assert.match(trouble!, /sysrq/i);
    assert.ok(
      lab.notes.some((note) => note.includes("the kernel has ended the scheduler")),
      lab.notes.join(),
    );
  }),
);

Deno.test(scxTest(
  "a CPU limit that comes to a cgroup for which there is no room holds: stock goes on, and says why",
  async (lab) => {
    await using nest = new AsyncDisposableStack();
    let inmost = nest.use(TestCgroup.make("nest"));
    for (let depth = 2; depth <= 16; depth++) inmost = nest.use(inmost.make("nest"));
    const daemon = lab.start(await lab.program("daemon"), 0).pid;
    inmost.take(daemon);
    await settle(50);
    assert.match(schedulerInForce() ?? "", /^alps/, "without a limit, it counts as the one around it");
    inmost.write("cpu.max", "20000 100000");
    const noted = (pattern: RegExp) => () => lab.notes.some((note) => pattern.test(note));
    await until("it is noted", noted(/ended the scheduler: .*no room for cgroup \d+, which has a CPU limit/));
    assert.equal(schedulerInForce(), undefined);
    assert.equal((await lab.report()).backend, "stock");
    const before = cpuMs(daemon), fromMs = performance.now();
    await until("it is tried again", noted(/cannot be put in force: .*no room for cgroup \d+/));
    const part = (cpuMs(daemon) - before) / (performance.now() - fromMs);
    assert.ok(part < 0.25, `a fifth of a CPU is allowed, ${part} used`);
    inmost.write("cpu.max", "max 100000");
    await lab.inForce();
  },
));

Deno.test(scxTest("a task that forks without end keeps nobody from running", async (lab) => {
  lab.rule("exe:{lab}/{function}");
  const path = await lab.program("a");
  const pids = Array.from({ length: 3 }, () => lab.start(path, 0).pid);
  await until("all", () => lab.observer.shared.counters().active === 3);
  const forker = lab.start("/bin/sh", "-c", "for i in $(seq 3000); do /bin/true & done; wait");
  const before = pids.map(cpuMs);
  await sleep(5000);
  pids.forEach((pid, i) => assert.ok(cpuMs(pid) > before[i]!, `${pid} runs meanwhile`));
  forker.kill("SIGKILL");
  assert.equal((await lab.report()).trouble, undefined);
}));
