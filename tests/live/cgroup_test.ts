/** Order between functions in cgroups of their own, and between sessions of the root cgroup, on real processes. */

import assert from "node:assert/strict";
import { ThisMachine } from "../../enforce/group_machine.ts";
import { NO_JOURNAL } from "../../enforce/change_journal.ts";
import { GroupWeight } from "../../enforce/group_weight.ts";
import { Files } from "../../ffi/files.ts";
import { autogroupIsOn, mount, TestCgroup } from "./cgroups.ts";
import { SCHED_NORMAL } from "../../ffi/libc.ts";
import { childrenOf, type Lab, liveTest, scheduling, sleep, until, whyNotLive } from "./lab.ts";
import { shares } from "./shares.ts";

if (!mount) console.log("skip: no cgroup hierarchy with the cpu controller is mounted");

/** A test with the stock backend and cgroups. */
function cgroupTest(name: string, test: (lab: Lab) => Promise<void>, possible = mount !== undefined): void {
  const definition = liveTest(`stock, cgroups: ${name}`, test, "stock");
  Deno.test({ ...definition, ignore: definition.ignore || !possible });
}

/** Starts processes that spin until they are killed, in a cgroup, and waits until they are followed. */
async function spinners(lab: Lab, name: string, count: number, cgroup?: TestCgroup): Promise<number[]> {
  const path = await lab.program(name);
  const before = lab.observer.shared.counters().active;
  const pids = Array.from({ length: count }, () => lab.start(path, 0).pid);
  await until(`${count} of ${name}`, () => lab.observer.shared.counters().active === before + count);
  cgroup?.take(...pids);
  return pids;
}

/** CPU time that these get during `ms`, over what the others get. */
async function ratio(lab: Lab, these: number[], others: number[], ms = 1500): Promise<number> {
  const used = await shares(lab, [...these, ...others], ms);
  const sum = (values: number[]) => values.reduce((total, each) => total + each, 0);
  return sum(used.slice(0, these.length)) / sum(used.slice(these.length));
}

const sessionsAreGroups = autogroupIsOn();

/** The nice value of a process's autogroup. */
function niceOfSession(pid: number): string | undefined {
  return / nice (\S+)/.exec(Deno.readTextFileSync(`/proc/${pid}/autogroup`))?.[1];
}

cgroupTest(
  "functions in sibling cgroups are ordered, and weights and limits are as before after it",
  async (lab) => {
    await using a = TestCgroup.make("a");
    await using b = TestCgroup.make("b");
    a.weight = b.weight = "300";
    const limit = mount!.version === 1 ? "cpu.cfs_quota_us" : "cpu.max";
    b.write(limit, mount!.version === 1 ? "900000" : "900000 100000");
    const limitBefore = b.read(limit);
    lab.rule("exe:{lab}/{function}");
    lab.order(["short", 1e6], ["long", 9e6]);
    const n = lab.cpus.length;
    const long = await spinners(lab, "long", 2 * n, b);
    const short = await spinners(lab, "short", n, a);
    await until("the group is demoted", () => b.demoted);
    assert.equal(a.weight, "300");
    const first = await ratio(lab, short, long);
    assert.ok(first > 8, `short over long ${first}`);
    lab.order(["long", 1e5], ["short", 9e6]);
    await until("the other one is", () => a.demoted && !b.demoted);
    assert.equal(b.weight, "300");
    const second = await ratio(lab, long, short);
    assert.ok(second > 8, `long over short ${second}`);
    const { counters } = await lab.report();
    assert.ok(counters.groupDemotions >= 2 && counters.groupPromotions >= 1);
    await lab.events[Symbol.asyncDispose]();
    assert.deepEqual([a.weight, b.weight, b.read(limit)], ["300", "300", limitBefore]);
    await lab.killAll();
  },
);

cgroupTest("one that its CPU limit holds keeps no CPU from the next in order", async (lab) => {
  await using pod = TestCgroup.make("pod");
  const n = lab.cpus.length, quotaUs = 10_000 * n; // a tenth of each CPU, in periods of 100 ms
  if (mount!.version === 1) pod.write("cpu.cfs_quota_us", `${quotaUs}`);
  else pod.write("cpu.max", `${quotaUs} 100000`);
  lab.rule("exe:{lab}/{function}");
  lab.order(["limited", 1e6], ["short", 2e6], ["long", 9e6]);
  const limited = await spinners(lab, "limited", n, pod);
  const long = await spinners(lab, "long", 2 * n), short = await spinners(lab, "short", n);
  await until(
    "it is seen",
    () => limited.concat(short).every((pid) => scheduling(pid).policy === SCHED_NORMAL),
  );
  const order = await ratio(lab, short, long, 3000);
  // Where nobody is chosen while the limit is reached, every process gets the same: half, as there are twice as many long ones.
  assert.ok(order > 2, `short over long ${order}`);
  await lab.killAll();
});

