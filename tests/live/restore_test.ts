/** What an agent that was killed has left behind is put back: by the next one, or by `doctor --restore`; and nothing else. */

import assert from "node:assert/strict";
import { Journal } from "../../enforce/journal.ts";
import { JOURNAL } from "../../enforce/journal_layout.ts";
import { bootId, JOURNAL_NAME } from "../../core/journal_file.ts";
import { restoreMachine } from "../../core/restore.ts";
import { onlineCpus } from "../../enforce/placement.ts";
import { Libc, type SchedAttr } from "../../ffi/libc.ts";
import { readStartTicks } from "../../observe/start_times.ts";
import { type AgentProcess, Place } from "./agent_process.ts";
import { childrenOf, scheduling, threadsOf, until, whyNotLive } from "./lab.ts";

const SCHED_NORMAL = 0, SCHED_BATCH = 3, SCHED_IDLE = 5;
const N = onlineCpus().length;

function restoreTest(name: string, fn: (place: Place) => void | Promise<void>): void {
  Deno.test({
    name,
    ignore: whyNotLive !== undefined,
    fn: async () => {
      await using place = await Place.make();
      await fn(place);
    },
  });
}

const rule = (place: Place) => ["--rule", `exe:${place.folder}/fn/{function}`];
const demoted = (tid: number) => scheduling(tid).policy === SCHED_IDLE;

/** Starts functions that spin, of which all but as many as there are CPUs become demoted. */
async function spinners(place: Place, count: number): Promise<number[]> {
  const path = exists(`${place.folder}/fn/f`) ? `${place.folder}/fn/f` : await place.program("fn/f");
  return Array.from({ length: count }, () => place.start(path, 0).pid);
}

/** An agent that has demoted something of these and is killed in the middle. Returns those that are left demoted. */
async function killedAgent(place: Place, tids: () => number[], ...args: string[]): Promise<number[]> {
  const agent = await place.agent(...rule(place), ...args);
  await until("some are demoted", () => tids().some(demoted));
  await agent.end("SIGKILL");
  const left = tids().filter(demoted);
  assert.ok(left.length > 0, "something is left to put back");
  return left;
}

/** Runs `doctor --restore` where the place's agents run. */
async function doctor(place: Place, state = `${place.folder}/state`) {
  return await place.spawnCommand(["doctor", "--restore", "--state", state]).end();
}

const journalOf = (place: Place) => `${place.folder}/state/${JOURNAL_NAME}`;
const exists = (path: string) => {
  try {
    return Deno.lstatSync(path) !== undefined;
  } catch {
    return false;
  }
};

/** Nothing is left of any journal. */
function assertNoJournal(place: Place): void {
  assert.deepEqual([exists(journalOf(place)), exists(`${place.folder}/run/alps/${JOURNAL_NAME}`)], [
    false,
    false,
  ]);
}

