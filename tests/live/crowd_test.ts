/** Thousands of processes at once: each is followed, none is lost silently, and everything is put back. */

import assert from "node:assert/strict";
import { childrenOf, type Lab, liveTest, PATIENCE, scheduling, until } from "./lab.ts";
import { nativeProgram } from "./build_native.ts";
import { TestCgroup } from "./cgroups.ts";

const SCHED_NORMAL = 0, SCHED_IDLE = 5;

/** What the kernel side could not hand over or follow. */
function lost(lab: Lab): number[] {
  const { lostRingFull, lostNoSlot, lostNoMemory, lostNoStats } = lab.observer.shared.counters();
  return [lostRingFull, lostNoSlot, lostNoMemory, lostNoStats];
}

/** With one too many counted, look-ups would not be saved any more; with one too few, an invocation would not be seen. */
function noSlotInUse(lab: Lab): Promise<true> {
  return until("no slot is in use", () => lab.observer.shared.counters().slots === 0);
}

/** A process and all its descendants. */
function familyOf(pid: number): number[] {
  const found = [pid];
  for (const each of found) {
    try {
      found.push(...childrenOf(each));
    } catch {
      // it has ended meanwhile
    }
  }
  return found;
}

Deno.test(liveTest("stock: thousands of invocations at once are all followed to their ends", async (lab) => {
  lab.rule("exe:{lab}/{function}");
  lab.order(["crowd", 1e3], ["other", 1e4]);
  const crowd = await lab.program("crowd");
  await lab.introduce(crowd);
  const count = 3000;
  const loop = `i=0; while [ $i -lt ${count} ]; do ${crowd} 4 & i=$((i+1)); done; wait`;
  await lab.start("/bin/sh", "-c", loop).status;
  await until(() => `all ends, not ${lab.ended.length}`, () => lab.ended.length === count + 1);
  assert.equal(
    new Set(lab.ended.map(({ pid, startNs }) => `${pid} ${startNs}`)).size,
    count + 1,
    "each once",
  );
  assert.deepEqual(lost(lab), [0, 0, 0, 0]);
  await noSlotInUse(lab);
  const { active, mostActive, counters, missedEnds } = await lab.report();
  console.log(`${mostActive} at once, ${counters.demotions} demotions, ${counters.decisions} decisions`);
  assert.deepEqual([active, missedEnds, lab.observer.shared.counters().runnable], [0, 0, 0]);
  assert.ok(mostActive > 100, `${mostActive} at once`);
  assert.deepEqual(Object.keys(counters.errors).filter((reason) => reason !== "process_gone"), []);
  assert.deepEqual(lab.guarded.filter(({ trip }) => trip?.reason !== "wait"), []);
}, "stock"));

/** A small emulated machine has the memory for fewer, and would take half an hour for all. */
const AT_ONCE = PATIENCE > 1 ? 1000 : 10_000;

Deno.test(liveTest(
  `stock: ${AT_ONCE} processes that are there at once are all followed, ordered, put back, and forgotten`,
  async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["crowd", 1e6]);
    const path = await lab.program("crowd"), n = lab.cpus.length;
    await lab.introduce(path);
    const begin = performance.now(), seconds = () => ((performance.now() - begin) / 1000).toFixed(1);
    const { shared } = lab.observer;
    // In a group of their own, which gets no more than the one that this test is in.
    await using cgroup = TestCgroup.make("crowd");
    const enter = 'echo $$ > "$0/cgroup.procs"; exec "$@"';
    const starter = lab.start(
      ...["/bin/sh", "-c", enter, cgroup.path, await nativeProgram("crowd"), AT_ONCE, path, "-g", 0] as const,
    );
    try {
      await until(
        () => `all, not ${shared.counters().active}`,
        () => shared.counters().active === AT_ONCE,
        600,
      );
      console.log(`${AT_ONCE} processes were followed after ${seconds()} s`);
      const pids = childrenOf(starter.pid);
      assert.equal(pids.length, AT_ONCE);
      const idle = () => pids.filter((pid) => scheduling(pid).policy === SCHED_IDLE).length;
      const guard = () => lab.guarded.map(({ trip }) => trip?.text ?? "on again").join("; ");
      await until(() => `an order, ${idle()} are demoted; ${guard()}`, () => idle() >= AT_ONCE - 2 * n);
      console.log(`they were in order after ${seconds()} s; the guard: ${guard() || "nothing"}`);
      await lab.events.setEnforcement(false);
      for (const pid of pids) assert.deepEqual(scheduling(pid), { policy: SCHED_NORMAL, nice: 0 });
    } finally {
      // Normal again, or so many would take minutes to die.
      await lab.events.setEnforcement(false);
      starter.kill("SIGTERM");
      assert.equal((await starter.status).code, 0);
    }
    await until("their ends", () => shared.counters().active === 0);
    await until(() => `all records, not ${lab.ended.length}`, () => lab.ended.length === AT_ONCE + 1);
    console.log(`they were gone after ${seconds()} s`);
    assert.deepEqual(lost(lab), [0, 0, 0, 0]);
    await noSlotInUse(lab);
    const { active, missedEnds, mostActive } = await lab.report();
    assert.deepEqual([active, missedEnds, mostActive], [0, 0, AT_ONCE]);
  },
  "stock",
  3600e9,
));

Deno.test(
  liveTest(
    "stock: a fork bomb in a function is one invocation, and all of it is put back",
    async (lab) => {
      lab.rule("exe:{lab}/{function}");
      lab.order(["short", 1e6], ["bomb", 9e6]);
      const bomb = `${lab.folder}/bomb`, short = await lab.program("short");
      await Deno.copyFile(await nativeProgram("bomb"), bomb);
      await lab.introduce(short);
      // From now on it is known at once, its children with it. A short one might end before it is known whose it is.
      const first = lab.start(bomb, 0, 600_000);
      await until("it is followed", () => lab.observer.shared.counters().active === 1);
      first.kill("SIGKILL");
      await lab.record(first.pid);

      // To its end: 511 processes.
      const ended = await lab.record(lab.start(bomb, 8, 1).pid);
      assert.ok(ended.cpuNs >= 511 * 1e6, `${ended.cpuNs}`);
      // In the middle of it: 1 023 processes, each of which wants far more than it gets.
      // Of nice 19: so many of nice 0 would leave this test next to nothing of the CPUs.
      const root = lab.start("/usr/bin/nice", "-n", 19, bomb, 9, 60_000).pid;
      await until("all of it", () => familyOf(root).length === 1023);
      // Only now is something there that goes before it: what is demoted forks for minutes beside that.
      for (let i = 0; i < lab.cpus.length; i++) lab.start(short, 0);
      const all = familyOf(root);
      const members = new Set(lab.observer.members().map(({ tid }) => tid));
      assert.deepEqual(all.filter((pid) => !members.has(pid)), [], "the kernel side lists every one of them");
      const idle = () => all.filter((pid) => scheduling(pid).policy === SCHED_IDLE).length;
      await until(() => `its demotion, ${idle()} are`, () => idle() === all.length);
      const begin = performance.now();
      await lab.events.setEnforcement(false);
      assert.equal(idle(), 0);
      console.log(
        `${all.length} processes were back, and looked at, after ${Math.round(performance.now() - begin)} ms`,
      );
      for (const pid of all) assert.deepEqual(scheduling(pid), { policy: SCHED_NORMAL, nice: 19 });
      await lab.killAll();
      await until("its end", () => lab.observer.shared.counters().active === 0);
      assert.deepEqual(lost(lab), [0, 0, 0, 0]);
    },
    "stock",
    3600e9,
  ),
);