cgroupTest("nested: the topmost group of functions only is demoted, or those inside it", async (lab) => {
  await using other = TestCgroup.make("other");
  await using pods = TestCgroup.make("pods");
  await using b = pods.make("b");
  await using c = pods.make("c");
  lab.rule("exe:{lab}/{function}");
  lab.order(["first", 1e6], ["second", 2e6], ["third", 9e6]);
  const n = lab.cpus.length;
  const third = await spinners(lab, "third", n, c), second = await spinners(lab, "second", n, b);
  await until("c is demoted, its parent is not", () => c.demoted && !b.demoted && !pods.demoted);
  const first = await spinners(lab, "first", n, other);
  await until("their parent is", () => pods.demoted && !other.demoted);
  const above = await ratio(lab, first, [...second, ...third]);
  assert.ok(above > 8, `first over the others ${above}`);
  for (const pid of first) Deno.kill(pid, "SIGKILL");
  await until("c alone is again", () => c.demoted && !b.demoted && !pods.demoted);
  const inside = await ratio(lab, second, third);
  assert.ok(inside > 8, `second over third ${inside}`);
  await lab.killAll();
});

cgroupTest(
  "a cgroup with a process of no function is never demoted, nor what is around it; it is told once",
  async (lab) => {
    await using a = TestCgroup.make("a");
    await using pods = TestCgroup.make("pods");
    await using side = pods.make("side");
    await using fn = pods.make("fn");
    lab.rule("exe:{lab}/fn-{function}");
    lab.order(["short", 1e6], ["long", 9e6]);
    const n = lab.cpus.length;
    const sidecar = lab.start("/bin/sleep", 1000).pid;
    side.take(sidecar);
    await sleep(150); // it is young at first
    const long = await spinners(lab, "fn-long", n, fn);
    await spinners(lab, "fn-short", n, a);
    await until("the function's own is demoted", () => fn.demoted);
    assert.ok(!pods.demoted && !side.demoted);
    fn.take(sidecar);
    await until("it is given back", () => !fn.demoted);
    await until("that is told", () => lab.notes.length > 0);
    await sleep(500);
    assert.ok(!fn.demoted && !pods.demoted && !a.demoted);
    assert.ok(scheduling(long[0]!).policy !== 0, "its functions' tasks are demoted still");
    const { counters } = await lab.report();
    assert.equal(counters.errors.group_shared, 1);
    assert.equal(lab.notes.length, 1);
    assert.match(lab.notes[0]!, /fn" holds processes of no function/);
    await lab.killAll();
  },
);

cgroupTest("a weight that someone else sets meanwhile stays", async (lab) => {
  await using a = TestCgroup.make("a");
  await using b = TestCgroup.make("b");
  lab.rule("exe:{lab}/{function}");
  lab.order(["short", 1e6], ["long", 9e6]);
  const n = lab.cpus.length;
  await spinners(lab, "long", n, b);
  await spinners(lab, "short", n, a);
  await until("it is demoted", () => b.demoted);
  b.weight = "700";
  lab.order(["long", 1e5], ["short", 9e6]);
  await until("the other one is", () => a.demoted);
  assert.equal(b.weight, "700");
  lab.order(["short", 1e4], ["long", 9e6]);
  await until("it is again, from there", () => b.demoted);
  await lab.events[Symbol.asyncDispose]();
  assert.equal(b.weight, "700");
  await lab.killAll();
});

cgroupTest("a demoted cgroup that is removed, and one that takes its place, do no harm", async (lab) => {
  await using a = TestCgroup.make("a");
  const b = TestCgroup.make("b");
  lab.rule("exe:{lab}/{function}");
  lab.order(["short", 1e6], ["long", 9e6]);
  const n = lab.cpus.length;
  const long = await spinners(lab, "long", n, b);
  await spinners(lab, "short", n, a);
  await until("it is demoted", () => b.demoted);
  a.take(...long);
  await b.remove();
  await using again = TestCgroup.make("b");
  again.weight = mount!.leastWeight; // as ours was: but this one is someone else's
  await until("it is noticed", () => scheduling(long[0]!).policy !== 0);
  lab.order(["long", 1e5], ["short", 9e6]);
  await sleep(300);
  await lab.events[Symbol.asyncDispose]();
  assert.equal(again.weight, mount!.leastWeight);
  assert.deepEqual(lab.failures, []);
  await lab.killAll();
});

cgroupTest(
  "sessions of the root cgroup are ordered by their autogroups, which are as before after it",
  async (lab) => {
    const nice = niceOfSession;
    lab.rule("exe:{lab}/{function}");
    lab.order(["short", 1e6], ["long", 9e6]);
    const n = lab.cpus.length;
    const inSession = async (name: string, count: number): Promise<number[]> => {
      const path = await lab.program(name), before = lab.observer.shared.counters().active;
      const pids = Array.from({ length: count }, () => lab.start("/usr/bin/setsid", path, 0).pid);
      await until(name, () => lab.observer.shared.counters().active === before + count);
      return pids;
    };
    // While it is alone: once it is demoted, what someone else sets stays as they set it.
    const long = await inSession("long", 1);
    Deno.writeTextFileSync(`/proc/${long[0]}/autogroup`, "5");
    long.push(...await inSession("long", 2 * n - 1));
    const short = await inSession("short", n);
    await until("the sessions are demoted", () => long.every((pid) => nice(pid) === "19"));
    assert.ok(short.every((pid) => nice(pid) === "0"));
    const order = await ratio(lab, short, long);
    assert.ok(order > 8, `short over long ${order}`);
    await lab.events[Symbol.asyncDispose]();
    assert.deepEqual(long.map(nice), long.map((_, i) => i === 0 ? "5" : "0"));
  },
  sessionsAreGroups,
);

cgroupTest(
  "a session whose first process has ended is put back too, through what that has left behind",
  async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["short", 1e6], ["long", 9e6]);
    const counters = () => lab.observer.shared.counters();
    const parent = lab.start("/usr/bin/setsid", await lab.program("long"), "-o", "-c", 1, 0);
    await until("it has a child", () => childrenOf(parent.pid).length === 1);
    const [child] = childrenOf(parent.pid) as [number];
    const short = await lab.program("short");
    for (const _ of lab.cpus) lab.start("/usr/bin/setsid", short, 0);
    await until("all are followed", () => counters().active === lab.cpus.length + 1);
    await until("the session is demoted", () => niceOfSession(child) === "19");
    try {
      parent.kill("SIGKILL");
      await parent.status;
      await sleep(300);
      await lab.events[Symbol.asyncDispose]();
      assert.equal(niceOfSession(child), "0");
    } finally {
      Deno.kill(child, "SIGKILL");
    }
  },
  sessionsAreGroups,
);

