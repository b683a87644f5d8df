import assert from "node:assert/strict";
import { parseDemoOptions } from "../../bench/demo_options.ts";
import { usageErrorOf } from "./usage_error.ts";

const usageError = usageErrorOf(parseDemoOptions);

Deno.test("parseDemoOptions() has a default for everything", () => {
  assert.deepEqual(parseDemoOptions([]), {
    load: 0.9,
    ml: "avg",
    seconds: 60,
    seed: 1,
    rounds: 1,
    mix: "azure",
    warm: false,
    null: false,
    json: false,
    cgroups: false,
    sessions: false,
    commands: undefined,
    drift: 3,
    rule: [],
    call: [],
  });
});

Deno.test("parseDemoOptions() reads every option", () => {
  const args = "--load 1.1 --ml LR --seconds 5 --seed 7 --rounds 3 --mix huawei --null --json".split(" ");
  const { load, ml, seconds, seed, rounds, mix, null: isNull, json } = parseDemoOptions(args)!;
  assert.deepEqual([load, ml, seconds, seed, rounds, mix, isNull, json], [
    1.1,
    "LR",
    5,
    7,
    3,
    "huawei",
    true,
    true,
  ]);
});

Deno.test("parseDemoOptions() reads programs, rules and calls", () => {
  const options = parseDemoOptions([
    ...["--commands", "/x.json", "--rule", "exe:/a/{function}", "--rule", "b=comm:b"],
    ...["--call", "a:n=1000,share=60,sigma=0.5", "--call", "b:c:share=1"],
  ])!;
  assert.deepEqual(options.rule, ["exe:/a/{function}", "b=comm:b"]);
  assert.deepEqual(options.call, [
    { name: "a", n: 1000, share: 60, sigma: 0.5 },
    { name: "b:c", n: 1, share: 1, sigma: undefined },
  ]);
});

Deno.test("parseDemoOptions() answers a mistake with one line that says what is allowed", () => {
  assert.match(
    usageError("--lod", "1"),
    /unknown option --lod \(did you mean --load\?\): allowed are --load, --ml/,
  );
  assert.match(usageError("--loadd=1"), /unknown option --loadd/);
  assert.match(usageError("--load"), /--load needs a value, a number above 0/);
  assert.match(usageError("--load", "0"), /--load must be a number above 0 and at most 10 \(got 0\)/);
  assert.match(usageError("--ml", "RF9"), /--ml must be one of avg, LR/);
  assert.match(usageError("--mix", "x"), /one of azure, huawei, alike, lognormal, two-peaked/);
  assert.match(usageError("--seconds", "1", "--seconds", "2"), /--seconds is given 2 times/);
  assert.match(usageError("--seconds", "5", "more"), /unexpected argument "more": demo takes options only/);
  assert.match(usageError("--rounds", "1.5"), /whole number/);
});

Deno.test("parseDemoOptions() refuses what does not go together", () => {
  const programs = ["--commands", "/x.json"], rule = ["--rule", "exe:/a/{function}"];
  assert.match(usageError(...rule), /--rule needs --commands/);
  assert.match(usageError("--call", "a:n=1"), /--call needs --commands/);
  assert.match(usageError(...programs), /--commands needs --rule/);
  assert.match(usageError(...programs, ...rule, "--mix", "azure"), /exclude each other/);
  assert.match(usageError(...programs, "--rule", "exe:/a"), /exe:\/a/);
  const two = ["--call", "a:n=1,share=2", "--call", "b:n=1"];
  assert.match(usageError(...programs, ...rule, ...two), /for some functions only/);
  assert.match(usageError(...programs, ...rule, "--call", "a:n=1", "--call", "a:n=2"), /twice/);
  for (const call of ["a", ":n=1", "a:", "a:x=1", "a:n=0", "a:n=1.5", "a:n=1,n=2", "a:sigma=-1", "a:n"]) {
    assert.match(usageError(...programs, ...rule, "--call", call), /--call must be NAME:KEY=NUMBER/, call);
  }
});

Deno.test("parseDemoOptions() takes --warm, but not with commands", () => {
  assert.equal(parseDemoOptions(["--warm"])!.warm, true);
  const args = ["--warm", "--commands", "f.json", "--rule", "exe:/f/{function}"];
  assert.throws(() => parseDemoOptions(args), /--warm and --commands exclude each other/);
});
