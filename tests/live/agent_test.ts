/** The whole agent as people run it: a process of its own, real functions, its Unix socket. */

import assert from "node:assert/strict";
import type {
  FunctionsSnapshot,
  InvocationEntry,
  PriorityEntry,
  PrioritySnapshot,
} from "../../api/agent_view.ts";
import { AgentLock } from "../../core/lock.ts";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { type AgentProcess, Place } from "./agent_process.ts";
import { childrenOf, cpuMs, PATIENCE, scheduling, sleep, threadsOf, until, whyNotLive } from "./lab.ts";
import { hasPatchedCfs } from "./cfs_scene.ts";
import { hasSchedExt } from "./scx_scene.ts";

const SCHED_NORMAL = 0, SCHED_IDLE = 5;

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

/** Waits until an agent has taken so many invocations of a function for its own. */
function invocations(
  agent: AgentProcess,
  name: string,
  count: number,
): Promise<{ invocations: InvocationEntry[] }> {
  const path = `/invocations?limit=1000&function=${encodeURIComponent(name)}`;
  return agent.until(`${count} invocations of ${name}`, path, (answer) => answer.invocations.length >= count);
}

/** Waits until the agent knows of so many instances of a function. */
async function instances(agent: AgentProcess, name: string, count: number): Promise<void> {
  await agent.until<FunctionsSnapshot>(
    `${count} instances of ${name}`,
    "/functions",
    ({ functions }) => (functions.find((each) => each.name === name)?.instances ?? 0) === count,
  );
}

/** Nothing of an agent is left: lock and socket can be had. */
async function assertGone(place: Place, agent: AgentProcess): Promise<void> {
  (await AgentLock.take(place.lockPath))[Symbol.dispose]();
  await assert.rejects(Deno.lstat(agent.socket), Deno.errors.NotFound, "the socket's file is removed");
}

/**
 * Runs one invocation that lasts until the agent has answered whose it is. A shorter one may have ended by then; from now
 * on the kernel side knows the program, until the rules change.
 */
async function introduce(place: Place, agent: AgentProcess, path: string, name: string): Promise<void> {
  const process = place.start(path, "-b", 0);
  // It counts as an invocation: it must not use CPU time for as long as the agent takes to tell of it.
  process.kill("SIGSTOP");
  await instances(agent, name, 1);
  process.kill("SIGKILL");
  await process.status;
  await instances(agent, name, 0);
}

