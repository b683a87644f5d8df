import assert from "node:assert/strict";
import { join } from "node:path";
import { parseBenchOptions } from "../../../bench/evaluation/options.ts";
import { planOf } from "../../../bench/evaluation/plan.ts";
import { mixOf, openSource, writeCommands } from "../../../bench/evaluation/sources.ts";

Deno.test("mixOf() has each kind of invocation once, and of the job that stands for any two sizes", () => {
  const row = (job: string, number: number, n: number) => ({
    id: 1,
    n,
    job,
    function: `${job}-${number}`,
    dueMs: 0,
  });
  const mix = mixOf([
    ...[row("fib", 2, 23), row("fib", 2, 24), row("fib", 2, 23)],
    ...[row("floatOperation", 1, 500), row("floatOperation", 1, 900), row("floatOperation", 2, 10)],
  ]);
  assert.deepEqual(mix.map(({ job, number, n }) => [job, number, n]), [
    ["fib", 2, 23],
    ["fib", 2, 24],
    ["floatOperation", 1, 10],
    ["floatOperation", 1, 900],
    ["floatOperation", 2, 10],
  ]);
});

Deno.test("openSource() replays a trace as it is, its time scaled with the work, or at a load", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const trace = join(folder, "trace");
    await Deno.writeTextFile(trace, "1 1800 floatOperation 100 5020\n2 1800 floatOperation 100 5020\n");
    const options = parseBenchOptions(["--trace", trace, "--work", "0.5"])!;
    const source = await openSource("trace", options, planOf(options, 1), undefined);
    const measured = { ...source.workload, cpuMsOf: () => 20 };
    const [first, second] = source.rows(measured, 1, undefined);
    const apartMs = second!.dueMs - first!.dueMs;
    const whole = parseBenchOptions(["--trace", trace, "--work", "1"])!;
    const asItIs = (await openSource("trace", whole, planOf(whole, 1), undefined)).rows(
      measured,
      1,
      undefined,
    );
    assert.equal(apartMs, (asItIs[1]!.dueMs - asItIs[0]!.dueMs) / 2);
    // 40 ms of CPU time on one core.
    assert.equal(Math.round(source.rows(measured, 1, 0.8).at(-1)!.dueMs), 50);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("openSource() runs a user's programs under their names", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const options = parseBenchOptions([
      ...["--command", "a=/bin/sleep 0", "--command", "b=/bin/true", "--rule", "exe:/bin/{function}"],
    ])!;
    const commands = await writeCommands(options, folder);
    const { workload } = await openSource("programs", options, planOf(options, 2), commands);
    assert.deepEqual(workload.mix.map(({ job }) => job), ["a", "b"]);
    assert.deepEqual(workload.rules, ["exe:/bin/{function}"]);
    assert.equal(await writeCommands(parseBenchOptions([])!, folder), undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
