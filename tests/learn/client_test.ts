import assert from "node:assert/strict";
import { LearningThread } from "../../learn/client.ts";
import { Learner } from "../../learn/learner.ts";
import type { LearningOptions } from "../../learn/messages.ts";
import type { Policy } from "../../learn/policy.ts";
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

const moment = { nowNs: 1e8, cpuUtilization: 42 };

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

Deno.test("LearningThread tells what failed", async () => {
  const started = startThread({ ml: "crystal ball", cores: 2 });
  await using _thread = started.thread;
  assert.match(await started.failed, /cannot learn with "crystal ball": must be one of avg, LR/);
});
