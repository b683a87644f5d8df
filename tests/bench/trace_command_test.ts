import assert from "node:assert/strict";
import { join } from "node:path";
import { parseTrace } from "../../traces/alps.ts";
import { madeTrace, summary } from "../../bench/trace_command.ts";
import { UsageError } from "../../cli/errors.ts";
import { runScript } from "./commands.ts";

Deno.test("alps-agent trace make writes the same trace by its options, or one for this machine, and says what is in it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const out = join(folder, "trace");
    const args = [
      "trace",
      "make",
      "--mix",
      "alike",
      "--seconds",
      "60",
      "--load",
      "0.5",
      "--cores",
      "4",
      "--seed",
      "3",
    ];
    const { status, stdout, stderr } = await runScript("agent.ts", ...args, "--measure", "--out", out);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "");
    const rows = parseTrace(await Deno.readTextFile(out));
    assert.ok(rows.length > 0);
    assert.ok(Math.abs(rows.at(-1)!.dueMs - 60_000) < 6000, String(rows.at(-1)!.dueMs));
    assert.match(
      stderr,
      new RegExp(`^${rows.length} invocations of 4 functions over .* load 0\\.\\d+ on 4 cores$`, "m"),
    );
    for (const mix of ["azure", "huawei"]) {
      const options = ["trace", "make", "--mix", mix, "--seconds", "30", "--seed"];
      const [one, same, other] = await Promise.all([
        runScript("agent.ts", ...options, "1"),
        runScript("agent.ts", ...options, "1"),
        runScript("agent.ts", ...options, "2"),
      ].map(async (finished) => (await finished).stdout));
      assert.ok(parseTrace(one!).length > 100);
      assert.equal(one, same);
      assert.notEqual(one, other);
    }
    const missing = await runScript("agent.ts", ...args, "--out", join(folder, "none", "trace"));
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /cannot write the trace to /);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("madeTrace() answers options that leave no room with a usage error", () => {
  const mix = [{ job: "fib", number: 2, n: 23, share: 1 }];
  const options = { mix, seed: 1, cores: 1, seconds: 1, cpuMsOf: () => 1000 };
  assert.throws(() => madeTrace({ ...options, load: 0.001 }), UsageError);
  assert.equal(madeTrace({ ...options, load: 5 }).length, 5);
});

Deno.test("summary() counts invocations and CPU time by function, the shortest first", () => {
  const row = (id: number, n: number, dueMs: number) => ({ id, n, job: "fib", function: `fib-${n}`, dueMs });
  const lines = summary([row(1, 30, 100), row(2, 5, 200), row(3, 30, 1000)], (_, n) => n * 10, { cores: 2 });
  assert.deepEqual(lines, [
    "fib-5        1 ×    50 ms",
    "fib-30       2 ×   300 ms",
    "3 invocations of 2 functions over 1.0 s: 0.7 s of CPU time, load 0.325 on 2 cores",
  ]);
});
