/** Mode warm: one process that serves one request after another. */

import assert from "node:assert/strict";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { ALPS_FLAGS } from "../../ffi/layout.ts";
import { Observer } from "../../observe/observer.ts";
import { SlotTable } from "../../observe/slots.ts";
import { Instance } from "./instance.ts";
import { cpuMs, liveTest, PATIENCE, sleep, until, whyNotLive } from "./lab.ts";
import { atLeast, fits, PAUSE_MS, records, sameCpu, served, started } from "./warm_scene.ts";

Deno.test(liveTest(
  "warm: each request is an invocation with its own CPU time, start and end",
  async (lab) => {
    lab.rule("exe:{lab}/{function};mode=warm;gap_ms=400");
    await using instance = await started(lab, "f");
    const sent: number[] = [], idle: number[] = [], used: number[] = [];
    for (const ms of [20, 5, 40]) {
      await sleep(800);
      sent.push(lab.observer.libc.monotonicNs());
      used.push(await served(instance, `w${ms}`));
      idle.push(lab.observer.libc.monotonicNs());
    }
    const all = await records(lab, instance, 3);
    for (const [i, ms] of [20, 5, 40].entries()) {
      const { name, kind, cpuNs, startNs, endNs, firstRunNs } = all[i]!;
      assert.deepEqual([name, kind], ["f", "warm"]);
      sameCpu(cpuNs, used[i]!, ms, "CPU time");
      assert.ok(startNs >= sent[i]! && startNs <= idle[i]!, "it begins with the request");
      assert.ok(endNs <= idle[i]!, "and ends with the answer, not with the gap's end or the next one");
      assert.ok(firstRunNs >= 0 && firstRunNs <= endNs - startNs);
      fits(all[i]!);
    }
    assert.equal(
      lab.observer.shared.counters().active,
      0,
      "the last one's end is known without another request",
    );
    const stats = lab.observer.statsOf(lab.functions.byName("f")!.id)!;
    const total = (of: (record: typeof lab.ended[number]) => number) =>
      lab.ended.reduce((s, r) => s + of(r), 0);
    assert.equal(stats.invocations, 4);
    assert.equal(stats.cpuNs, total(({ cpuNs }) => cpuNs));
    assert.equal(stats.waitNs, total(({ waitNs }) => waitNs));
    assert.equal(stats.turnaroundNs, total(({ startNs, endNs }) => endNs - startNs));
    assert.equal(stats.preemptions, total(({ preemptions }) => preemptions));
    assert.equal(stats.cpuHistogram.reduce((sum, count) => sum + count, 0), 4);
    assert.equal(lab.instances.get(lab.functions.byName("f")!.id), 1, "the idle instance is one still");
  },
));

Deno.test(liveTest(
  "warm: a pause that is shorter than the gap does not end an invocation, a longer one does",
  async (lab) => {
    lab.rule("patient=exe:{lab}/patient;mode=warm;gap_ms=400");
    lab.rule(`strict=exe:{lab}/strict;mode=warm;gap_ms=${5 * Math.min(PATIENCE, 4)}`);
    await using patient = await started(lab, "patient");
    await using strict = await started(lab, "strict");
    const used: number[] = [];
    for (const instance of [patient, strict]) {
      await sleep(500);
      used.push(await served(instance, `w10 s${PAUSE_MS} w10`));
    }
    sameCpu((await records(lab, patient, 1))[0]!.cpuNs, used[0]!, 20, "both parts");
    const [first, second] = (await records(lab, strict, 2)).map(({ cpuNs }) => cpuNs);
    for (const part of [first!, second!]) atLeast(part, 10, "one part");
    sameCpu(first! + second!, used[1]!, 20, "the parts together");
  },
));

Deno.test({
  name:
    "warm: the end is known without another request; on a kernel without timers for programs, with the next one",
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using folder = new AsyncDisposableStack();
    const path = folder.adopt(
      await Deno.makeTempDir({ prefix: "alps-warm-" }),
      (path) => Deno.remove(path, { recursive: true }),
    );
    await using instance = await Instance.start({ folder: path }, "f");
    await instance.request("w1");
    for (const timers of [true, false]) {
      using observer = new Observer(onlineCpus().length, 5e9, timers);
      observer.addFunction(1);
      observer.setMode(1, ALPS_FLAGS.ALPS_WARM, 5000);
      observer.adopt([{ pid: instance.pid, functionId: 1, root: instance.pid }]); // seen in part: not counted
      const counted: number[] = [];
      for (let i = 0; i < 2; i++) {
        await sleep(PAUSE_MS);
        await instance.request("w5");
        await sleep(PAUSE_MS);
        counted.push(observer.statsOf(1)!.invocations);
      }
      assert.deepEqual(counted, timers ? [1, 2] : [0, 1]);
    }
  },
});

