import assert from "node:assert/strict";
import { ALPS_LIMITS } from "../../ffi/layout.ts";
import { bucketUpperNs } from "../../observe/function_stats.ts";
import { childrenOf, liveTest, PATIENCE, scheduling, sleep, until } from "./lab.ts";
import { zeroCounters } from "../core/counters.ts";

/**
 * `actual` is within a tenth and 3 ms of `wanted`. In an emulated machine it is more, but of the same order: starting so
 * many programs takes CPU time there, and a CPU that waits for a real one counts that as CPU time.
 */
function near(actual: number, wanted: number, what: string, starts = 1): void {
  const most = wanted * (PATIENCE > 1 ? 10 : 1.1) + 3 * starts * PATIENCE;
  const fits = actual >= wanted * 0.9 - 3 && actual <= most;
  assert.ok(fits, `${what}: ${actual} ms, wanted about ${wanted} ms, at most ${most} ms`);
}

Deno.test(liveTest(
  "observe: an exec'ed function is one invocation with its CPU time, wait and turnaround",
  async (lab) => {
    const f = await lab.program("f");
    lab.rule("exe:{lab}/{function}");
    await lab.introduce(f);
    for (let i = 0; i < 3; i++) {
      const process = lab.start(f, 50);
      const before = lab.observer.libc.monotonicNs();
      await process.status;
      const record = await lab.record(process.pid);
      assert.equal(record.name, "f");
      near(record.cpuNs / 1e6, 50, "CPU time");
      assert.ok(record.startNs <= record.endNs && record.endNs >= before);
      // One thread that never sleeps: what it did not run, it waited (but for exec's own start).
      const turnaround = record.endNs - record.startNs;
      assert.ok(record.cpuNs + record.waitNs <= turnaround * 1.05 + 2e6, JSON.stringify(record));
      assert.ok(record.cpuNs + record.waitNs >= turnaround * 0.8 - 5e6, JSON.stringify(record));
    }
  },
));

Deno.test(liveTest(
  "observe: the second process of a program is known in the kernel: no question is asked",
  async (lab) => {
    const f = await lab.program("f");
    lab.rule("exe:{lab}/{function}");
    await lab.introduce(f);
    const asked = lab.questions.filter((q) => q.execPath === f).length;
    for (let i = 0; i < 3; i++) await lab.record(lab.start(f, 5).pid);
    assert.equal(asked, 1);
    assert.equal(lab.questions.filter((q) => q.execPath === f).length, 1);
  },
));

Deno.test(liveTest("observe: threads and child processes count with their invocation", async (lab) => {
  const f = await lab.program("f");
  lab.rule("exe:{lab}/{function}");
  await lab.introduce(f);
  const threads = lab.start(f, "-t", 3, 40), family = lab.start(f, "-c", 3, 40);
  near((await lab.record(threads.pid)).cpuNs / 1e6, 120, "3 threads");
  near((await lab.record(family.pid)).cpuNs / 1e6, 160, "a process and 3 children");
  assert.equal(lab.ended.length, 3, "children are no invocations of their own");
}));

Deno.test(liveTest("observe: an invocation is over when its last process is", async (lab) => {
  const sh = `${lab.folder}/parent`;
  await Deno.copyFile("/bin/sh", sh);
  const f = await lab.program("child");
  lab.rule("p=exe:{lab}/parent");
  await lab.record(lab.start(sh, "-c", `sleep ${0.1 * PATIENCE}`).pid); // from now on it is known at once
  // The first process ends at once, its child goes on.
  const process = lab.start(sh, "-c", `${f} 100 & exit 0`);
  await process.status;
  near((await lab.record(process.pid)).cpuNs / 1e6, 100, "CPU time of the child", 2);
}));

Deno.test(liveTest("observe: a process that renames itself is matched by its new name", async (lab) => {
  const f = await lab.program("anything");
  lab.rule("renamed=comm:fn-*");
  const ms = 30 * PATIENCE; // so long that it is still there when it has been asked whose it is
  const process = lab.start(f, "-n", "fn-12", ms);
  const record = await lab.record(process.pid);
  assert.equal(record.name, "renamed");
  near(record.cpuNs / 1e6, ms, "CPU time");
}));

Deno.test(liveTest(
  "observe: a process whose rule is another function's leaves the invocation that it was forked into",
  async (lab) => {
    const sh = `${lab.folder}/outer`;
    await Deno.copyFile("/bin/sh", sh);
    const inner = await lab.program("inner");
    lab.rule("exe:{lab}/{function}");
    const ms = 60 * PATIENCE;
    const process = lab.start(sh, "-c", `${inner} ${ms}; ${inner} ${ms}; :`);
    await process.status;
    await lab.record(process.pid);
    const names = lab.ended.map(({ name }) => name).sort();
    assert.deepEqual(names, ["inner", "inner", "outer"]);
    for (const record of lab.ended.filter(({ name }) => name === "inner")) {
      near(
        record.cpuNs / 1e6,
        ms,
        "inner",
      );
    }
  },
));

Deno.test(
  liveTest("observe: exec keeps the invocation and its CPU time where no other rule matches", async (lab) => {
    const sh = `${lab.folder}/wrapper`;
    await Deno.copyFile("/bin/sh", sh);
    lab.rule("wrapped=exe:{lab}/wrapper");
    const process = lab.start(sh, "-c", "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done; exec sleep 0.05");
    await process.status;
    const record = await lab.record(process.pid);
    assert.equal(lab.ended.length, 1);
    assert.ok(record.cpuNs > 5e6, `the loop's CPU time is there: ${record.cpuNs}`);
  }),
);

