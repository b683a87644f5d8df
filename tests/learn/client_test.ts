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

/** A learning thread whose answers are awaited. */
function startThread(options: LearningOptions) {
  const policy = Promise.withResolvers<Policy>();
  const due = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<string>();
  const thread = LearningThread.start(options, {
    policy: policy.resolve,
    due: due.resolve,
    failed: failed.resolve,
  });
  return { thread, policy: policy.promise, due: due.promise, failed: failed.promise };
}

Deno.test("LearningThread makes the policy that a Learner makes", async () => {
  const started = startThread({ ml: "LR", cores: 2 });
  using thread = started.thread;
  thread.add(five.slice(0, 2));
  thread.add([]);
  thread.add(five.slice(2));
  thread.request(1e8, 42);
  const learner = new Learner({ ml: "LR", cores: 2 });
  learner.add(five);
  assert.deepEqual(await started.policy, learner.makePolicy(1e8, 42));
});

Deno.test("LearningThread tells when a policy is due", async () => {
  const started = startThread({ ml: "avg", cores: 2 });
  using thread = started.thread;
  thread.add(five);
  await started.due;
});

Deno.test("LearningThread tells what failed", async () => {
  const started = startThread({ ml: "crystal ball", cores: 2 });
  using _thread = started.thread;
  assert.match(await started.failed, /cannot learn with "crystal ball": must be one of avg, LR/);
});
