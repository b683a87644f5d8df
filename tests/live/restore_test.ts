/** What an agent that was killed has left behind is put back: by the next one, or by `doctor --restore`; and nothing else. */

import assert from "node:assert/strict";
import type { FunctionsSnapshot } from "../../api/agent_view.ts";
import { mount, TestCgroup } from "./cgroups.ts";
import { childrenOf, scheduling, sleep, threadsOf, until, whyNotLive } from "./lab.ts";
import {
  assertNoJournal,
  demoted,
  doctor,
  exists,
  journalOf,
  killedAgent,
  N,
  restoreTest,
  rule,
  SCHED_BATCH,
  SCHED_NORMAL,
  spinners,
} from "./restore_scene.ts";

Deno.test(restoreTest(
  "doctor --restore puts back what a killed agent has left, threads and children too; a running agent's it refuses",
  async (place) => {
    const path = await place.program("fn/f");
    const family = place.start("/usr/bin/nice", "-n", 5, path, "-t", 2, "-c", 1, 0).pid;
    const batch = place.start("/usr/bin/chrt", "-b", 0, path, 0).pid;
    await until("its child", () => childrenOf(family).length === 1);
    const plain = await spinners(place, 2 * N);
    const niced = [family, ...childrenOf(family)];
    const all = () => [...niced, batch, ...plain].flatMap(threadsOf);
    await until("all threads", () => all().length === 4 + 1 + 2 * N);
    const before = new Map(all().map((tid) => [tid, scheduling(tid)]));
    const agent = await place.agent(...rule(place));
    await until("most are demoted", () => all().filter(demoted).length >= 4);

    const refused = await doctor(place);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      new RegExp(`^alps-agent: cannot put anything back .*pid ${agent.pid}\\b.*\n$`),
    );

    await agent.end("SIGKILL");
    const left = all().filter(demoted).length;
    assert.ok(left > 0);
    const { code, stdout, stderr } = await doctor(place);
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^put back ${left} tasks and 0 cgroups(,|\n)`));
    for (const [tid, attributes] of before) assert.deepEqual(scheduling(tid), attributes, `task ${tid}`);
    assertNoJournal(place);
    assert.equal((await doctor(place)).stdout, "nothing to put back\n");
  },
));

Deno.test(restoreTest(
  "agent: what the agent before has left is put back at the start, and counted in the log",
  async (place) => {
    const tids = await spinners(place, 3 * N);
    const left = await killedAgent(place, tids);
    const next = await place.agent("--rule", "exe:/no/such/{function}");
    for (const tid of tids) assert.deepEqual(scheduling(tid), { policy: SCHED_NORMAL, nice: 0 });
    const { code, stderr } = await next.end("SIGTERM");
    assert.equal(code, 0);
    assert.match(stderr, new RegExp(`did not end properly: .*put back ${left.length} tasks and 0 cgroups`));
    assertNoJournal(place);
  },
));

Deno.test(
  restoreTest("agent: a journal is found by a next agent with another state folder", async (place) => {
    const tids = await spinners(place, 3 * N);
    await killedAgent(place, tids);
    const next = await place.agent("--rule", "exe:/no/such/{function}", "--state", `${place.folder}/other`);
    for (const tid of tids) assert.deepEqual(scheduling(tid), { policy: SCHED_NORMAL, nice: 0 });
    assert.equal((await next.end("SIGTERM")).code, 0);
    assertNoJournal(place);
  }),
);

Deno.test(restoreTest("doctor --restore leaves what someone else has changed since", async (place) => {
  const tids = await spinners(place, N + 6);
  const left = await killedAgent(place, tids, 4);
  const [batch, reniced, plain] = left as [number, number, number];
  await new Deno.Command("/usr/bin/chrt", { args: ["-b", "-p", "0", `${batch}`] }).output();
  await new Deno.Command("/usr/bin/renice", { args: ["-n", "7", "-p", `${reniced}`] }).output();
  const { code, stdout } = await doctor(place);
  assert.equal(code, 0);
  assert.match(stdout, /, 1 were changed by others and stay/);
  assert.deepEqual(scheduling(batch), { policy: SCHED_BATCH, nice: 0 });
  assert.deepEqual(scheduling(reniced), { policy: SCHED_NORMAL, nice: 7 });
  assert.deepEqual(scheduling(plain), { policy: SCHED_NORMAL, nice: 0 });
}));

Deno.test(
  restoreTest(
    "doctor --restore finds children that were forked after the agent was killed",
    async (place) => {
      const sh = `${place.folder}/fn/forker`;
      await place.program("fn/f");
      await Deno.copyFile("/bin/sh", sh);
      // Each waits to be told by a file, then forks; the second ends itself then, so that its child has no parent left.
      const loop = (end: string) => `while [ ! -e ${place.folder}/go ]; do :; done; sleep 60 & ${end}`;
      const stays = place.start(sh, "-c", loop("wait")).pid;
      const leaves = place.start("/usr/bin/setsid", sh, "-c", loop("exit")).pid;
      await spinners(place, 4 * N);
      const both = () => demoted(stays) && demoted(leaves);
      // Where the agent's last decisions have promoted one, there is nothing to inherit: once more.
      do {
        const agent = await place.agent(...rule(place));
        // The others go first, whoever has come how far: in a session of its own, the second has got most of a CPU so far.
        const known = ({ functions }: FunctionsSnapshot) => functions.some(({ name }) => name === "f");
        await agent.until<FunctionsSnapshot>("it is known", "/functions", known);
        assert.equal((await agent.request("PUT", "/priority/f", { priority: 1 })).status, 200);
        await until("both are demoted", both);
        await agent.end("SIGKILL");
      } while (!both());
      const sleepers = () =>
        [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => {
          try {
            return pid > leaves && Deno.readTextFileSync(`/proc/${pid}/cmdline`) === "sleep\x0060\0";
          } catch {
            return false;
          }
        });
      await Deno.writeTextFile(`${place.folder}/go`, "");
      const born = await until("their children", () => sleepers().length === 2 && sleepers());
      try {
        await until("the second has ended", () => !exists(`/proc/${leaves}/exe`));
        assert.deepEqual(born.map(demoted), [true, true], "they have inherited the idle class");
        assert.equal((await doctor(place)).code, 0);
        for (const pid of born) assert.deepEqual(scheduling(pid), { policy: SCHED_NORMAL, nice: 0 });
      } finally {
        for (const pid of born) Deno.kill(pid, "SIGKILL");
      }
    },
  ),
);

Deno.test(restoreTest(
  "doctor --restore exits with 1 where a journal cannot be read: nobody knows what it holds",
  async (place) => {
    Deno.mkdirSync(`${place.folder}/state`, { recursive: true });
    Deno.writeTextFileSync(journalOf(place), "");
    Deno.chmodSync(journalOf(place), 0o666);
    const { code, stdout } = await doctor(place);
    assert.equal(code, 1);
    assert.match(stdout, /^cannot read the journal \S+: others can write to it\nnothing else to put back\n$/);
  },
));

Deno.test({
  ...restoreTest(
    "a cgroup's weight of 300 is 300 after doctor --restore, a next agent's start, and SIGTERM",
    async (place) => {
      await using first = TestCgroup.make("restore-first");
      await using second = TestCgroup.make("restore-second");
      const groups = [first, second], weights = () => groups.map(({ weight }) => weight);
      for (const group of groups) group.weight = "300";
      for (const [group, name] of [[first, "first"], [second, "second"]] as const) {
        const path = await place.program(`fn/${name}`);
        group.take(...Array.from({ length: N }, () => place.start(path, 0).pid));
      }
      const ordering = async () => {
        const agent = await place.agent(...rule(place));
        // Known as soon as their processes have been looked up.
        for (const [name, priority] of [["first", 1], ["second", 1000]] as const) {
          while ((await agent.request("PUT", `/priority/${name}`, { priority })).status !== 200) {
            await sleep(20);
          }
        }
        await until("the second one's group is demoted", () => second.demoted);
        return agent;
      };
      for (const putBack of [() => doctor(place), () => place.agent("--rule", "exe:/none/{function}")]) {
        await (await ordering()).end("SIGKILL");
        assert.ok(second.demoted, "that is left to put back");
        const result = await putBack();
        assert.deepEqual(weights(), ["300", "300"]);
        if ("end" in result) await result.end("SIGTERM");
      }
      const agent = await ordering();
      assert.equal((await agent.end("SIGTERM")).code, 0);
      assert.deepEqual(weights(), ["300", "300"]);
    },
  ),
  ignore: whyNotLive !== undefined || !mount,
});