Deno.test(
  liveTest("observe: processes that run already are taken in, with threads and children", async (lab) => {
    const f = await lab.program("early");
    const process = lab.start(f, "-t", 2, "-c", 1, 300 * PATIENCE);
    await until("the child", () => childrenOf(process.pid).length === 1);
    await sleep(100);
    lab.rule("exe:{lab}/{function}");
    const record = await lab.record(process.pid);
    assert.equal(record.name, "early");
    near(record.cpuNs / 1e6, 1200 * PATIENCE, "2 threads in 2 processes");
  }),
);

Deno.test(
  liveTest("observe: rules that come and go hold for the processes that start from then on", async (lab) => {
    const f = await lab.program("f"), g = await lab.program("g");
    lab.rule("g=exe:{lab}/g");
    await lab.start(f, 5).status;
    await lab.introduce(g);
    const id = lab.rule("f=exe:{lab}/f");
    await lab.introduce(f);
    lab.classifier.removeRules(id);
    await lab.start(f, 5).status;
    await lab.introduce(g);
    assert.deepEqual(lab.ended.map(({ name }) => name), ["g", "f", "g"]);
  }),
);

Deno.test(liveTest("observe: a script is known by its own path", async (lab) => {
  const script = `${lab.folder}/script.sh`;
  await Deno.writeTextFile(script, "#!/bin/sh\ni=0; while [ $i -lt 20000 ]; do i=$((i+1)); done\n", {
    mode: 0o755,
  });
  lab.rule("exe:{lab}/{function}.sh");
  const process = lab.start(script);
  assert.equal((await lab.record(process.pid)).name, "script");
}));

Deno.test(liveTest("observe: a rule on the command line is asked about every time", async (lab) => {
  const f = await lab.program("f");
  lab.rule("cmd:-n (?<function>[a-z]+) ");
  for (const name of ["one", "two", "one"]) {
    assert.equal((await lab.introduce(f, "-n", name)).name, name);
  }
}));

Deno.test(liveTest("observe: counters and histograms in the kernel agree with the records", async (lab) => {
  const f = await lab.program("f");
  lab.rule("exe:{lab}/{function}");
  await lab.introduce(f);
  for (const ms of [2, 10, 50]) await lab.record(lab.start(f, ms).pid);
  const stats = lab.observer.statsOf(lab.functions.byName("f")!.id)!;
  const total = (key: "cpuNs" | "waitNs" | "preemptions") => lab.ended.reduce((sum, r) => sum + r[key], 0);
  assert.equal(stats.invocations, 4);
  assert.equal(stats.cpuNs, total("cpuNs"));
  assert.equal(stats.waitNs, total("waitNs"));
  assert.equal(stats.preemptions, total("preemptions"));
  assert.equal(stats.cpuHistogram.length, ALPS_LIMITS.ALPS_HIST_BUCKETS);
  for (const { cpuNs } of lab.ended) {
    const bucket = stats.cpuHistogram.findIndex((count, i) => count > 0 && cpuNs < bucketUpperNs(i));
    assert.ok(bucket > 0, `a bucket holds ${cpuNs}`);
    const middle = (bucketUpperNs(bucket) + bucketUpperNs(bucket - 1)) / 2;
    assert.ok(Math.abs(middle - cpuNs) <= 0.125 * cpuNs, `bucket around ${middle} for ${cpuNs}`);
  }
}));

Deno.test(liveTest("observe: a task that is no function is not followed", async (lab) => {
  const f = await lab.program("other");
  lab.rule("exe:/nowhere/{function}");
  const process = lab.start(f, 20);
  await process.status;
  await sleep(150);
  assert.deepEqual(lab.ended, []);
  assert.equal(lab.observer.shared.counters().active, 0);
}));

Deno.test(liveTest("observe: a killed function ends like any other", async (lab) => {
  const f = await lab.program("f");
  lab.rule("exe:{lab}/{function}");
  const process = lab.start(f, "-t", 4, 0);
  await until("it runs", () => lab.observer.shared.counters().active === 1);
  process.kill("SIGKILL");
  await process.status;
  assert.equal((await lab.record(process.pid)).name, "f");
  assert.deepEqual({ ...lab.observer.shared.counters(), events: 0, longestWaitNs: 0 }, zeroCounters());
}));

Deno.test(liveTest("observe: a function that blocks is not counted as waiting", async (lab) => {
  const f = await lab.program("f");
  lab.rule("exe:{lab}/{function}");
  await lab.introduce(f);
  const process = lab.start(f, "-b", 50);
  const record = await lab.record(process.pid);
  near(record.cpuNs / 1e6, 50, "CPU time");
  const slept = record.endNs - record.startNs - record.cpuNs - record.waitNs;
  // Half of it: on a slow CPU a pause has begun before the task is off it, and until then it is CPU time.
  assert.ok(slept > 90e6, `9 pauses of 20 ms are neither CPU time nor wait: ${JSON.stringify(record)}`);
  assert.equal(scheduling(Deno.pid).policy, 0);
}));

Deno.test(liveTest("observe: 300 short processes at once, none lost", async (lab) => {
  const f = await lab.program("f");
  lab.rule("exe:{lab}/{function}");
  await lab.introduce(f);
  const processes = Array.from({ length: 300 }, () => lab.start(f, 1));
  for (const process of processes) await lab.record(process.pid);
  const counters = lab.observer.shared.counters();
  assert.equal(lab.ended.length, 301);
  assert.deepEqual([counters.lostRingFull, counters.lostNoSlot, counters.active], [0, 0, 0]);
}));
