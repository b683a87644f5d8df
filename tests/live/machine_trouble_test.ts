/** Bad days of the machine: a real-time hog on every CPU, no memory left, and a CPU that is switched off. */

import assert from "node:assert/strict";
import type { EnforcementSnapshot } from "../../api/agent_view.ts";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { Place } from "./agent_process.ts";
import { nativeProgram } from "./build_native.ts";
import { type Lab, liveTest, scheduling, sleep, until, whyNotLive } from "./lab.ts";

const SCHED_NORMAL = 0;

/** Starts so many processes of a function that spin until they are killed, and waits until they are followed. */
async function spinners(lab: Lab, count: number): Promise<number[]> {
  lab.rule("exe:{lab}/fn-{function}");
  const path = await lab.program("fn-f");
  const pids = Array.from({ length: count }, () => lab.start(path, 0).pid);
  await until("all of them", () => lab.observer.shared.counters().active === count);
  return pids;
}

const normal = (pids: number[]) => pids.filter((pid) => scheduling(pid).policy === SCHED_NORMAL).length;

Deno.test({
  name:
    "agent: a real-time hog on every CPU is noticed, said, and got over, and everything is put back meanwhile",
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const program = await place.program("fn/f"), n = onlineCpus().length;
    // Every task waits for as long as the hog runs: that is not to be the reason.
    const rule = `exe:${place.folder}/fn/{function}`;
    const agent = await place.agent("--rule", rule, "--max-wait", "3600");
    const pids = Array.from({ length: 4 * n }, () => place.start(program, 0).pid);
    await until("an order", () => normal(pids) === n);

    const hog = place.start(await nativeProgram("hog"), 50, 5);
    assert.equal((await hog.status).code, 0);
    const off = await agent.until<EnforcementSnapshot>(
      "the guard",
      "/enforcement",
      ({ by }) => by === "guard",
    );
    assert.match(off.reason!, /^the agent has reacted later than 50 ms for [3-9]\.[0-9] s$/);
    assert.equal(normal(pids), pids.length, "everything is put back");
    const { status, text } = await agent.request("GET", "/readyz");
    assert.equal(status, 503);
    assert.match(text, /enforcement is off: the agent has reacted later than 50 ms/);
    assert.equal(await agent.metric('alps_guard_trips_total{reason="late"}'), 1);
    assert.match(
      agent.stderr,
      /enforcement is off: "the agent has reacted later than 50 ms for .*"; trying again in 10 s/,
    );
    assert.equal(await agent.metric('alps_events_lost_total{reason="ring_full"}'), 0);

    await agent.until<EnforcementSnapshot>("a new attempt", "/enforcement", ({ enabled }) => enabled);
    await until("an order again", () => normal(pids) === n);
    assert.equal((await agent.request("GET", "/readyz")).status, 200);
    assert.equal((await agent.end("SIGTERM")).code, 0);
    assert.equal(normal(pids), pids.length);
  },
});

Deno.test({
  name:
    "agent: where the machine runs out of memory everything is put back, and ordered again when there is some",
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const program = await place.program("fn/f"), n = onlineCpus().length;
    // What this agent alone is told of the machine's memory.
    const file = `${place.folder}/meminfo`, real = Deno.readTextFileSync("/proc/meminfo");
    Deno.writeTextFileSync(file, real);
    const agent = place.spawnAgent(
      ["--rule", `exe:${place.folder}/fn/{function}`, "--max-wait", "3600"],
      ["/bin/sh", "-c", `mount --bind ${file} /proc/meminfo && exec "$0" "$@"`],
    );
    await agent.listening();
    const pids = Array.from({ length: 4 * n }, () => place.start(program, 0).pid);
    await until("an order", () => normal(pids) === n);

    Deno.writeTextFileSync(file, real.replace(/^MemAvailable:.*$/m, "MemAvailable:       5120 kB"));
    await agent.until<EnforcementSnapshot>("the guard", "/enforcement", ({ by }) => by === "guard");
    assert.equal(normal(pids), pids.length, "everything is put back");
    const { status, text } = await agent.request("GET", "/readyz");
    assert.equal(status, 503);
    assert.match(text, /enforcement is off: the machine has 5 MiB of memory left/);
    assert.equal(await agent.metric('alps_guard_trips_total{reason="memory"}'), 1);
    assert.match(
      agent.stderr,
      /enforcement is off: "the machine has 5 MiB of memory left"; trying again in 10 s/,
    );

    Deno.writeTextFileSync(file, real);
    await agent.until<EnforcementSnapshot>("a new attempt", "/enforcement", ({ enabled }) => enabled);
    await until("an order again", () => normal(pids) === n);
    assert.equal((await agent.request("GET", "/readyz")).status, 200);
    assert.equal((await agent.end("SIGTERM")).code, 0);
    assert.equal(normal(pids), pids.length);
  },
});