for (const ml of ["avg", "LR"]) {
  agentTest(
    `agent --ml ${ml}: rules from everywhere are followed, what they match is learned and shown`,
    async (place) => {
      const config = `${place.folder}/config.jsonc`, results = `${place.folder}/results.jsonl`;
      const [short, long] = [await place.program("fn/short"), await place.program("fn/long")];
      const named = await place.program("bin/conf-worker"), posted = await place.program("bin/later");
      await Deno.writeTextFile(
        config,
        `{ "ml": "${ml}", /* a comment */ "rule": ["configured=comm:conf-*"], }`,
      );
      const rule = `exe:${place.folder}/fn/{function}`;
      const agent = await place.agent("--rule", rule, "--config", config, "--exp_result", results);

      const early = place.start(posted, "-b", 0); // is there already when its rule comes
      // Else it may pause so often until then that its function counts as warm: one invocation after each pause.
      early.kill("SIGSTOP");
      for (const [path, name] of [[short, "short"], [long, "long"], [named, "configured"]] as const) {
        await introduce(place, agent, path, name);
      }
      await place.run(6, short, 3);
      await place.run(6, long, 60 * PATIENCE); // more than the difference of what introducing them takes
      await place.run(1, named, 5);
      const later = { name: "posted", rule: `exe:${posted}` };
      const added = await agent.json<{ id: string }>("POST", "/functions", later);
      await instances(agent, "posted", 1);
      early.kill("SIGKILL");
      await instances(agent, "posted", 0);
      await introduce(place, agent, posted, "posted");
      await place.run(2, posted, 5);
      await invocations(agent, "short", 7);
      await invocations(agent, "long", 7);
      await invocations(agent, "configured", 2);
      const { invocations: late } = await invocations(agent, "posted", 4);
      assert.equal(late.at(-1)?.pid, early.pid);

      const learned = await agent.until<PrioritySnapshot>(
        "a policy for both",
        "/priority",
        ({ functions }) => ["short", "long"].every((name) => functions.some((each) => each.name === name)),
      );
      // By default inside the kernel, where that has sched_ext or our patch; only the latter keeps to slices.
      const expected = hasSchedExt ? ["scx", false] : hasPatchedCfs ? ["cfs", true] : ["stock", false];
      assert.deepEqual([learned.ml, learned.backend, learned.slice_enforced], [ml, ...expected]);
      assert.ok(learned.epoch >= 1);
      const entry = (name: string) => learned.functions.find((each) => each.name === name)!;
      assert.ok(entry("short").priority < entry("long").priority, JSON.stringify(learned.functions));
      assert.ok(entry("short").predicted_cpu_us < entry("long").predicted_cpu_us);
      assert.equal(entry("short").source, "learned");

      const snapshot = await agent.json<FunctionsSnapshot>("GET", "/functions");
      assert.deepEqual(snapshot.rules.map(({ rule, from }) => [rule, from]), [
        [rule, "command line"],
        ["comm:conf-*", "configuration"],
        [`exe:${posted}`, "http"],
      ]);
      assert.equal(await agent.metric('alps_function_invocations_total{function="short"}'), 7);
      assert.equal(await agent.metric('alps_function_invocations_total{function="posted"}'), 4);
      assert.equal(await agent.metric('alps_events_lost_total{reason="ring_full"}'), 0);

      // Deleting the rule ends following what it matched, and nothing else.
      assert.equal((await agent.request("DELETE", `/functions/${added.id}`)).status, 204);
      await place.run(2, posted, 5);
      await introduce(place, agent, short, "short");
      await invocations(agent, "short", 8);
      assert.equal((await invocations(agent, "posted", 4)).invocations.length, 4);

      const shown = await agent.json<{ invocations: InvocationEntry[] }>("GET", "/invocations?limit=1000");
      const lines = Deno.readTextFileSync(results).trimEnd().split("\n").map((line) => JSON.parse(line));
      assert.equal(lines.length, 8 + 7 + 2 + 4);
      assert.deepEqual(lines.toReversed(), shown.invocations);

      const { code, stderr } = await agent.end("SIGTERM");
      assert.equal(code, 0, stderr);
      await assertGone(place, agent);
    },
  );
}

