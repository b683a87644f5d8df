import assert from "node:assert/strict";
import { goalsOf } from "../../../bench/evaluation/goals.ts";
import { ratioOf } from "../../../bench/evaluation/ratios.ts";
import { documentText } from "../../../bench/evaluation/table.ts";
import { fakeDocument } from "./fake_document.ts";

const rounds = (...factors: number[]) => factors.map((factor) => ({ factor }));

Deno.test("describe() compares every policy with the default, and ALPS with the others, round by round", async () => {
  const { runs: [run] } = await fakeDocument({
    default: rounds(5, 5, 5),
    sfs: rounds(4, 6, 5),
    "alps:avg": rounds(2, 2, 2.5),
  });
  assert.equal(run!.name, "azure, load 0.9");
  assert.deepEqual(Object.keys(run!.policies), ["default", "sfs", "alps:avg", "oracle"]);
  assert.equal(run!.gap_closed["alps:avg"]!.median, 0.75);
  const against = (other: string) => ratioOf(run!, "alps:avg", other, "mean")!;
  assert.deepEqual([against("default").median, against("default").verdict], [0.4, "better"]);
  assert.deepEqual([against("sfs").median, against("sfs").verdict], [0.5, "better"]);
  assert.equal(ratioOf(run!, "sfs", "default", "mean")!.verdict, "no difference");
  assert.deepEqual(run!.functions.map(({ name, size }) => [name, size]), [
    ["short", "short"],
    ["middle", "middle"],
    ["long", "long"],
  ]);
  const { figures, context_switches } = run!.policy_list.find(({ name }) => name === "alps:avg")!;
  assert.equal(figures!.sizes.long!.mean_ms, 800);
  assert.equal(figures!.slowdown.p99, 2);
  assert.deepEqual([figures!.preemptions, context_switches], [2, 30]);
  assert.equal(run!.by_round[0]!.runs[0]!.invocations.turnaround_ms.length, 30);
});

Deno.test("describe() compares predictors with the one that was named first", async () => {
  const document = await fakeDocument({
    default: rounds(5, 5, 5),
    "alps:avg": rounds(4, 4, 4),
    "alps:gittins": rounds(2, 2, 3),
  });
  const { median, verdict } = ratioOf(document.runs[0]!, "alps:gittins", "alps:avg", "mean")!;
  assert.deepEqual([median, verdict], [0.5, "better"]);
  assert.match(documentText(document, 110), /^alps:gittins \/ alps:avg +mean turnaround 0\.50 /m);
});

Deno.test("describe() says how much of the gap was attainable in the runs as they were", async () => {
  const document = await fakeDocument({
    default: rounds(5, 5),
    sfs: rounds(4, 4),
    "alps:avg": [{ factor: 2, speed: 1.02 }, { factor: 2, speed: 1.02 }],
  });
  const [none, , alps] = document.runs[0]!.policy_list;
  assert.equal(none!.attainable, null);
  // Nobody ever waits: 2 % more CPU time, and 2.5 % of the machine with the others.
  assert.equal(alps!.left_percent, 97.5);
  assert.ok(Math.abs(alps!.attainable!.sizes_known.median - (5 - 1.02 / 0.975) / 4) < 1e-9);
  const text = documentText(document, 110).replaceAll(/\n +/g, " ");
  assert.match(
    text,
    /^alps:avg +attainable: 0\.99 \(0\.99 to 0\.99\) if all sizes were known, .* the 98 % of the machine/m,
  );
  assert.doesNotMatch(text, /sfs +attainable/);
});

Deno.test("describe() leaves out runs that are not usable, and shows a policy that never was all the same", async () => {
  const document = await fakeDocument({
    default: rounds(5, 5),
    sfs: [{ factor: 3 }, { factor: 1, speed: 1.2 }],
    rr: [{ factor: 3, speed: 1.1 }, { factor: 3, speed: 1.1 }],
  });
  const [run] = document.runs;
  const usable = Object.fromEntries(run!.policy_list.map(({ name, usable_rounds }) => [name, usable_rounds]));
  assert.deepEqual(usable, { default: 2, sfs: 1, rr: 0 });
  assert.equal(run!.policies["sfs"]!.all.n, 30);
  assert.equal(run!.policies["rr"]!.all.n, 60);
  assert.equal(ratioOf(run!, "sfs", "default", "mean")!.median, 0.6);
  const text = documentText(document, 110);
  assert.match(text, /^rr \(!\) /m);
  assert.match(text, /rr: no round was usable; its figures are of all rounds/);
  assert.match(text.replaceAll(/\n +/g, " "), /not usable +seed 2: sfs: the same invocations took 20\.0 %/);
});

Deno.test("describe() counts failures, and says which policy is not to be had", async () => {
  const document = await fakeDocument(
    { default: rounds(5), sfs: [{ factor: 3, failed: true }] },
    { notPossible: { rr: "not possible here: the kernel refuses it" } },
  );
  const [run] = document.runs;
  assert.equal(run!.policy_list.find(({ name }) => name === "sfs")!.figures!.all.failed, 1);
  const text = documentText(document, 110);
  assert.match(text, /^rr +not possible here$/m);
  assert.match(text, /^left out +rr is not possible here: the kernel refuses it$/m);
  assert.match(text, /One round says nothing about chance/);
});

Deno.test("goalsOf() takes the best ALPS, and says what is reached and what is not", async () => {
  const { runs: [run] } = await fakeDocument({
    default: rounds(5, 5, 5),
    nice: rounds(1.5, 2, 3),
    "alps:avg": rounds(3, 3, 3),
    "alps:LR": rounds(2, 2, 2),
  });
  const { policy, goals } = goalsOf(run!)!;
  assert.equal(policy, "alps:LR");
  assert.deepEqual(goals.map(({ reached }) => reached), [false, true, false, true]);
});

Deno.test("documentText() ends with what was simulated, and fits into 110 columns", async () => {
  const document = await fakeDocument({ default: rounds(5, 5), "alps:avg": rounds(2, 2) });
  const text = documentText(document, 110);
  assert.match(text, /^azure, load 0\.9, simulated/m);
  assert.match(text, /^srpt +1\.00 /m);
  assert.deepEqual(text.split("\n").filter((line) => line.length > 110), []);
});