Deno.test(
  liveTest("EventThread.silentForNs() tells that it gets no CPU, while it gets none", async (lab) => {
    const silentS = () => lab.events.silentForNs(lab.observer.libc.monotonicNs()) / 1e9;
    await sleep(3000);
    assert.ok(silentS() < 2, `idle, it looks at events once a second: ${silentS()}`);
    const hog = lab.start(await nativeProgram("hog"), 50, 5);
    let longestS = 0;
    // The kernel leaves other programs some 5 % of the CPUs.
    const looking = setInterval(() => longestS = Math.max(longestS, silentS()), 20);
    assert.equal((await hog.status).code, 0);
    clearInterval(looking);
    assert.ok(longestS > 3, `it was silent for ${longestS} s at most`);
    await until("it looks at events again", () => silentS() < 1.5);
  }, "stock"),
);

/** The last CPU's switch, where this machine has one. */
function cpuSwitch(): { set(on: boolean): void; cpu: number } | string {
  const cpu = onlineCpus().at(-1)!, path = `/sys/devices/system/cpu/cpu${cpu}/online`;
  if (cpu === 0) return "there is one CPU only";
  try {
    Deno.writeTextFileSync(path, "1");
  } catch (error) {
    return `CPU ${cpu} cannot be switched: ${error instanceof Error ? error.message : error}`;
  }
  return { cpu, set: (on) => Deno.writeTextFileSync(path, on ? "1" : "0") };
}

const found = cpuSwitch();
if (typeof found === "string") console.log(`skip: ${found}`);

/** A test that switches it; skipped where there is none. */
function cpuTest(name: string, test: (lab: Lab, cpu: Exclude<typeof found, string>) => Promise<void>): void {
  const definition = liveTest(name, (lab) => test(lab, found as Exclude<typeof found, string>), "stock");
  Deno.test({ ...definition, ignore: definition.ignore || typeof found === "string" });
}

cpuTest(
  "stock: a CPU that is switched off and on again is noticed and said, and no task loses it",
  async (lab, found) => {
    const n = lab.cpus.length, pids = await spinners(lab, 4 * n);
    const allowed = (pid: number) =>
      /Cpus_allowed_list:\s*(\S+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    const before = allowed(pids[0]!);
    await until("an order for all CPUs", () => normal(pids) === n);
    // Should this test be killed: on again after a while in any case.
    const path = `/sys/devices/system/cpu/cpu${found.cpu}/online`;
    const net = new Deno.Command("/bin/sh", { args: ["-c", `sleep 60; echo 1 > ${path}`] }).spawn();
    net.unref();
    try {
      found.set(false);
      await until("an order for the rest", () => normal(pids) === n - 1);
      await sleep(1000);
      assert.equal(normal(pids), n - 1);
      assert.match(lab.notes.join("\n"), new RegExp(`ordered for ${n - 1} from now on, before for ${n}`));
      found.set(true);
      await until("an order for all again", () => normal(pids) === n);
      await sleep(1000);
      for (const pid of pids) assert.equal(allowed(pid), before, `process ${pid}`);
    } finally {
      found.set(true);
      net.kill("SIGKILL");
      await net.status;
    }
  },
);
