import assert from "node:assert/strict";
import { LearningThread } from "../../learn/client.ts";
import { Learner } from "../../learn/learner.ts";
import type { LearningOptions } from "../../learn/messages.ts";
import type { Policy } from "../../learn/policy.ts";
import { FunctionFile } from "../../learn/store/function_file.ts";
import type { Invocation } from "../../observe/invocation.ts";

const five: Invocation[] = Array.from({ length: 5 }, (_, index) => ({
  functionId: 4,
  pid: 100 + index,
  kind: "process",
  startNs: index * 1e7,
  endNs: index * 1e7 + 5e6,
  cpuNs: 5e6 + index,
  waitNs: 0,
  firstRunNs: 0,
  preemptions: 0,
}));

const moment = { nowNs: 1e8, cpuUtilization: 42, cpuPressure: 0 };

/** As many invocations of another length. */
const others = five.map((each) => ({ ...each, functionId: 5, cpuNs: 1e9 }));

/** A learning thread whose answers are awaited. */
function startThread(options: LearningOptions) {
  const policy = Promise.withResolvers<Policy>();
  const failed = Promise.withResolvers<string>();
  const thread = LearningThread.start(options, {
    policy: policy.resolve,
    failed: failed.resolve,
  });
  return { thread, policy: policy.promise, failed: failed.promise };
}

Deno.test("LearningThread makes the policy that a Learner makes", async () => {
  const started = startThread({ ml: "LR", cores: 2 });
  await using thread = started.thread;
  thread.add(five.slice(0, 2), moment);
  thread.add([], moment);
  thread.add(five.slice(2, 4), moment);
  thread.request(moment);
  const learner = new Learner({ ml: "LR", cores: 2 });
  learner.add(five.slice(0, 4));
  assert.deepEqual(await started.policy, learner.makePolicy(1e8, 42));
});

Deno.test("LearningThread makes a policy that is due unasked", async () => {
  const started = startThread({ ml: "avg", cores: 2 });
  await using thread = started.thread;
  thread.add(five, moment);
  const learner = new Learner({ ml: "avg", cores: 2 });
  learner.add(five);
  assert.deepEqual(await started.policy, learner.makePolicy(1e8, 42));
});

Deno.test("LearningThread writes down at its end what it knows, and the next one has a policy when it meets a function", async () => {
  const folder = await Deno.makeTempDir({ prefix: "alps-learn-" });
  try {
    const file = `${folder}/state/learned`;
    {
      const started = startThread({ ml: "avg", cores: 2, file });
      await using thread = started.thread;
      thread.meet(4, "short", 0);
      thread.meet(5, "long", 0);
      thread.add([...five, ...others], moment);
      await started.policy;
    }
    const policies: Policy[] = [], notes: string[] = [];
    const done = Promise.withResolvers<void>();
    await using thread = LearningThread.start({ ml: "LR", cores: 2, file }, {
      policy: (policy) => {
        policies.push(policy);
        if (policy.functions.length === 2) done.resolve();
      },
      failed: done.reject,
      noted: ({ text }) => notes.push(text),
    });
    thread.meet(71, "long", 3);
    thread.meet(72, "never seen", 4);
    thread.meet(73, "short", 5);
    await done.promise;
    const known = policies.at(-1)!.functions.map((each) => [each.functionId, each.predictedCpuNs]);
    // By the other predictor: it goes on with the line that the five lie on.
    assert.deepEqual(known, [[73, 5e6 + 5], [71, 1e9]]);
    assert.deepEqual(notes, [`2 functions are known from before, by ${file}`]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("LearningThread writes after an epoch, so that one that is killed has lost little", async () => {
  const folder = await Deno.makeTempDir({ prefix: "alps-learn-" });
  try {
    const file = `${folder}/learned`;
    const started = startThread({ ml: "avg", cores: 2, file });
    await using thread = started.thread;
    thread.meet(4, "f", 0);
    thread.add(five.slice(0, 3), moment);
    thread.request(moment);
    await started.policy;
    const size = () => Deno.statSync(`${file}-wal`).size;
    for (let before = -1; size() === 0 || size() !== before;) {
      before = size();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    // What a killed agent leaves: the file and its log.
    for (const log of ["", "-wal"]) await Deno.copyFile(file + log, `${folder}/copy${log}`);
    using copy = FunctionFile.open(`${folder}/copy`);
    assert.deepEqual([...copy.read().keys()], ["f"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("LearningThread goes on where what it knows cannot be kept", async () => {
  const started = startThread({ ml: "avg", cores: 2, file: "/dev/null/learned" });
  await using thread = started.thread;
  thread.meet(4, "f", 0);
  thread.add(five, moment);
  assert.equal((await started.policy).functions.length, 1);
});

Deno.test("LearningThread tells what failed", async () => {
  const started = startThread({ ml: "crystal ball", cores: 2 });
  await using _thread = started.thread;
  assert.match(await started.failed, /cannot learn with "crystal ball": must be one of avg, LR/);
});
