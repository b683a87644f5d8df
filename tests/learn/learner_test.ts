import assert from "node:assert/strict";
import { SEQUENCE_LENGTH } from "../../learn/history.ts";
import { FORGET_AFTER_NS, type FunctionSamples, Learner } from "../../learn/learner.ts";
import { PREDICTORS } from "../../learn/predict/mod.ts";
import { rankAt } from "../../learn/table.ts";
import type { Invocation } from "../../observe/invocation.ts";
import { normal, randomNumbers } from "../../traces/random.ts";

const MS = 1e6;

/** Invocations of one function, one after the other from `startMs` on. */
function invocations(functionId: number, cpuMs: readonly number[], startMs = 0): Invocation[] {
  let nowNs = startMs * MS;
  return cpuMs.map((cpu) => {
    const startNs = nowNs;
    nowNs += cpu * MS;
    return {
      functionId,
      pid: 1,
      kind: "process",
      startNs,
      endNs: nowNs,
      cpuNs: cpu * MS,
      waitNs: 0,
      firstRunNs: 0,
      preemptions: 0,
    };
  });
}

function repeat(value: number, count: number): number[] {
  return new Array<number>(count).fill(value);
}

Deno.test("Learner.due() is true from a function's fifth invocation until the next policy", () => {
  const learner = new Learner({ ml: "avg", cores: 2 });
  learner.add(invocations(1, repeat(5, 4)));
  learner.add(invocations(2, repeat(5, 4)));
  assert.equal(learner.due(), false);
  learner.add(invocations(1, [5]));
  assert.equal(learner.due(), true);
  learner.makePolicy(0, 0);
  assert.equal(learner.due(), false);
  learner.add(invocations(2, [5]));
  assert.equal(learner.due(), true);
});

Deno.test("Learner.due() is true again when a young function has grown by half, unless that is turned off", () => {
  const growing = new Learner({ ml: "avg", cores: 2 });
  const still = new Learner({ ml: "avg", cores: 2, refreshGrowth: Infinity });
  for (const [learner, expected] of [[growing, true], [still, false]] as const) {
    learner.add(invocations(1, repeat(5, 5)));
    learner.makePolicy(0, 0);
    learner.add(invocations(1, repeat(5, 2)));
    assert.equal(learner.due(), false);
    learner.add(invocations(1, [5]));
    assert.equal(learner.due(), expected);
    learner.add(invocations(1, repeat(5, SEQUENCE_LENGTH)));
    learner.makePolicy(0, 0);
    learner.add(invocations(1, repeat(5, 3 * SEQUENCE_LENGTH)));
    assert.equal(learner.due(), false);
  }
});

Deno.test("Learner.makePolicy() ranks short functions first and predicts their CPU times", () => {
  for (const ml of ["avg", "LR"]) {
    const learner = new Learner({ ml, cores: 1 });
    learner.add(invocations(3, repeat(100, 5)));
    learner.add(invocations(8, repeat(5, 5), 1000));
    learner.add(invocations(5, repeat(20, 5), 2000));
    const policy = learner.makePolicy(3000 * MS, 40);
    assert.deepEqual([policy.epoch, policy.ml, policy.cpuUtilization], [1, ml, 40]);
    assert.deepEqual(
      policy.functions.map((each) => [each.functionId, each.priority, each.predictedCpuNs, each.sliceNs]),
      // By the published rule a function's slice is never longer than the one's before.
      [[8, 1, 5 * MS, 5 * MS], [5, 2, 20 * MS, 5 * MS], [3, 3, 100 * MS, 5 * MS]],
    );
    for (const each of policy.functions) assert.ok(each.table.length >= 2 * 2);
    assert.equal(learner.makePolicy(3000 * MS, 40).epoch, 2);
  }
});

Deno.test("Learner.makePolicy() shrinks slices under overload and smooths them, as its options say", () => {
  const sliceMs = (finetune: { overload?: boolean }, cpu: number) => {
    const learner = new Learner({ ml: "avg", cores: 1, finetune });
    learner.add(invocations(1, repeat(20, 5)));
    return [cpu, 0].map((each) => learner.makePolicy(0, each).functions[0]!.sliceNs / MS);
  };
  assert.deepEqual(sliceMs({}, 100), [10, 0.7 * 20 + (1 - 0.7) * 10]);
  assert.deepEqual(sliceMs({ overload: false }, 100), [20, 20]);
});

