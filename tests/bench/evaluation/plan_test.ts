import assert from "node:assert/strict";
import { parseBenchOptions } from "../../../bench/evaluation/options.ts";
import { expectedSeconds, planOf, planText } from "../../../bench/evaluation/plan.ts";

const plan = (...args: string[]) => planOf(parseBenchOptions(args)!, 2);
const names = (...args: string[]) => plan(...args).policies.map(({ name }) => name);

Deno.test("planOf() fits the usual evaluation into about 15 minutes, --quick into 3, and --full takes hours", () => {
  const minutes = (...args: string[]) => expectedSeconds(plan(...args)) / 60;
  assert.ok(minutes() > 10 && minutes() <= 16, `${minutes()}`);
  assert.ok(minutes("--quick") > 2 && minutes("--quick") <= 3.2, `${minutes("--quick")}`);
  assert.ok(minutes("--full") > 120, `${minutes("--full")}`);
});

Deno.test("planOf() measures what each kind of evaluation is for, the default first", () => {
  assert.deepEqual(names(), ["default", "nice", "sfs", "alps:avg"]);
  assert.deepEqual(names("--quick"), ["default", "alps:avg"]);
  assert.deepEqual(names("--full"), [
    ...["default", "nice", "rr", "sfs", "hybrid"],
    ...["alps:avg", "alps:LR", "alps:RF", "alps:EWMV", "alps:gittins"],
  ]);
  assert.deepEqual(names("--policy", "rr", "--policy", "default", "--ml", "LR"), [
    "default",
    "rr",
    "alps:LR",
  ]);
  assert.deepEqual(plan("--full").conditions.map(({ source, load }) => [source, load]), [
    ...[["azure", 0.7], ["azure", 0.9], ["azure", 1.1]],
    ...[["huawei", 0.7], ["huawei", 0.9], ["huawei", 1.1]],
  ]);
  assert.deepEqual(plan("--quick").conditions, [{ source: "azure", load: 0.9 }]);
});

Deno.test("planOf() has both tunings, each alone and none in an ablation", () => {
  const { policies } = plan("ablation");
  const args = policies.map(({ make }) => make({ cores: 2, sizes: new Map() }).agent.args ?? []);
  assert.deepEqual(args, [[], [], ["--overload"], ["--unpred"], ["--unpred", "--overload"]]);
});

Deno.test("planOf() varies one setting at a time in a study of sensitivity, and the predictor", () => {
  const { policies } = plan("sensitivity", "--ml", "LR");
  const options = policies.flatMap(({ make }) => make({ cores: 2, sizes: new Map() }).agent.args?.[0] ?? []);
  assert.deepEqual(new Set(options), new Set(["--alpha", "--beta", "--theta", "--gamma", "--epoch"]));
  const predictors = policies.map(({ name }) => name).filter((name) => /^alps:\w+$/.test(name));
  assert.deepEqual(predictors.sort(), ["alps:EWMV", "alps:LR", "alps:RF", "alps:avg", "alps:gittins"]);
  assert.equal(new Set(policies.map(({ name }) => name)).size, policies.length);
});

Deno.test("planOf() takes a trace at its own load, and programs without scaling their work", () => {
  assert.deepEqual(plan("--trace", "t").conditions, [{ source: "trace", load: undefined }]);
  const programs = plan("--command", "a=/bin/true", "--rule", "exe:/bin/{function}");
  assert.deepEqual([programs.work, programs.conditions[0]!.source], [1, "programs"]);
});

Deno.test("planOf() scales the work of long functions down, not that of short ones", () => {
  const work = (...args: string[]) => plan(...args).work;
  assert.deepEqual([work(), work("--trace", "t"), work("--mix", "huawei", "--mix", "azure")], [
    0.25,
    0.25,
    0.25,
  ]);
  assert.deepEqual([work("--full"), work("--mix", "huawei"), work("--mix", "alike")], [1, 1, 1]);
  assert.equal(work("--mix", "huawei", "--work", "0.5"), 0.5);
});

Deno.test("planText() says what is going to run and how long it takes", () => {
  const text = planText(plan("--rounds", "2", "--load", "0.9"), 80);
  assert.match(
    text.replaceAll("\n", " "),
    /^2 rounds of 16 s on 2 cores, each of 1 trace under each of 4 policies: 8 runs, about 4 minutes in all\./,
  );
  for (const part of ["azure, load 0.9", "seeds 1 to 2", "0.25 of its work", "SFS (SC '22)"]) {
    assert.ok(text.includes(part), part);
  }
  assert.ok(text.split("\n").every((line) => line.length <= 80), text);
});