restoreTest(
  "doctor --restore puts back what a killed agent has left, threads and children too; a running agent's it refuses",
  async (place) => {
    const path = await place.program("fn/f");
    const family = place.start("/usr/bin/nice", "-n", 5, path, "-t", 2, "-c", 1, 0).pid;
    const batch = place.start("/usr/bin/chrt", "-b", 0, path, 0).pid;
    await until("its child", () => childrenOf(family).length === 1);
    const plain = await spinners(place, 2 * N);
    const niced = [family, ...childrenOf(family)];
    const all = () => [...niced, batch, ...plain].flatMap(threadsOf);
    assert.equal(all().length, 4 + 1 + 2 * N);
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
);

restoreTest(
  "agent: what the agent before has left is put back at the start, and counted in the log",
  async (place) => {
    const tids = await spinners(place, 3 * N);
    const left = await killedAgent(place, () => tids);
    const next = await place.agent("--rule", "exe:/no/such/{function}");
    for (const tid of tids) assert.deepEqual(scheduling(tid), { policy: SCHED_NORMAL, nice: 0 });
    const { code, stderr } = await next.end("SIGTERM");
    assert.equal(code, 0);
    assert.match(stderr, new RegExp(`did not end properly: .*put back ${left.length} tasks and 0 cgroups`));
    assertNoJournal(place);
  },
);

restoreTest("agent: a journal is found by a next agent with another state folder", async (place) => {
  const tids = await spinners(place, 3 * N);
  await killedAgent(place, () => tids);
  const next = await place.agent("--rule", "exe:/no/such/{function}", "--state", `${place.folder}/other`);
  for (const tid of tids) assert.deepEqual(scheduling(tid), { policy: SCHED_NORMAL, nice: 0 });
  assert.equal((await next.end("SIGTERM")).code, 0);
  assertNoJournal(place);
});

restoreTest("doctor --restore leaves what someone else has changed since", async (place) => {
  const tids = await spinners(place, N + 3);
  const left = await killedAgent(place, () => tids.filter(demoted).length >= 3 ? tids : []);
  const [batch, reniced, plain] = left as [number, number, number];
  await new Deno.Command("/usr/bin/chrt", { args: ["-b", "-p", "0", `${batch}`] }).output();
  await new Deno.Command("/usr/bin/renice", { args: ["-n", "7", "-p", `${reniced}`] }).output();
  const { code, stdout } = await doctor(place);
  assert.equal(code, 0);
  assert.match(stdout, /, 1 were changed by others and stay/);
  assert.deepEqual(scheduling(batch), { policy: SCHED_BATCH, nice: 0 });
  assert.deepEqual(scheduling(reniced), { policy: SCHED_NORMAL, nice: 7 });
  assert.deepEqual(scheduling(plain), { policy: SCHED_NORMAL, nice: 0 });
});

restoreTest("doctor --restore finds children that were forked after the agent was killed", async (place) => {
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
});

restoreTest(
  "agent: a damaged journal is used as far as it is whole, and the rest reported",
  async (place) => {
    const tids = await spinners(place, N + 4);
    await killedAgent(place, () => tids.filter(demoted).length >= 4 ? tids : []);
    const bytes = Deno.readFileSync(journalOf(place));
    bytes.fill(0xa5, 0, 200); // the header
    let first = JOURNAL.headerBytes;
    while (bytes[first] === 0) first += JOURNAL.taskBytes;
    bytes[first + 4]! ^= 0xff; // the first task's id
    Deno.writeFileSync(journalOf(place), bytes.subarray(0, JOURNAL.bytes / 2));
    const next = await place.agent("--rule", "exe:/no/such/{function}");
    const stillDemoted = tids.filter(demoted).length;
    assert.ok(stillDemoted <= 1, "at most the one whose record is damaged");
    const { stderr } = await next.end("SIGTERM");
    assert.match(stderr, /is damaged: its header cannot be read/);
    assert.match(stderr, /is damaged: 1 record cannot be read/);
    assert.match(stderr, /put back [1-9]\d* tasks/);
  },
);

/** A wrapper that mounts a full disk there before the agent starts: 64 kB, in the agent's own mount namespace. */
const fullDisk = (...folders: string[]) => [
  "/bin/sh",
  "-c",
  `set -e; for d in ${
    folders.join(" ")
  }; do mkdir -p $d; mount -t tmpfs -o size=64k none $d; done; exec "$@"`,
  "sh",
];

restoreTest(
  "agent: where the state folder takes no journal, it is in /run/alps, and found there",
  async (place) => {
    const tids = await spinners(place, 3 * N);
    const full = `${place.folder}/full`;
    const cases: [what: string, args: string[], wrapper: string[]][] = [
      ["a file in its place", ["--state", "/dev/null/state"], []],
      ["a full disk", ["--state", full], fullDisk(full)],
    ];
    for (const [what, args, wrapper] of cases) {
      const agent = place.spawnAgent([...rule(place), ...args], wrapper);
      await agent.listening();
      assert.match(agent.stderr, /cannot keep a journal in .*; it is in \/run\/alps instead/, what);
      await until("some are demoted", () => tids.some(demoted));
      assert.ok(exists(`${place.folder}/run/alps/${JOURNAL_NAME}`), what);
      await agent.end("SIGKILL");
      assert.ok(tids.some(demoted), what);
      assert.equal((await doctor(place)).code, 0);
      for (const tid of tids) assert.deepEqual(scheduling(tid), { policy: SCHED_NORMAL, nice: 0 }, what);
      assertNoJournal(place);
    }
  },
);

restoreTest("agent: where no journal can be kept, it changes nothing, learns, and says so", async (place) => {
  const tids = await spinners(place, 3 * N);
  const full = `${place.folder}/full`;
  const agent = place.spawnAgent([...rule(place), "--state", full], fullDisk(full, "/run/alps"));
  await agent.listening();
  const ready = await agent.request("GET", "/readyz");
  assert.equal(ready.status, 503);
  assert.match(ready.text, /nothing is enforced.*journal/);
  assert.match(agent.stderr, /nothing is enforced.*journal/);
  await followed(agent, 3 * N);
  for (const tid of tids) assert.deepEqual(scheduling(tid), { policy: SCHED_NORMAL, nice: 0 });
  assert.equal((await agent.end("SIGTERM")).code, 0);
});

/** Waits until so many invocations are followed. */
function followed(agent: AgentProcess, count: number): Promise<unknown> {
  return agent.until<{ functions: { instances: number }[] }>(
    "its invocations",
    "/functions",
    ({ functions }) => functions[0]?.instances === count,
  );
}

restoreTest(
  "restoreMachine() leaves a task that has got the id since, and journals of other boots",
  async (place) => {
    const [victim] = await spinners(place, 1) as [number];
    using libc = new Libc();
    const before = libc.getAttr(victim) as SchedAttr;
    const ours: SchedAttr = { policy: SCHED_IDLE, flags: 0n, nice: 19, priority: 0, runtimeNs: 0n };
    const start = readStartTicks(victim)!, boot = bootId();
    const folder = `${place.folder}/state`;
    Deno.mkdirSync(folder);
    const journal = (ticks: number, whose: string) => {
      const memory = new ArrayBuffer(JOURNAL.bytes);
      const written = new Journal(memory, whose, () => ticks);
      written.begin({ tasks: [], moves: [], cgroups: [] });
      written.beforeTask(victim, before, ours);
      Deno.writeFileSync(journalOf(place), new Uint8Array(memory), { mode: 0o600 });
    };
    libc.setAttr(victim, ours);
    const restore = () => restoreMachine(folder, `${place.folder}/run`);
    for (
      const [ticks, whose, gone] of [
        [start - 1, boot, 1],
        [start + 1, boot, 1],
        [start, boot.replace(/^./, (digit) => digit === "0" ? "1" : "0"), 0],
      ] as const
    ) {
      journal(ticks, whose);
      const report = restore();
      assert.deepEqual([report.tasks, report.gone, report.problems], [0, gone, []]);
      assert.equal(scheduling(victim).policy, SCHED_IDLE);
      assert.ok(!exists(journalOf(place)));
    }
    journal(start, boot);
    Deno.chmodSync(journalOf(place), 0o666);
    assert.match(restore().problems.join(), /others can write to it/);
    assert.equal(scheduling(victim).policy, SCHED_IDLE);
    Deno.removeSync(journalOf(place));
    journal(start, boot);
    assert.equal(restore().tasks, 1);
    assert.equal(scheduling(victim).policy, SCHED_NORMAL);
  },
);

restoreTest(
  "restoreMachine() puts a cgroup's weight back, unless cgroup or weight are others by now",
  (place) => {
    const [folder, file] = ownCgroup(), change = { path: folder, file, before: "300", ours: "2" };
    const value = () => Deno.readTextFileSync(`${folder}/${file}`).trim();
    const state = `${place.folder}/state`;
    Deno.mkdirSync(state);
    const restore = (inode: number) => {
      const memory = new ArrayBuffer(JOURNAL.bytes);
      const journal = new Journal(memory, bootId(), () => 0);
      journal.begin({ tasks: [], moves: [], cgroups: [] });
      journal.beforeCgroup({ ...change, inode });
      Deno.writeFileSync(journalOf(place), new Uint8Array(memory), { mode: 0o600 });
      return restoreMachine(state, `${place.folder}/run`);
    };
    try {
      Deno.writeTextFileSync(`${folder}/${file}`, "2");
      const first = Deno.statSync(folder).ino!;
      assert.equal(restore(first + 1).gone, 1);
      assert.equal(value(), "2");
      assert.equal(restore(first).cgroups, 1);
      assert.equal(value(), "300");
      Deno.writeTextFileSync(`${folder}/${file}`, "500");
      assert.equal(restore(first).changed, 1);
      assert.equal(value(), "500");
      Deno.removeSync(folder);
      assert.equal(restore(first).gone, 1, "removed");
      Deno.mkdirSync(folder);
      Deno.writeTextFileSync(`${folder}/${file}`, "2");
      assert.equal(restore(first).gone, 1, "made anew under the same path");
      assert.equal(value(), "2");
      assert.ok(!exists(journalOf(place)));
    } finally {
      Deno.removeSync(folder);
    }
  },
);

/** A cgroup of the cpu controller, and the name of its weight's file. */
function ownCgroup(): [folder: string, file: string] {
  const mounts = Deno.readTextFileSync("/proc/self/mounts").split("\n").map((line) => line.split(" "));
  const v1 = mounts.find(([, , type, options]) => type === "cgroup" && options!.split(",").includes("cpu"));
  const top = (v1 ?? mounts.find(([, , type]) => type === "cgroup2"))![1]!;
  if (!v1) Deno.writeTextFileSync(`${top}/cgroup.subtree_control`, "+cpu");
  const folder = `${top}/alps-test-restore-${Deno.pid}`;
  Deno.mkdirSync(folder);
  return [folder, v1 ? "cpu.shares" : "cpu.weight"];
}
