import assert from "node:assert/strict";
import { join } from "node:path";
import { policyTable } from "../../bench/report.ts";
import { readInvocations, simulateRun } from "../../bench/simulate_command.ts";
import { POLICY_NAMES } from "../../cli/commands.ts";
import { POLICIES } from "../../simulate/policies.ts";
import { makeWorkload } from "../../simulate/workload.ts";
import { runScript } from "./commands.ts";

/** One line of a record: a start in seconds of a day, and a CPU time. */
function entry(name: string, startS: number, cpu_us: number): string {
  const start = `2026-01-01T00:00:0${startS.toFixed(6)}Z`;
  return JSON.stringify({ function: name, pid: 1, start, end: start, cpu_us, execution_us: cpu_us }) + "\n";
}

/** A file of whatever format, all of it. */
const WHOLE = { format: undefined, durations: undefined, seed: 1, seconds: undefined, limit: undefined };

const RECORD = entry("long", 0, 90_000) + entry("short", 0.01, 10_000) + entry("short", 0.02, 10_000);

async function withFile(text: string, use: (path: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "trace");
    await Deno.writeTextFile(path, text);
    await use(path, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Every number within a value, by JSON's rules; null, as which NaN is written, fails. */
function assertFinite(value: unknown): void {
  if (typeof value === "number") return assert.ok(Number.isFinite(value));
  assert.notEqual(value, null);
  if (typeof value === "object") Object.values(value!).forEach(assertFinite);
}

Deno.test("alps-agent simulate knows the same policies on the command line and in the simulation", () => {
  assert.deepEqual(POLICY_NAMES, [...POLICIES.keys()]);
});

Deno.test("alps-agent simulate prints a table, or one document, and draws", () =>
  withFile(RECORD, async (path, folder) => {
    const args = ["agent.ts", "simulate", "--trace", path, "--policy", "ps,srpt,gittins"];
    const table = await runScript(args[0]!, ...args.slice(1), "--plot", join(folder, "p.svg"));
    assert.equal(table.status, 0, table.stderr);
    // SRPT: 10–20 and 20–30 the short ones, the long one at 110; fair: 10–35 or so.
    assert.match(table.stdout, /^srpt +43 +10 +110 +110 /m);
    assert.match(table.stdout, /^3 invocations of 2 functions, load 5\.50 on 1 core\./m);
    assert.match(await Deno.readTextFile(join(folder, "p.svg")), /^<svg /);
    const document = await runScript(args[0]!, ...args.slice(1), "--json");
    const { machine, commit, runs } = JSON.parse(document.stdout);
    assert.ok(machine.cores > 0 && typeof commit === "string");
    const [run] = runs;
    assert.deepEqual(Object.keys(run.policies), ["default", "ps", "srpt", "gittins", "oracle"]);
    assert.deepEqual(run.policies.default, run.policies.ps);
    assert.equal(run.policies.srpt.functions.short.mean_ms, 10);
    assert.deepEqual(run.gap_closed.srpt, { median: 1, low: 1, high: 1 });
    assert.equal(run.gap_closed.ps.median, 0);
    assert.equal(run.cores, 1);
    assert.equal(run.rounds, 1);
    const nowhere = await runScript(args[0]!, ...args.slice(1), "--plot", join(folder, "none", "p.svg"));
    assert.equal(nowhere.status, 1);
    assert.match(nowhere.stderr, /^alps-agent: cannot write the drawing [^\n]+\n$/);
  }));

Deno.test("alps-agent simulate refuses bad options with status 2, and files that it cannot use with 1", () =>
  withFile("", async (path) => {
    const simulate = (...args: string[]) => runScript("agent.ts", "simulate", ...args);
    const bad: [string[], RegExp][] = [
      [[], /simulate needs --trace FILE$/m],
      [["--trace", path], /simulate needs --policy NAME/],
      [
        ["--trace", path, "--policy", "lifo"],
        /--policy must be different names, .*fifo, rr, .* \(got lifo\)/,
      ],
      [["--trace", path, "--policy", "ps,ps"], /\(got ps,ps\)/],
      [["--trace", path, "--policy", "ps", "--cores", "0"], /--cores must be a whole number from 1 to 4096/],
      [["--trace", path, "--policy", "ps", "--min-run", "-1"], /--min-run must be a number from 0/],
    ];
    for (const [args, message] of bad) {
      const { status, stdout, stderr } = await simulate(...args);
      assert.equal(status, 2, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, message);
    }
    const files: [string, RegExp][] = [
      ["", /: it has no invocations\n$/],
      ["1 2\n", /cannot read line 1 of ".*": it has 2 fields/],
      ['{"function": "f"}\n', /cannot read line 1 of ".*": /],
      [entry("f", 0, -5), /member "cpu_us" is "-5", wanted microseconds from 0/],
    ];
    for (const [text, message] of files) {
      await Deno.writeTextFile(path, text);
      const { status, stderr } = await simulate("--trace", path, "--policy", "ps");
      assert.equal(status, 1, stderr);
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    }
  }));

Deno.test("readInvocations() takes due times from a trace and CPU times from whoever measures", () =>
  withFile("1 23 fib 10 5002\n2 28 fib 5.5 5006\n", async (path) => {
    const measured: string[] = [];
    const invocations = await readInvocations({ ...WHOLE, trace: path }, (calls) => {
      for (const { job, n } of calls) measured.push(`${job} ${n}`);
      return Promise.resolve((_job, n) => n / 10);
    });
    assert.deepEqual(measured, ["fib 23", "fib 28"]);
    assert.deepEqual(invocations, [
      { function: "fib-2", arrivalNs: 10e6, cpuNs: 2.3e6 },
      { function: "fib-6", arrivalNs: 15.5e6, cpuNs: 2.8e6 },
    ]);
  }));

Deno.test("simulateRun() of one, of all alike and of nothing to do has no NaN, and no gap where there is none", () => {
  const alike = (count: number, cpuNs: number) =>
    makeWorkload(new Array(count).fill({ function: "__proto__", arrivalNs: 0, cpuNs }));
  for (const workload of [alike(1, 5e6), alike(50, 5e6), alike(3, 0), alike(0, 0)]) {
    const policies = [...POLICIES.keys()];
    const options = { trace: "t", policies, cores: 2, minRunMs: 1, switchCostUs: 2 };
    const { run } = simulateRun(workload, options);
    assertFinite(run);
    assert.equal(run.policies.default!.all.n, workload.cpuNs.length);
    if (workload.cpuNs.length < 2) assert.deepEqual(run.gap_closed, {});
    assert.doesNotMatch(policyTable(run, policies, run.switches, 80), /NaN|Infinity/);
  }
});
