/** Warm instances with the whole agent: learned, shown, and recognised without being told. */

import assert from "node:assert/strict";
import type {
  FunctionEntry,
  FunctionsSnapshot,
  InvocationEntry,
  PrioritySnapshot,
} from "../../api/agent_view.ts";
import { WARM_LIFE_NS } from "../../observe/auto_mode.ts";
import { hostBinaryPath } from "../../host/host.ts";
import { ForkServer } from "../../host/forkserver.ts";
import { type AgentProcess, Place } from "./agent_process.ts";
import { Instance } from "./instance.ts";
import { sleep, whyNotLive } from "./lab.ts";

function agentTest(name: string, fn: (place: Place) => Promise<void>): void {
  Deno.test({
    name,
    ignore: whyNotLive !== undefined,
    fn: async () => {
      await using place = await Place.make();
      await fn(place);
    },
  });
}

async function functionOf(agent: AgentProcess, name: string): Promise<FunctionEntry> {
  const { functions } = await agent.json<FunctionsSnapshot>("GET", "/functions");
  return functions.find((each) => each.name === name)!;
}

/** Invocations of a function, oldest first, once there are so many. */
async function invocations(agent: AgentProcess, name: string, count: number): Promise<InvocationEntry[]> {
  const answer = await agent.until<{ invocations: InvocationEntry[] }>(
    `${count} invocations of ${name}`,
    `/invocations?limit=1000&function=${name}`,
    ({ invocations }) => invocations.length >= count,
  );
  return answer.invocations.toReversed();
}

agentTest("agent: functions of a warm host are learned request by request", async (place) => {
  await using host = await ForkServer.start(hostBinaryPath(), { warm: true });
  const agent = await place.agent(
    "--rule",
    "short=comm:w-short;mode=warm",
    "--rule",
    "long=comm:w-long;mode=warm",
  );
  const requests: { pid: number; cpuUs: number }[] = [];
  for (let i = 0; i < 8; i++) {
    requests.push(await host.run({ function: "w-short", job: "floatOperation", n: 10_000 }));
    await sleep(30);
    await host.run({ function: "w-long", job: "floatOperation", n: 60_000 });
    await sleep(30);
  }
  assert.equal(new Set(requests.map(({ pid }) => pid)).size, 1);
  const short = (await invocations(agent, "short", 8)).slice(-8), long = await invocations(agent, "long", 8);
  for (const [i, { kind, pid, cpu_us, turnaround_us }] of short.entries()) {
    assert.deepEqual([kind, pid], ["warm", requests[i]!.pid]);
    const own = requests[i]!.cpuUs;
    assert.ok(cpu_us >= own * 0.9 && cpu_us <= own * 1.5 + 2000, `${cpu_us} us, the instance says ${own} us`);
    assert.ok(turnaround_us >= cpu_us * 0.9);
  }
  assert.ok(long.length >= 8);
  const learned = await agent.until<PrioritySnapshot>(
    "a policy for both",
    "/priority",
    ({ functions }) => functions.length === 2 && functions.every(({ invocations }) => invocations >= 5),
  );
  assert.deepEqual(learned.functions.map(({ name }) => name), ["short", "long"]);
  const { mode, instances, overlapped } = await functionOf(agent, "short");
  assert.deepEqual([mode, instances, overlapped], ["warm", 1, 0]);
  assert.equal(await agent.metric("alps_active_invocations"), 0);
  assert.equal(
    await agent.metric('alps_function_invocations_total{function="short"}'),
    (await invocations(agent, "short", 8)).length,
  );
  await host.close();
  await agent.until<FunctionsSnapshot>(
    "no instance",
    "/functions",
    ({ functions }) => functions.every(({ instances }) => instances === 0),
  );
  const { code, stderr } = await agent.end("SIGTERM");
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /overlap/);
});

agentTest(
  "agent: mode auto recognises a warm function, and says when requests overlap in it",
  async (place) => {
    const agent = await place.agent("--rule", `exe:${place.folder}/{function}`);
    await using instance = await Instance.start(place, "served", "-t", 3);
    const start = performance.now();
    // Requests with pauses until it has lived for long enough.
    while (performance.now() - start < WARM_LIFE_NS / 1e6 + 2000) {
      await instance.request("w2");
      await sleep(100);
      if (performance.now() - start < WARM_LIFE_NS / 1e6 / 2) {
        const mode = (await functionOf(agent, "served"))?.mode ?? "process";
        assert.equal(mode, "process", "not yet");
      }
    }
    await agent.until<FunctionsSnapshot>(
      "it is warm",
      "/functions",
      ({ functions }) => functions[0]?.mode === "warm",
    );
    await instance.request("w2"); // ends what was before
    await sleep(50);
    await instance.send("w30", "w30", "w30");
    await instance.answers(3);
    const found = await agent.until<{ invocations: InvocationEntry[] }>(
      "the three at once",
      "/invocations",
      ({ invocations }) => invocations.some(({ cpu_us }) => cpu_us > 80_000),
    );
    assert.ok(
      found.invocations.every(({ kind, cpu_us }) => kind === "warm" && cpu_us < 200_000),
      "nothing of the past",
    );
    assert.ok((await functionOf(agent, "served")).overlapped >= 1);
    const { stderr } = await agent.end("SIGTERM");
    assert.match(stderr, /function "?served"? is warm/);
    assert.equal(stderr.match(/has several tasks at work/g)?.length, 1, stderr);
  },
);
