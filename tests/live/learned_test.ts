/** What an agent has learned, the next one knows. */

import assert from "node:assert/strict";
import type { PrioritySnapshot } from "../../api/agent_view.ts";
import { FUNCTION_FILE_NAME } from "../../learn/store/function_file.ts";
import { type AgentProcess, Place } from "./agent_process.ts";
import { until, whyNotLive } from "./lab.ts";

/** Waits for a policy that has these functions; returns it. */
function policyFor(agent: AgentProcess, ...names: string[]): Promise<PrioritySnapshot> {
  return agent.until<PrioritySnapshot>(
    `a policy for ${names}`,
    "/priority",
    ({ functions }) => names.every((name) => functions.some((each) => each.name === name)),
  );
}

Deno.test({
  name:
    "agent: starts with what the one before knew, whether that was ended or killed, until the file is damaged",
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const short = await place.program("fn/short"), long = await place.program("fn/long");
    const rule = ["--rule", `exe:${place.folder}/fn/{function}`, "--epoch", "1"];
    const file = `${place.folder}/state/${FUNCTION_FILE_NAME}`;
    const predicted = (policy: PrioritySnapshot, name: string) =>
      policy.functions.find((each) => each.name === name)!.predicted_cpu_us;

    const first = await place.agent(...rule);
    // One that nobody waits for, so that the others are seen from their start.
    place.start(await place.program("fn/idle"), 0);
    await place.run(8, short, 5);
    await place.run(8, long, 60);
    const learned = await policyFor(first, "short", "long");
    await until("it is written", () => Deno.statSync(`${file}-wal`).size > 0);
    // The rest after a write, and an epoch: then all is written that was learned.
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    await first.end("SIGKILL");

    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      const next = await place.agent(...rule, "--ml", "LR");
      await until("it has read them", () => /functions are known from before/.test(next.stderr));
      // These have not ended when they are in the policy.
      const running = [place.start(long, 0), place.start(short, 0)];
      const policy = await policyFor(next, "short", "long");
      assert.equal(policy.ml, "LR");
      assert.deepEqual(policy.functions.map(({ name, priority }) => [name, priority]), [
        ["short", 1],
        ["long", 2],
      ]);
      for (const name of ["short", "long"]) {
        const ratio = predicted(policy, name) / predicted(learned, name);
        assert.ok(ratio > 0.4 && ratio < 2.5, `${name}: ${ratio}`);
      }
      for (const process of running) process.kill("SIGKILL");
      const { code } = await next.end(signal);
      if (signal === "SIGTERM") {
        assert.equal(code, 0);
        assert.throws(() => Deno.statSync(`${file}-wal`), Deno.errors.NotFound);
      }
    }

    Deno.writeFileSync(file, Deno.readFileSync(file).subarray(0, 5000));
    const last = await place.agent(...rule);
    const said = /what was learned before cannot be read from [^\n]*; the file is now \S+\.unusable-/;
    await until("it has said so", () => said.test(last.stderr));
    assert.equal((await last.request("GET", "/readyz")).status, 200);
    const { code, stderr } = await last.end("SIGTERM");
    assert.equal(code, 0, stderr);
  },
});
