import assert from "node:assert/strict";
import { Learner } from "../../learn/learner.ts";
import { unpackEntries } from "../../learn/packed_policy.ts";
import { PolicyReceiver, PolicySender, type PolicyUpdate } from "../../learn/policy_update.ts";
import { randomNumbers } from "../../traces/random.ts";

function add(learner: Learner, functionId: number, cpuNs: number): void {
  learner.add([{
    functionId,
    pid: 1,
    kind: "process",
    startNs: 0,
    endNs: cpuNs,
    cpuNs,
    waitNs: 0,
    firstRunNs: 0,
    preemptions: 0,
  }]);
}

Deno.test("PolicyReceiver gives the policies that PolicySender was given, across threads", () => {
  const random = randomNumbers(1);
  const learner = new Learner({ ml: "LR", cores: 2 });
  const sender = new PolicySender(), receiver = new PolicyReceiver();
  for (let round = 0; round < 20; round++) {
    for (let count = 0; count < 50; count++) {
      add(learner, Math.floor(40 * random()), 1e6 * (1 + 50 * random()));
    }
    const policy = learner.makePolicy(round, 100 * random());
    assert.deepEqual(receiver.policy(structuredClone(sender.update(policy))), policy);
  }
});

Deno.test("PolicySender copies only the entries that changed", () => {
  const learner = new Learner({ ml: "avg", cores: 2 });
  for (let functionId = 0; functionId < 30; functionId++) {
    for (let count = 0; count < 5; count++) add(learner, functionId, 1e6 * (1 + functionId));
  }
  const sender = new PolicySender();
  const ids = ({ changed }: PolicyUpdate) => [...unpackEntries(changed)].map((each) => each.functionId);
  assert.equal(ids(sender.update(learner.makePolicy(0, 0))).length, 30);
  assert.equal(sender.update(learner.makePolicy(0, 0)).changed.length, 0);
  add(learner, 7, 1e9);
  const update = sender.update(learner.makePolicy(0, 0));
  assert.deepEqual([ids(update), update.functionIds.length], [[7], 30]);
});

Deno.test("PolicyReceiver drops functions that are gone, and tells when it missed an update", () => {
  const entry = (functionId: number, priority: number) => ({
    functionId,
    priority,
    sliceNs: 5,
    predictedCpuNs: 6,
    table: [0, 6],
    tailSlope: 1,
  });
  const policy = (epoch: number, ...ids: number[]) => ({
    epoch,
    ml: "avg",
    cpuUtilization: 1,
    functions: ids.map((id, index) => entry(id, index + 1)),
    prior: { table: [0, epoch], tailSlope: 1 },
  });
  const sender = new PolicySender(), receiver = new PolicyReceiver();
  receiver.policy(sender.update(policy(1, 1, 2, 3)));
  const last = sender.update(policy(2, 3, 1));
  assert.deepEqual(receiver.policy(last), policy(2, 3, 1));
  assert.throws(
    () => new PolicyReceiver().policy({ ...last, changed: new Float64Array() }),
    /cannot follow policy 2: function 3 must have been in an earlier one/,
  );
});