Deno.test("Learner.makePolicy() takes pressure for overload where it says more than the utilisation of all CPUs", () => {
  const sliceMs = (cpu: number, pressure: number) => {
    const learner = new Learner({ ml: "avg", cores: 1 });
    learner.add(invocations(1, repeat(20, 5)));
    const policy = learner.makePolicy(0, cpu, pressure);
    assert.equal(policy.cpuUtilization, cpu);
    return policy.functions[0]!.sliceNs / MS;
  };
  assert.deepEqual([sliceMs(5, 0), sliceMs(5, 100), sliceMs(100, 20)], [20, 10, 10]);
});

Deno.test("Learner.makePolicy() covers functions of two invocations, not of one", () => {
  const learner = new Learner({ ml: "avg", cores: 1 });
  learner.add(invocations(1, [5]));
  learner.add(invocations(2, [5, 6], 100));
  assert.deepEqual(learner.makePolicy(0, 0).functions.map((each) => each.functionId), [2]);
});

Deno.test("Learner.makePolicy() keeps the entries of functions that have left the window", () => {
  const learner = new Learner({ ml: "avg", cores: 1 });
  learner.add(invocations(1, repeat(50, 6)));
  const before = learner.makePolicy(0, 0).functions[0]!;
  learner.add(invocations(2, repeat(5, 1200), 1000));
  const after = learner.makePolicy(0, 90).functions;
  assert.deepEqual(after.map((each) => each.functionId), [2, 1]);
  assert.deepEqual(after[1], { ...before, priority: 2 });
});

Deno.test("Learner.makePolicy() takes a function of which no invocation used CPU time", () => {
  const learner = new Learner({ ml: "avg", cores: 1 });
  learner.add(invocations(1, repeat(0, 5)));
  learner.add(invocations(2, repeat(5, 5)));
  const { functions } = learner.makePolicy(0, 90);
  assert.deepEqual(functions.map(({ functionId }) => functionId), [1, 2]);
  assert.ok(functions.every(({ sliceNs, predictedCpuNs }) => sliceNs >= 0 && predictedCpuNs >= 0));
});

Deno.test("Learner.makePolicy() forgets functions that were not invoked for a week", () => {
  const learner = new Learner({ ml: "avg", cores: 1 });
  learner.add(invocations(1, repeat(5, 5)));
  learner.makePolicy(0, 0);
  const laterNs = FORGET_AFTER_NS + 3600e9;
  learner.add(invocations(2, repeat(5, 5), laterNs / MS));
  assert.deepEqual(learner.makePolicy(laterNs, 0).functions.map((each) => each.functionId), [2]);
});

Deno.test("Learner.forget() takes functions out of the next policy, also such that made one due", () => {
  const learner = new Learner({ ml: "avg", cores: 1 });
  learner.add(invocations(1, repeat(5, 5)));
  learner.add(invocations(2, repeat(5, 5)));
  learner.makePolicy(0, 0);
  learner.add(invocations(3, repeat(5, 5)));
  assert.equal(learner.due(), true);
  learner.forget([1, 3, 99]);
  assert.equal(learner.due(), false);
  assert.deepEqual(learner.makePolicy(0, 0).functions.map((each) => each.functionId), [2]);
  learner.add(invocations(1, repeat(7, 5)));
  assert.equal(learner.makePolicy(0, 0).functions[1]!.predictedCpuNs, 7 * MS, "it begins from nothing");
});

Deno.test("Learner.makePolicy() learns from the last hundred CPU times", () => {
  const learner = new Learner({ ml: "avg", cores: 1 });
  learner.add(invocations(1, [...repeat(5, 500), ...repeat(10, SEQUENCE_LENGTH)]));
  assert.equal(learner.makePolicy(0, 0).functions[0]!.predictedCpuNs, 10 * MS);
});

Deno.test("Learner.makePolicy() is empty before anything was seen", () => {
  assert.deepEqual(new Learner({ ml: "avg", cores: 1 }).makePolicy(0, 3).functions, []);
});

Deno.test("Learner.add() leaves out what cannot be a measurement, and counts it", () => {
  const learner = new Learner({ ml: "LR", cores: 1 });
  const [good] = invocations(1, [5]);
  learner.add([{ ...good!, cpuNs: NaN }, { ...good!, cpuNs: -1 }, { ...good!, startNs: Infinity }, good!]);
  assert.equal(learner.ignored, 3);
  learner.add(invocations(1, repeat(5, 4)));
  assert.equal(learner.makePolicy(0, 0).functions[0]!.predictedCpuNs, 5 * MS);
});