Deno.test(liveTest("warm: waiting for a CPU is not idle", async (lab) => {
  const gapMs = 2 * PATIENCE; // longer than a page of the program takes to come from the disk
  lab.rule(`f=exe:{lab}/f;mode=warm;gap_ms=${gapMs}`);
  await using instance = await started(lab, "f");
  await new Deno.Command("/usr/bin/renice", { args: ["-n", "15", "-p", String(instance.pid)] }).output();
  for (let i = 0; i < 2 * lab.cpus.length; i++) lab.start(await lab.program("hog"), 0);
  const used = await served(instance, "w20");
  await lab.killAll();
  const [record] = await records(lab, instance, 1);
  sameCpu(record!.cpuNs, used, 20, "CPU time");
  const waitMs = record!.waitNs / 1e6 / (record!.preemptions + 1);
  assert.ok(waitMs > 1.5 * gapMs, `it waited for longer than the gap each time: ${waitMs} ms`);
}));

Deno.test(liveTest("warm: threads and children count with their instance's invocation", async (lab) => {
  lab.rule("exe:{lab}/{function};mode=warm");
  await using instance = await started(lab, "f");
  for (const steps of ["w5 f20", "p20 w5"]) {
    await sleep(PAUSE_MS);
    await instance.request(steps);
  }
  for (const record of await records(lab, instance, 2)) {
    atLeast(record.cpuNs, 25, "both");
    fits(record);
    // On a slow machine, making a process or thread keeps both at work for longer than the millisecond that counts.
    if (PATIENCE === 1) assert.equal(record.overlapped, undefined, "one at a time");
  }
}));

Deno.test(
  liveTest("warm: requests at once in one instance are one invocation, which says so", async (lab) => {
    lab.rule("exe:{lab}/{function};mode=warm");
    await using instance = await started(lab, "f", "-t", 3);
    await sleep(PAUSE_MS);
    const used = await served(instance, "w30", "w30", "w30");
    await sleep(PAUSE_MS);
    const usedLater = await served(instance, "w10");
    const [three, one] = await records(lab, instance, 2);
    sameCpu(three!.cpuNs, used, 90, "three requests");
    assert.equal(three!.overlapped, true);
    sameCpu(one!.cpuNs, usedLater, 10, "one request");
    assert.equal(one!.overlapped, undefined);
  }),
);

Deno.test(liveTest("warm: no CPU time is counted with the next request", async (lab) => {
  lab.rule("exe:{lab}/{function};mode=warm");
  await using instance = await started(lab, "f", "-t", 3);
  const used: number[] = [];
  // More threads than CPUs, so often that one is switched to in every way there is.
  for (let i = 0; i < 60; i++) {
    await sleep(PAUSE_MS);
    used.push(await served(instance, ...Array(lab.cpus.length + 1).fill("w30")));
  }
  for (const [i, { cpuNs }] of (await records(lab, instance, used.length)).entries()) {
    sameCpu(cpuNs, used[i]!, 30 * (lab.cpus.length + 1), `request ${i}`);
  }
}));

Deno.test(liveTest("warm: an instance that exits in the middle of a request ends it", async (lab) => {
  lab.rule("exe:{lab}/{function};mode=warm");
  await using instance = await started(lab, "f");
  await sleep(PAUSE_MS);
  await instance.send("w20 x");
  await instance.end();
  const [record] = await records(lab, instance, 1);
  atLeast(record!.cpuNs, 20, "what it had used");
  fits(record!);
  assert.deepEqual([lab.instances.size, lab.observer.shared.counters().active], [0, 0]);
}));

