import assert from "node:assert/strict";
import { describeDemo } from "../../bench/demo_document.ts";
import { parseDemoOptions } from "../../bench/demo_options.ts";
import { planText, resultText } from "../../bench/demo_report.ts";
import { compareDemo, type DemoResult } from "../../bench/demo_result.ts";
import type { PolicyRun } from "../../bench/policy_run.ts";

const POLICIES: DemoResult["policies"] = [
  { name: "default", backend: "none", ml: "avg" },
  { name: "alps:avg", backend: "auto", ml: "avg" },
];

function run(policy: PolicyRun["policy"], factor: number, elsewherePercent = 1): PolicyRun {
  const measured = [["fib-2", 10], ["featureExtractor-14", 1000]].map(([name, cpuMs], index) => ({
    function: String(name),
    dueMs: index * 60_000,
    endMs: index * 60_000 + Number(cpuMs) * factor,
    cpuMs: Number(cpuMs),
    executionMs: Number(cpuMs),
    failed: false,
  }));
  return {
    policy,
    measurement: { joined: [], measured, failed: 0, unrecorded: 0, firstSights: 0 },
    replay: { latenessMs: { p50: 0.5, p99: 2 }, clientCpuMs: 0.5, wallMs: 60_000 },
    agent: {
      cpuPercent: 1.25,
      peakMemoryMb: 64,
      learned: {
        firstS: 0.6,
        allS: policy.backend === "none" ? undefined : 7.3,
        backend: "stock",
        ranks: [],
      },
      messages: [],
    },
    elsewherePercent,
    stealPercent: 0,
    contextSwitches: 1000,
    groupDemotions: 0,
  };
}

function result(args: string[], factors: readonly number[], elsewherePercent?: number): DemoResult {
  return {
    options: parseDemoOptions(args)!,
    description: "an Azure-shaped trace",
    cores: 2,
    policies: POLICIES,
    rounds: factors.map((factor, index) => ({
      seed: index + 1,
      runs: [run(POLICIES[0], 5, elsewherePercent), run(POLICIES[1], factor, elsewherePercent)],
    })),
  };
}

Deno.test("planText() says what is going to run and how long it takes", () => {
  const text = planText(result(["--rounds", "5", "--load", "1.1"], []), 80);
  assert.match(
    text.replaceAll("\n", " "),
    /^5 rounds of 60 s at load 1.1 on 2 cores: an Azure-shaped trace \(seeds 1 to 5\)/,
  );
  assert.match(text.replaceAll("\n", " "), /About 12 minutes in all\.$/);
  assert.ok(text.split("\n").every((line) => line.length <= 80), text);
});

Deno.test("resultText() says what came of it in 80 columns", () => {
  const measured = result([], [2]);
  const text = resultText(measured, compareDemo(measured), 80);
  assert.ok(text.split("\n").every((line) => line.length <= 80), text);
  const prose = text.replaceAll(/\n +/g, " ");
  assert.match(prose, /^mean turnaround +2525 -> 1010 ms, ratio 0\.40$/m);
  assert.match(prose, /^gap closed +0\.75 of the way to the oracle's 505 ms/m);
  assert.match(prose, /^longest function +featureExtractor-14: p99 ratio 0\.40$/m);
  assert.match(prose, /^learned +first policy after 0\.6 s, for all functions after 7\.3 s$/m);
  assert.match(prose, /^agent +1\.3 % of one core, 64 MiB, backend stock$/m);
  assert.match(prose, /late by 0\.5 ms \(p50\), 2\.0 ms \(p99\)/);
  assert.match(text, /Next:\n {2}deno task demo --load 1\.1/);
  assert.doesNotMatch(text, /disturbed/);
});

Deno.test("resultText() shows intervals over rounds, and programs that disturbed them", () => {
  const measured = result(["--rounds", "3"], [2, 3, 4], 40);
  const text = resultText(measured, compareDemo(measured), 200);
  assert.match(text, /^gap closed +0\.50 \(0\.25 to 0\.75\) of the way/m);
  assert.match(text, /^disturbed +other programs, host and client took 40 % and 40 % of the machine/m);
});

Deno.test("resultText() says when the runs differ by more than is allowed without --drift", () => {
  const measured = result(["--drift", "10"], [2]);
  const slower = measured.rounds[0]!.runs[1]!.measurement.measured[1]! as { cpuMs: number };
  slower.cpuMs = 1020;
  assert.doesNotMatch(resultText(measured, compareDemo(measured), 200), /^drift/m);
  slower.cpuMs = 1050;
  const text = resultText(measured, compareDemo(measured), 200);
  assert.match(text, /^drift +the same invocations took up to 5\.0 % more CPU time in one run than in/m);
});

Deno.test("resultText() says when there was no gap to close", () => {
  const measured = {
    ...result([], [1]),
    rounds: [{ seed: 1, runs: [run(POLICIES[0], 1), run(POLICIES[1], 1)] }],
  };
  assert.match(
    resultText(measured, compareDemo(measured), 80),
    /^gap closed +none to close: the default reached/m,
  );
});

Deno.test("describeDemo() is the run of the document, with what only the demo knows", () => {
  const measured = result(["--rounds", "2", "--seed", "1"], [2, 3]);
  const document = describeDemo(measured, compareDemo(measured));
  assert.deepEqual(
    [document.trace, document.load, document.cores, document.rounds],
    ["an Azure-shaped trace, 60 s, seed 1", 0.9, 2, 2],
  );
  assert.deepEqual(Object.keys(document.policies), ["default", "alps:avg", "oracle"]);
  assert.deepEqual(Object.keys(document.gap_closed), ["alps:avg"]);
  assert.equal(document.gap_closed["alps:avg"]!.median, 0.625);
  assert.deepEqual(document.by_round.map(({ gap_closed, mean_ms }) => [gap_closed, mean_ms.default]), [
    [0.75, 2525],
    [0.5, 2525],
  ]);
  assert.deepEqual(document.agents.default, {
    cpu_percent: 1.25,
    peak_memory_mb: 64,
    first_policy_s: 0.6,
    all_learned_s: null,
  });
});