Deno.test("Learner gives the same policies for the same invocations", () => {
  const policies = [0, 1].map(() => {
    const learner = new Learner({ ml: "LR", cores: 2 });
    for (let id = 0; id < 300; id++) learner.add(invocations(id, [1 + id % 7, 3, 4, 9, 2 + id % 5], id * 10));
    return learner.makePolicy(0, 60);
  });
  assert.deepEqual(policies[0], policies[1]);
  assert.deepEqual(
    policies[0]!.functions.map((each) => each.priority),
    Array.from({ length: 300 }, (_, i) => i + 1),
  );
});

/** What a learner knows of a function, as it comes back from a file. */
function kept(learner: Learner, functionId: number): FunctionSamples {
  const { cpuNs, slicesNs, distribution } = learner.samplesOf(functionId)!;
  return {
    cpuNs: Float32Array.from(cpuNs),
    slicesNs: Float32Array.from(slicesNs),
    distribution: Float32Array.from(distribution!),
  };
}

Deno.test("Learner.recall() makes the policy again that was made before, by any predictor, from the first moment on", () => {
  for (const ml of ["avg", "LR"]) {
    const before = new Learner({ ml: "avg", cores: 1 }), same = new Learner({ ml, cores: 1 });
    for (const learner of [before, same]) {
      learner.add(invocations(1, [100, 2, 100, 3, 100, 2, 110]));
      learner.add(invocations(2, [50, 60, 70], 1000));
      learner.add(invocations(3, [10], 2000));
    }
    const wanted = same.makePolicy(0, 0).functions;
    before.makePolicy(0, 0);
    const learner = new Learner({ ml, cores: 1 });
    // Other numbers, and a clock that began anew.
    for (const id of [2, 1]) learner.recall(id + 10, kept(before, id), 5);
    assert.equal(before.samplesOf(3), undefined, "one sample is too little");
    assert.equal(learner.due(), true);
    const policy = learner.makePolicy(6, 0).functions;
    assert.equal(learner.due(), false);
    assert.deepEqual(policy.map((each) => each.functionId - 10), wanted.map((each) => each.functionId));
    for (const [index, { predictedCpuNs, table }] of policy.entries()) {
      const { predictedCpuNs: wantedNs, table: wantedTable } = wanted[index]!;
      assert.ok(Math.abs(predictedCpuNs / wantedNs - 1) < 1e-6);
      assert.ok(table.every((each, at) => Math.abs(each - wantedTable[at]!) < 1e-3 * wantedNs));
    }
  }
});

Deno.test("Learner.recall() goes on from what was known: one new sample does not replace it", () => {
  const before = new Learner({ ml: "avg", cores: 1 });
  before.add(invocations(1, repeat(5, 99)));
  before.makePolicy(0, 0);
  const learner = new Learner({ ml: "avg", cores: 1 });
  learner.recall(1, kept(before, 1), 0);
  learner.recall(2, { cpuNs: repeat(20 * MS, 50), slicesNs: repeat(20 * MS, 50) }, 0);
  learner.add(invocations(1, [500]));
  const [first] = learner.makePolicy(0, 0).functions;
  assert.deepEqual([first!.functionId, Math.round(first!.predictedCpuNs / MS * 100) / 100], [1, 9.95]);
  // A window that is full of new invocations says more than slices of long ago.
  learner.add(invocations(1, repeat(30, 1000), 1000));
  assert.deepEqual(learner.makePolicy(0, 0).functions.map((each) => each.functionId), [2, 1]);
});

Deno.test("Learner.recall() changes nothing of a function that is known, and takes no more than is kept", () => {
  const learner = new Learner({ ml: "avg", cores: 1 });
  learner.add(invocations(1, repeat(5, 3)));
  learner.recall(1, { cpuNs: repeat(1, 50), slicesNs: [] }, 0);
  learner.recall(2, { cpuNs: [7], slicesNs: [] }, 0);
  learner.recall(3, { cpuNs: repeat(9 * MS, 3000), slicesNs: repeat(9 * MS, 3000) }, 0);
  assert.deepEqual(learner.makePolicy(0, 0).functions.map((each) => [each.functionId, each.predictedCpuNs]), [
    [1, 5 * MS],
    [3, 9 * MS],
  ]);
  assert.deepEqual(
    [learner.samplesOf(1)!.cpuNs.length, learner.samplesOf(2), learner.samplesOf(3)!.cpuNs.length],
    [3, undefined, SEQUENCE_LENGTH],
  );
  assert.equal(learner.samplesOf(3)!.slicesNs.length, SEQUENCE_LENGTH);
});

