/** A platform tells where invocations begin and end in a warm instance; gaps are learned where it does not. */

import assert from "node:assert/strict";
import { Boundaries } from "../../core/boundaries.ts";
import { RequestError } from "../../api/agent_view.ts";
import { cpuMs, liveTest, sleep, until } from "./lab.ts";
import { served, started } from "./warm_scene.ts";

Deno.test(liveTest("told: what begins and ends is what is told, whatever pauses there are", async (lab) => {
  lab.rule("exe:{lab}/{function};mode=warm;gap_ms=20");
  await using instance = await started(lab, "f");
  using boundaries = new Boundaries(lab);
  const tell = (event: "start" | "end") => boundaries.tell({ event, pid: instance.pid });
  await sleep(1300); // events are handed over once a second
  const before = lab.ended.length;
  const used: number[] = [];
  for (const steps of ["w10 s100 w10", "w30", "w5 s60 w5 s60 w5"]) {
    assert.equal(tell("start").function, "f");
    used.push(await served(instance, steps));
    tell("end");
    // What it does between two invocations is nobody's.
    await served(instance, "w15");
  }
  await until("three records", () => lab.ended.length === before + 3);
  await sleep(1300);
  const records = lab.ended.slice(before);
  assert.equal(records.length, 3, "and no others");
  for (const [i, { name, kind, pid, cpuNs, startNs, endNs }] of records.entries()) {
    assert.deepEqual([name, kind, pid], ["f", "warm", instance.pid]);
    assert.ok(Math.abs(cpuNs / 1e6 - used[i]!) < 5, `${cpuNs / 1e6} ms, the kernel says ${used[i]} ms`);
    assert.ok(endNs - startNs >= cpuNs);
  }
  assert.ok(records[0]!.endNs - records[0]!.startNs > 100e6, "its pause belongs to it");
  assert.equal(lab.observer.shared.counters().active, 0);

  // A beginning while one is in progress ends that one, CPU time of a stint under way included.
  tell("start");
  const cpuBefore = cpuMs(instance.pid);
  await instance.send("w1500");
  await until("it has used 30 ms", () => cpuMs(instance.pid) - cpuBefore > 30);
  tell("start");
  await instance.answers(1);
  tell("end");
  const most = cpuMs(instance.pid) - cpuBefore;
  await until("two more records", () => lab.ended.length === before + 5);
  const [first, second] = lab.ended.slice(before + 3).map(({ cpuNs }) => cpuNs / 1e6) as [number, number];
  assert.ok(first > 25 && second > 1, `${first} + ${second} ms`);
  // The answer comes when all steps are done; the kernel itself counts up to the latest tick.
  assert.ok(
    first + second >= 1470 && first + second < Math.max(most, 1500) + 20,
    `${first} + ${second}, ${most} ms`,
  );

  assert.throws(
    () => boundaries.tell({ event: "start", pid: 1 }),
    (error) => error instanceof RequestError && error.status === 404,
  );
  assert.throws(
    () => boundaries.tell({ event: "start", container: "no\u001bne" }),
    (error) => error instanceof RequestError && error.status === 404 && !error.message.includes("\u001b"),
  );
}));

Deno.test(liveTest(
  "told: where nothing is told any more, gaps count again",
  async (lab) => {
    lab.rule("exe:{lab}/{function};mode=warm;gap_ms=20");
    await using instance = await started(lab, "f");
    using boundaries = new Boundaries(lab);
    await sleep(1300); // events are handed over once a second
    const before = lab.ended.length;
    boundaries.tell({ event: "start", pid: instance.pid });
    await instance.request("w5");
    await sleep(700); // it would be in progress for good
    assert.equal(lab.observer.shared.counters().active, 1);
    await instance.request("w15");
    await until("two records", () => lab.ended.length === before + 2);
    const [first, second] = lab.ended.slice(before).map(({ cpuNs }) => cpuNs / 1e6);
    assert.ok(first! >= 4.9 && second! >= 14.7, `${first} and ${second} ms`);
    await until("none is in progress", () => lab.observer.shared.counters().active === 0);
  },
  "none",
  undefined,
  { holdsMs: 500 },
));

Deno.test(liveTest("told: a function whose processes are invocations takes none", async (lab) => {
  lab.rule("exe:{lab}/{function};mode=process");
  const process = lab.start(await lab.program("p"), 0);
  using boundaries = new Boundaries(lab);
  await until("it is followed", () => lab.observer.shared.counters().active === 1);
  assert.throws(
    () => boundaries.tell({ event: "start", pid: process.pid }),
    (error) => error instanceof RequestError && error.status === 409,
  );
  process.kill("SIGKILL");
  await lab.record(process.pid);
}));

Deno.test(
  liveTest("gap: learned from pauses within requests, put in force for instances that run", async (lab) => {
    lab.rule("exe:{lab}/{function};mode=warm");
    await using instance = await started(lab, "f");
    const id = lab.functions.byName("f")!.id;
    assert.equal(lab.classifier.modes.gapOf(id), 5);
    for (let i = 0; i < 40; i++) {
      await instance.request("w1 s12 w1 s12 w1");
      await sleep(150);
    }
    const gapMs = lab.classifier.modes.learnGaps().get(id);
    assert.ok(gapMs !== undefined && gapMs > 14 && gapMs < 140, `${gapMs}`);
    await instance.request("w1"); // takes the new gap with it
    await sleep(1300);
    const before = lab.ended.length;
    for (let i = 0; i < 3; i++) {
      await instance.request("w1 s12 w1 s12 w1");
      await sleep(200);
    }
    await sleep(1300);
    assert.equal(lab.ended.length, before + 3, "one for each request, no longer one for each pause");
  }),
);