Deno.test(liveTest("warm: an idle instance that is killed leaves no invocation behind", async (lab) => {
  lab.rule("exe:{lab}/{function};mode=warm");
  await using instance = await started(lab, "f", "-t", 2);
  await sleep(PAUSE_MS);
  await instance.request("w10");
  await sleep(PAUSE_MS);
  await instance.end("SIGKILL");
  await records(lab, instance, 1);
  assert.deepEqual([lab.instances.size, lab.observer.shared.counters().active], [0, 0]);
  assert.equal(
    lab.observer.statsOf(lab.functions.byName("f")!.id)!.invocations,
    2,
    "its start and the request",
  );
}));

Deno.test(liveTest(
  "warm: an instance that runs already is taken in; what it did before is no invocation",
  async (lab) => {
    await using idle = await Instance.start(lab, "f", "-t", 2), busy = await Instance.start(lab, "f");
    await idle.request("w100");
    await busy.send("w400");
    await until("it is at work", () => cpuMs(busy.pid) > 50);
    lab.rule("exe:{lab}/{function};mode=warm");
    await busy.answers(1);
    const instances = () => lab.instances.get(lab.functions.byName("f")?.id ?? 0);
    await until("both are known", () => instances() === 2);
    const used: number[] = [];
    for (const instance of [idle, busy]) {
      await sleep(PAUSE_MS);
      used.push(await served(instance, "w10"));
    }
    await until("two records", () => lab.ended.length >= 2);
    await sleep(1100);
    assert.deepEqual(lab.ended.map(({ pid }) => pid), [idle.pid, busy.pid]);
    for (const [i, { cpuNs }] of lab.ended.entries()) sameCpu(cpuNs, used[i]!, 10, "the request alone");
  },
));

Deno.test(liveTest("warm: the attained CPU time begins anew with each invocation", async (lab) => {
  lab.rule("exe:{lab}/{function};mode=warm");
  await using instance = await started(lab, "f");
  for (let i = 0; i < 10; i++) {
    await instance.request("w50");
    await sleep(20);
  }
  assert.equal(lab.observer.shared.counters().slots, 1, "the instance has its slot while it is idle, too");
  using slots = new SlotTable(lab.observer.libc, lab.observer.fds.slotsFd);
  // The slot of a process is at its pid's place where nothing else is.
  const slot = instance.pid % 16384;
  await instance.send("w300");
  await until("it runs", () => slots.attainedNs(slot, lab.observer.libc.monotonicNs()) > 20e6);
  const attained = slots.attainedNs(slot, lab.observer.libc.monotonicNs());
  assert.ok(attained < 330e6, `${attained} of this one, and more than 500 ms before`);
  await instance.answers(1);
}));

Deno.test(
  liveTest("mode auto: a process is one invocation until its function is known to be warm", async (lab) => {
    lab.rule("exe:{lab}/{function}");
    await using instance = await Instance.start(lab, "f");
    await until("it is known", () => lab.observer.shared.counters().active === 1);
    const { id } = lab.functions.byName("f")!;
    for (let i = 0; i < 3; i++) {
      await sleep(PAUSE_MS);
      await instance.request("w10");
    }
    await sleep(1100);
    assert.deepEqual(lab.ended, [], "it is in progress");
    assert.ok(lab.classifier.modes.decided(id, true));
    const used: number[] = [];
    for (let i = 0; i < 2; i++) {
      await sleep(PAUSE_MS);
      used.push(await served(instance, "w10"));
    }
    await until("two records", () => lab.ended.length === 2);
    for (const [i, { kind, cpuNs }] of lab.ended.entries()) {
      assert.equal(kind, "warm");
      sameCpu(cpuNs, used[i]!, 10, "one request; what was before is left out");
    }
    // And back: from its next idle period on it is one invocation again.
    assert.ok(lab.classifier.modes.decided(id, false));
    let both = 0;
    for (let i = 0; i < 2; i++) {
      await sleep(PAUSE_MS);
      both += await served(instance, "w10");
    }
    await instance.end("SIGKILL");
    const last = await until("its last record", () => lab.ended[2]);
    assert.equal(last.kind, "process");
    atLeast(last.cpuNs, both, "both requests");
    assert.ok(last.cpuNs <= (both + 3 * PATIENCE) * 1e6, `and its end: ${last.cpuNs} over ${both} ms`);
    assert.equal(lab.observer.statsOf(id)!.invocations, 3);
  }),
);