Deno.test("Learner.forget() takes out a function that was recalled, also before the policy that it made due", () => {
  const learner = new Learner({ ml: "avg", cores: 1 });
  learner.recall(1, { cpuNs: [5, 6], slicesNs: [] }, 0);
  learner.forget([1]);
  assert.equal(learner.due(), false);
  assert.deepEqual(learner.makePolicy(0, 0).functions, []);
});

Deno.test("Learner refuses options out of range", () => {
  assert.throws(() => new Learner({ ml: "RF?", cores: 1 }), /must be one of avg, LR/);
  assert.throws(() => new Learner({ ml: "avg", cores: 0 }), /cannot learn for 0 cores/);
  assert.throws(
    () => new Learner({ ml: "avg", cores: 1, refreshGrowth: 1 }),
    /refresh growth 1: must be above 1/,
  );
});

Deno.test("Learner ranks a function anew at once that takes ten times as long, whatever the predictor", () => {
  for (const ml of PREDICTORS.keys()) {
    const learner = new Learner({ ml, cores: 1 });
    learner.add(invocations(1, repeat(5, 300)));
    learner.add(invocations(2, repeat(20, 300), 5000));
    const order = () =>
      learner.makePolicy(1e10, 0).functions.map(({ predictedCpuNs, functionId }) => [
        functionId,
        Math.round(predictedCpuNs / MS),
      ]).sort();
    assert.deepEqual(order(), [[1, 5], [2, 20]], ml);
    learner.add(invocations(1, repeat(50, 5), 12_000));
    assert.equal(learner.due(), true, ml);
    assert.deepEqual(order(), [[1, 50], [2, 20]], ml);
  }
});

Deno.test("Learner.makePolicy() has functions that are alike keep their places, however they vary", () => {
  const learner = new Learner({ ml: "avg", cores: 1 }), random = randomNumbers(4);
  const one = (functionId: number, atMs: number) =>
    invocations(functionId, [20 * (1 + 0.1 * normal(random))], atMs);
  for (let i = 0; i < 100; i++) for (const id of [1, 2, 3, 4]) learner.add(one(id, 100 * i + 25 * id));
  const places = () => learner.makePolicy(1e10, 0).functions.map(({ functionId }) => functionId).join();
  const seen = new Set([places()]);
  for (let epoch = 0; epoch < 20; epoch++) {
    for (const id of [1, 2, 3, 4]) learner.add(one(id, 10_000 + 100 * epoch + 25 * id));
    seen.add(places());
  }
  assert.ok(seen.size <= 3, [...seen].join(" "));
});

Deno.test("Learner.makePolicy() has what is known of an idle function fade, day by day", () => {
  const learner = new Learner({ ml: "gittins", cores: 1 });
  learner.add(invocations(1, repeat(5, 100)));
  learner.makePolicy(0, 0);
  const weight = () => learner.samplesOf(1)!.cpuNs.length;
  assert.equal(weight(), 100);
  const DAY = 86400e9;
  for (let day = 1; day <= 3; day++) learner.makePolicy(1e12 + day * 1.05 * DAY, 0);
  assert.ok(weight() <= 25, `${weight()}`);
});

Deno.test("Learner.makePolicy() has a prior once three functions are known: what theirs were like at first", () => {
  const learner = new Learner({ ml: "avg", cores: 1 });
  for (const [id, ms] of [[1, 5], [2, 5]] as const) learner.add(invocations(id, repeat(ms, 500)));
  assert.equal(learner.makePolicy(0, 0).prior, undefined);
  learner.add(invocations(3, repeat(400, 20)));
  const { table, tailSlope } = learner.makePolicy(0, 0).prior!;
  // Of three functions two are short: an invocation that has used more than they do is a long one.
  assert.ok(rankAt(table, tailSlope, 0) < 50 * MS, `${rankAt(table, tailSlope, 0)}`);
  assert.ok(rankAt(table, tailSlope, 20 * MS) > 250 * MS, `${rankAt(table, tailSlope, 20 * MS)}`);
});
