import assert from "node:assert/strict";
import { parseBenchOptions } from "../../../bench/evaluation/options.ts";
import { planOf } from "../../../bench/evaluation/plan.ts";
import { simulateConditions } from "../../../bench/evaluation/simulation.ts";
import { runScript } from "../commands.ts";

Deno.test("simulateConditions() gives the same figures anywhere, between ideal sharing and SRPT", () => {
  const plan = planOf(parseBenchOptions(["--quick"])!, 2);
  const [run] = simulateConditions(plan);
  assert.equal(run!.name, "azure, load 0.9");
  assert.deepEqual(simulateConditions(plan), [run]);
  const { ps, srpt, sfs } = run!.policies;
  assert.deepEqual([ps!.gap_closed, srpt!.gap_closed], [0, 1]);
  assert.ok(srpt!.mean_ms < ps!.mean_ms && sfs!.mean_ms > srpt!.mean_ms);
});

Deno.test("simulateConditions() leaves out what it cannot know", () => {
  assert.deepEqual(simulateConditions(planOf(parseBenchOptions(["--trace", "t"])!, 2)), []);
});

Deno.test("bench simulates where it may not measure, and says why", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { status, stdout, stderr } = await runScriptUnprivileged(
      "bench/main.ts",
      "--quick",
      "--out",
      folder,
    );
    assert.match(stdout, /^azure, load 0\.9, simulated/m);
    assert.match(stdout, /^Not measured on processes: not running as root/m);
    assert.match(stdout, /^Report: /m);
    assert.match(stderr, /^bench: not running as root, so that only the simulated part ran.*sudo/m);
    assert.equal(status, 3);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** In a user namespace of its own, where root is nobody. Who is not root already needs none. */
async function runScriptUnprivileged(script: string, ...args: string[]): ReturnType<typeof runScript> {
  if (Deno.uid() !== 0) return await runScript(script, ...args);
  const { code, stdout, stderr } = await new Deno.Command("unshare", {
    args: ["--user", Deno.execPath(), "run", "--quiet", "-A", script, ...args],
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { status: code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}