agentTest(
  "agent: a pinned priority changes at once who gets the CPUs, and taking it back ends that",
  async (place) => {
    const n = onlineCpus().length;
    const [first, second] = [await place.program("fn/first"), await place.program("fn/second")];
    const agent = await place.agent("--rule", `exe:${place.folder}/fn/{function}`);
    for (const [path, name, ms] of [[first, "first", 3], [second, "second", 12]] as const) {
      await introduce(place, agent, path, name);
      await place.run(5, path, ms);
    }
    await agent.until<PrioritySnapshot>("a policy", "/priority", ({ functions }) => functions.length === 2);

    const a = Array.from({ length: n }, () => place.start(first, 0).pid);
    const b = Array.from({ length: n }, () => place.start(second, 0).pid);
    await instances(agent, "first", n);
    await instances(agent, "second", n);
    /** Share of the CPU time that goes to the second function. */
    const share = async () => {
      const before = [...a, ...b].map(cpuMs);
      await sleep(1500);
      const used = [...a, ...b].map((pid, i) => cpuMs(pid) - before[i]!);
      const sum = (values: number[]) => values.reduce((x, y) => x + y, 0);
      return sum(used.slice(n)) / sum(used);
    };
    for (const [name, least, most] of [["second", 0.8, 1], ["first", 0, 0.2]] as const) {
      const pinned = await agent.json<PriorityEntry>("PUT", `/priority/${name}`, { priority: 1 });
      assert.deepEqual([pinned.name, pinned.priority, pinned.source], [name, 1, "pinned"]);
      await sleep(200);
      const got = await share();
      assert.ok(got >= least && got <= most, `${name} is pinned, and the second gets ${got}`);
      // How soon depends on what else the machine has to do.
      const others = name === "first" ? b : a, had = others.map(cpuMs);
      await until("the others still get a little", () => others.some((pid, i) => cpuMs(pid) > had[i]!));
      const { status } = await agent.request("DELETE", `/priority/${name}`);
      assert.ok(status === 200 || status === 204, `${status}`);
      assert.equal((await agent.json<PriorityEntry>("GET", `/priority/${name}`)).source, "learned");
    }
    assert.equal((await agent.request("PUT", "/priority/unknown", { priority: 1 })).status, 404);
    assert.equal((await agent.request("PUT", "/priority/first", { priority: 0 })).status, 400);
  },
);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  agentTest(`agent: ${signal} puts every task back, and leaves neither lock nor socket`, async (place) => {
    const n = onlineCpus().length;
    const path = await place.program("fn/f");
    const agent = await place.agent("--backend", "stock", "--rule", `exe:${place.folder}/fn/{function}`);
    const family = place.start("/usr/bin/nice", "-n", 5, path, "-t", 2, "-c", 1, 0).pid;
    await until("its child", () => childrenOf(family).length === 1);
    const others = Array.from({ length: n }, () => place.start(path, 0).pid);
    const all = () => [family, ...childrenOf(family), ...others].flatMap(threadsOf);
    await until("some are demoted", () => all().some((tid) => scheduling(tid).policy === SCHED_IDLE));

    const { code, stderr } = await agent.end(signal);
    assert.equal(code, 0, stderr);
    assert.equal(all().length, 4 + n);
    for (const tid of all()) {
      const nice = others.includes(tid) ? 0 : 5;
      assert.deepEqual(scheduling(tid), { policy: SCHED_NORMAL, nice }, `task ${tid}`);
    }
    assert.match(stderr, new RegExp(signal));
    await assertGone(place, agent);
  });
}

agentTest(
  "agent: functions that are killed, or end while they are demoted, are counted and never fatal",
  async (place) => {
    const path = await place.program("fn/f");
    const agent = await place.agent("--rule", `exe:${place.folder}/fn/{function}`);
    const spinning = Array.from({ length: 2 }, () => place.start(path, 0)); // so that there is an order to keep
    await instances(agent, "f", 2);
    const count = 60;
    for (let i = 0; i < count; i++) {
      const process = place.start(path, i % 2 === 0 ? 4 : 0, ...i % 3 === 0 ? ["-t", 3] : []);
      await sleep(1 + i % 7);
      if (i % 2 === 1) process.kill("SIGKILL");
    }
    for (const process of spinning) process.kill("SIGKILL");
    const { invocations: ended } = await invocations(agent, "f", count + 2);
    assert.equal(ended.length, count + 2);
    assert.equal(new Set(ended.map(({ pid }) => pid)).size, count + 2, "each once");
    await instances(agent, "f", 0);
    assert.equal((await agent.request("GET", "/readyz")).status, 200);
    assert.equal(await agent.metric('alps_function_invocations_total{function="f"}'), count + 2);
    assert.equal(await agent.metric("alps_active_invocations"), 0);
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /error|fatal/i);
  },
);

agentTest("agent: after a kill -9 the next one starts, over the socket that was left", async (place) => {
  const socket = `${place.folder}/same.sock`;
  const first = await place.agent("--socket", socket);
  await first.end("SIGKILL");
  assert.ok((await Deno.lstat(socket)).isSocket);
  const second = await place.agent("--socket", socket);
  assert.equal((await second.end("SIGTERM")).code, 0);
  await assertGone(place, second);
});