Deno.test({
  name: "GroupWeight: after 1 000 demotions of a cgroup a weight of 300 is 300",
  ignore: whyNotLive !== undefined || !mount,
  async fn() {
    await using cgroup = TestCgroup.make("thousand");
    cgroup.weight = "300";
    using files = new Files();
    using machine = new ThisMachine(files, -1);
    const info = machine.chain(cgroup.inode, new Set())!.at(-1)!;
    assert.equal(info.label, cgroup.path);
    const errors = {}, weight = new GroupWeight(info.file, NO_JOURNAL, errors);
    for (let i = 0; i < 1000; i++) {
      assert.ok(weight.demote());
      if (i % 100 === 0) assert.ok(cgroup.demoted);
      assert.ok(weight.promote());
    }
    assert.equal(cgroup.weight, "300");
    assert.deepEqual(errors, {});
    info.file.close();
  },
});

const CONTROLLER_MOVES = mount?.version === 2;
if (!CONTROLLER_MOVES) {
  console.log(
    "skip: the cpu controller is not in version 2 here (deno task test:vm stock runs this where it is)",
  );
}

Deno.test({
  name: "GroupWeight: a cgroup whose controller was taken away can be demoted again once it is back",
  ignore: whyNotLive !== undefined || !CONTROLLER_MOVES,
  async fn() {
    await using outer = TestCgroup.make("controller");
    await using cgroup = outer.make("inner");
    cgroup.weight = "300";
    using files = new Files();
    using machine = new ThisMachine(files, -1);
    const info = machine.chain(cgroup.inode, new Set())!.at(-1)!;
    const errors: Record<string, number> = {}, weight = new GroupWeight(info.file, NO_JOURNAL, errors);
    assert.ok(weight.demote() && weight.promote());
    assert.equal(cgroup.weight, "300");
    outer.write("cgroup.subtree_control", "-cpu");
    assert.equal(weight.demote(), false);
    assert.deepEqual(errors, { group_gone: 1 });
    outer.write("cgroup.subtree_control", "+cpu");
    weight.retry();
    assert.ok(weight.demote());
    assert.ok(cgroup.demoted);
    assert.ok(weight.promote());
    assert.ok(!cgroup.demoted);
    info.file.close();
  },
});
