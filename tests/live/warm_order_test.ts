/** Warm instances are ordered by what their invocation in progress has used, and are normal between two. */

import assert from "node:assert/strict";
import { Instance } from "./instance.ts";
import { cpuMs, type Lab, liveTest, scheduling, sleep, until } from "./lab.ts";

const SCHED_NORMAL = 0, SCHED_IDLE = 5;

/** Instances of a function that are up and idle. */
async function instances(lab: Lab, stack: AsyncDisposableStack, name: string, count: number) {
  const all: Instance[] = [];
  for (let i = 0; i < count; i++) {
    const instance = stack.use(await Instance.start(lab, name));
    await lab.record(instance.pid);
    all.push(instance);
  }
  return all;
}

/** An instance that needs long, and others that keep all CPUs busy with a request that goes first. */
async function crowdedOut(lab: Lab, stack: AsyncDisposableStack) {
  lab.rule("exe:{lab}/{function};mode=warm");
  lab.order(["short", 1e6], ["long", 9e6]);
  const [long] = await instances(lab, stack, "long", 1);
  const short = await instances(lab, stack, "short", lab.cpus.length);
  for (const each of short) await each.send("w120000");
  await sleep(200);
  return { long: long!, short };
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

Deno.test(liveTest(
  "stock, warm: the shortest get the CPUs, whatever the instances have used before",
  async (lab) => {
    await using stack = new AsyncDisposableStack();
    lab.rule("exe:{lab}/{function};mode=warm");
    lab.order(["short", 2000], ["long", 9e6]);
    const n = lab.cpus.length;
    const long = await instances(lab, stack, "long", n), short = await instances(lab, stack, "short", n);
    // More than a request of theirs is taken to need: it would count against them if it were not another one.
    for (let i = 0; i < 3; i++) {
      await Promise.all(short.map((each) => each.request("w1500")));
      await sleep(50);
    }
    const pids = [...short, ...long].map(({ pid }) => pid);
    for (const each of long) await each.send("w60000");
    await sleep(300);
    for (const each of short) await each.send("w1900");
    await sleep(100);
    const before = pids.map(cpuMs);
    await sleep(1500);
    const ms = pids.map((pid, i) => cpuMs(pid) - before[i]!);
    assert.ok(sum(ms.slice(0, n)) > 8 * sum(ms.slice(n)), ms.join(" "));
  },
  "stock",
));

Deno.test(liveTest(
  "stock, warm: an instance that falls idle while it is demoted is put back, and its next request starts normal",
  async (lab) => {
    await using stack = new AsyncDisposableStack();
    const { long, short } = await crowdedOut(lab, stack);
    await long.send("w20");
    await until("it is demoted", () => scheduling(long.pid).policy === SCHED_IDLE);
    await long.answers(1); // the idle class gets a little
    // It may have been promoted before, for having waited long: idle it is only after the gap.
    await until(
      "it is idle, and the CPUs are still wanted",
      () => lab.observer.shared.counters().active === short.length,
    );
    await until("it is put back", () => scheduling(long.pid).policy === SCHED_NORMAL);
    assert.deepEqual(scheduling(long.pid), { policy: SCHED_NORMAL, nice: 0 });
    const record = await until(
      "its record",
      () => lab.ended.find(({ pid, cpuNs }) => pid === long.pid && cpuNs > 15e6),
    );
    assert.ok(record.cpuNs < 30e6, `one request: ${record.cpuNs}`);
    await long.send("w20");
    await until("it is demoted again", () => scheduling(long.pid).policy === SCHED_IDLE);
    await lab.events[Symbol.asyncDispose]();
    assert.deepEqual(scheduling(long.pid), { policy: SCHED_NORMAL, nice: 0 });
  },
  "stock",
));

Deno.test(liveTest(
  "stock, warm: threads that an instance starts while it is demoted are put back with it",
  async (lab) => {
    await using stack = new AsyncDisposableStack();
    const { long, short } = await crowdedOut(lab, stack);
    // Its thread is made while it is demoted, and goes on after the others have given the CPUs up.
    await long.send("w10 p3000");
    const tids = () => [...Deno.readDirSync(`/proc/${long.pid}/task`)].map(({ name }) => Number(name));
    await until("its thread", () => tids().length === 2);
    assert.ok(tids().every((tid) => scheduling(tid).policy === SCHED_IDLE));
    for (const each of short) await each.end("SIGKILL");
    await until("both are put back", () => tids().every((tid) => scheduling(tid).policy === SCHED_NORMAL));
  },
  "stock",
));
