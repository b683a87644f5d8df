/** Schedulers in user space on real processes: what they set is there, and what lives on is put back. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { statOf } from "../../bench/policies/linux_tasks.ts";
import type { SchedulerSpec } from "../../bench/policies/policy.ts";
import { SCHED_RR } from "../../bench/policies/scheduler.ts";
import { PolicyThread } from "../../bench/policies/thread.ts";
import { SCHED_FIFO, SCHED_NORMAL } from "../../ffi/libc.ts";
import { ForkServer } from "../../host/forkserver.ts";
import { hostBinaryPath } from "../../host/host.ts";

const reason = Deno.uid() === 0 ? undefined : "setting scheduling attributes needs root";
if (reason !== undefined) console.log(`skip: ${reason}`);
const options = { ignore: reason !== undefined };

const CORES = navigator.hardwareConcurrency;

/** A host whose invocations a policy thread hears of. */
interface Scene {
  readonly thread: PolicyThread;
  readonly host: ForkServer;
}

async function withScene(warm: boolean, action: (scene: Scene) => Promise<void>): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir();
  resources.defer(() => Deno.remove(folder, { recursive: true }));
  const pipe = join(folder, "pipe");
  const thread = resources.use(await PolicyThread.start(pipe, CORES, warm));
  const host = resources.use(await ForkServer.start(hostBinaryPath(), { warm, announce: pipe }));
  await action({ thread, host });
}

/**
 * Runs a job of about so much CPU time and returns all the ways in which its process was seen scheduled meanwhile, added to
 * `seen`. What lasts for a moment may pass unseen: a real-time process keeps this one from looking.
 */
async function seenWhile(
  { host }: Scene,
  name: string,
  cpuMs: number,
  seen = new Set<string>(),
): Promise<Set<string>> {
  let running = true;
  const done = host.run({ function: name, job: "floatOperation", n: 1800 * cpuMs }).finally(() =>
    running = false
  );
  while (running) {
    for (const pid of childrenOf(host.pid)) {
      const stat = statOf(pid);
      if (stat && stat.state !== "Z") seen.add(`${stat.policy} ${stat.nice}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await done;
  return seen;
}

function childrenOf(pid: number): number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

const CASES: readonly (readonly [string, SchedulerSpec | undefined, string])[] = [
  ["nothing", undefined, `${SCHED_NORMAL} 0`],
  ["a nice value by function", { kind: "nice", niceOf: new Map([["f", -7]]) }, `${SCHED_NORMAL} -7`],
  ["SCHED_RR", { kind: "rr" }, `${SCHED_RR} 0`],
  ["SFS", { kind: "sfs", cores: CORES }, `${SCHED_FIFO} 0`],
  ["FIFO + fair", { kind: "hybrid" }, `${SCHED_FIFO} 0`],
];

for (const [what, spec, wanted] of CASES) {
  Deno.test(`policy thread: ${what} is set on a function's process`, options, async () => {
    await withScene(false, async (scene) => {
      await scene.thread.begin(spec);
      const seen = new Set<string>();
      let jobs = 0;
      while (!seen.has(wanted) && jobs < 20) {
        await seenWhile(scene, "f", 100, seen);
        jobs++;
      }
      const { started, refused } = await scene.thread.end();
      assert.deepEqual([...refused], []);
      assert.equal(started, jobs);
      assert.ok(seen.has(wanted), `wanted ${wanted}, seen ${[...seen].join(", ")}`);
    });
  });
}

Deno.test("policy thread: SFS gives a process back to the default after its slice", options, async () => {
  await withScene(false, async (scene) => {
    await scene.thread.begin({ kind: "sfs", cores: CORES });
    const seen = new Set<string>(), both = () => seen.has(`${SCHED_FIFO} 0`) && seen.has(`${SCHED_NORMAL} 0`);
    for (let jobs = 0; !both() && jobs < 20; jobs++) await seenWhile(scene, "f", 200, seen);
    await scene.thread.end();
    assert.ok(both(), [...seen].join(", "));
  });
});

Deno.test(
  "policy thread: a warm process is put back after each invocation, and at the end",
  options,
  async () => {
    await withScene(true, async (scene) => {
      const { thread, host } = scene;
      await thread.begin({ kind: "rr" });
      const seen = new Set<string>();
      for (let jobs = 0; !seen.has(`${SCHED_RR} 0`) && jobs < 20; jobs++) {
        await seenWhile(scene, "f", 50, seen);
      }
      assert.ok(seen.has(`${SCHED_RR} 0`), [...seen].join(", "));
      const [instance] = childrenOf(host.pid);
      // The answer may be here before the thread has heard of the end.
      while (statOf(instance!)!.policy !== SCHED_NORMAL) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      // A host gives an instance no request before it has rested for 10 ms.
      await new Promise((resolve) => setTimeout(resolve, 100));
      // One that is under way when the policy ends.
      const under = host.run({ function: "f", job: "floatOperation", n: 1800 * 300 });
      while (statOf(instance!)!.policy !== SCHED_RR) await new Promise((resolve) => setTimeout(resolve, 1));
      await thread.end();
      assert.equal(statOf(instance!)!.policy, SCHED_NORMAL);
      await under;
    });
  },
);
