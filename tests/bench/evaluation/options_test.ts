import assert from "node:assert/strict";
import { parseBenchOptions, parseCommands } from "../../../bench/evaluation/options.ts";
import { usageErrorOf } from "../usage_error.ts";

const usageError = usageErrorOf(parseBenchOptions);

Deno.test("parseBenchOptions() takes a study's name first, and options that may be repeated", () => {
  assert.equal(parseBenchOptions([])!.study, "evaluation");
  const { study, load, ml, mix, json } = parseBenchOptions(
    "ablation --load 0.9 --load 1.1 --ml LR --mix huawei --mix azure --json".split(" "),
  )!;
  assert.deepEqual([study, load, ml, mix, json], ["ablation", [0.9, 1.1], ["LR"], ["huawei", "azure"], true]);
});

Deno.test("parseBenchOptions() refuses what does not go together, in one line", () => {
  const command = ["--command", "a=/bin/true"], rule = ["--rule", "exe:/bin/{function}"];
  assert.match(usageError("--quick", "--full"), /exclude each other/);
  assert.match(usageError("--trace", "t", "--mix", "azure"), /--trace and --mix exclude each other/);
  assert.match(usageError(...command), /--command needs --rule RULE/);
  assert.match(usageError(...rule), /--rule needs --command/);
  assert.match(usageError(...command, ...rule, "--work", "0.5"), /--command and --work exclude/);
  assert.match(usageError(...command, ...rule, "--host", "warm"), /a process for each request/);
  assert.match(usageError("--full", "--trace", "t"), /published mixes/);
  assert.match(usageError("ablation", "--quick"), /policies of its own/);
  assert.match(usageError("sensitivity", "--ml", "LR", "--ml", "avg"), /takes one --ml/);
  assert.match(usageError("--durations", "d"), /wanted with it/);
  assert.match(usageError("--policy", "lottery"), /--policy must be .*default.*sfs/);
  assert.match(usageError("--rule", "nonsense:x", ...command), /nonsense/);
  assert.match(usageError("--roundz", "3"), /unknown option --roundz \(did you mean --rounds\?\)/);
  assert.match(usageError("quick"), /unexpected argument "quick": bench takes options only/);
});

Deno.test("parseCommands() reads programs with their arguments", () => {
  assert.deepEqual(parseCommands(["a=/bin/gzip -k  {n}", "b=/bin/true"]), {
    a: ["/bin/gzip", "-k", "{n}"],
    b: ["/bin/true"],
  });
  assert.throws(() => parseCommands(["a=gzip"]), /must be NAME=\/path\/to\/program/);
  assert.throws(() => parseCommands(["a=/bin/true", "a=/bin/false"]), /twice for one name/);
});
