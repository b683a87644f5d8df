/** No task of a function goes without a CPU for longer than it may, however overloaded the machine is. */

import assert from "node:assert/strict";

import { autogroupIsOn, mount, TestCgroup } from "./cgroups.ts";
import { type Lab, liveTest, until } from "./lab.ts";
import { nativeProgram } from "./build_native.ts";

const MAX_WAIT_MS = 1000;
/** How long the load lasts: minutes, and where it is one of several tests alike, many times the longest wait. */
const MINUTES = 120, MOMENT = 25;

/** Starts a process of a function. */
type Start = (path: string, ...args: (string | number)[]) => void;

/** Starts so many processes of a function that measure their threads' longest waits, in ms. */
async function measuring(
  lab: Lab,
  start: Start,
  name: string,
  count: number,
  threads: number,
  seconds: number,
): Promise<() => number[]> {
  const path = `${lab.folder}/${name}`, out = `${lab.folder}/${name}.waits`;
  await Deno.copyFile(await nativeProgram("waits"), path);
  for (let i = 0; i < count; i++) start(path, threads, seconds, out);
  return () => {
    try {
      return Deno.readTextFileSync(out).trim().split("\n").map(Number);
    } catch {
      return []; // none has ended yet
    }
  };
}

/** Starts a process in a cgroup. */
function start(lab: Lab, cgroup: TestCgroup, path: string, ...args: (string | number)[]): void {
  lab.start("/bin/sh", "-c", 'echo $$ > "$0"; exec "$@"', `${cgroup.path}/cgroup.procs`, path, ...args);
}

/** Overloads the machine, and looks at how long tasks have waited. */
async function overload(lab: Lab, seconds: number, start: Start): Promise<void> {
  lab.rule("exe:{lab}/{function}");
  const n = lab.cpus.length;
  lab.order(["short", 1e6], ["long", 5e6], ["wide", 9e6]);
  const tasks = { short: n, long: 10 * n, wide: 2 * 10 };
  const short = await measuring(lab, start, "short", tasks.short, 1, seconds);
  const long = await measuring(lab, start, "long", tasks.long, 1, seconds);
  const wide = await measuring(lab, start, "wide", 2, tasks.wide / 2, seconds);
  const allDone = () => long().length === tasks.long && wide().length === tasks.wide;
  await until("all are done", allDone, seconds + 120);
  await until("the short ones too", () => short().length === tasks.short);
  const longest = (waits: number[]) => Math.max(...waits);
  const { longWaits, longestWaitNs } = lab.observer.shared.counters();
  console.log(
    `longest waits: short ${longest(short())} ms, long ${longest(long())} ms, wide ${longest(wide())} ms; ` +
      `the kernel side measured ${Math.round(longestWaitNs / 1e6)} ms`,
  );
  for (const waits of [short(), long(), wide()]) {
    assert.ok(longest(waits) <= MAX_WAIT_MS, `${waits.toSorted((a, b) => a - b)}`);
  }
  assert.equal(longWaits, 0);
  assert.deepEqual(lab.guarded, [], "the guard had no reason");
  const { counters } = await lab.report();
  assert.ok(counters.demotions > 0, "there was an order to keep");
}

Deno.test(liveTest(
  "stock: under a lasting overload no task waits longer than it may, be it one of many of its invocation",
  (lab) => overload(lab, MOMENT, (path, ...args) => lab.start(path, ...args)),
  "stock",
  MAX_WAIT_MS * 1e6,
));

const inSessions = liveTest(
  "stock: under a lasting overload no task waits longer than it may, each process in a session of its own",
  (lab) => overload(lab, MOMENT, (path, ...args) => lab.start("/usr/bin/setsid", path, ...args)),
  "stock",
  MAX_WAIT_MS * 1e6,
);
const inCgroups = liveTest(
  "stock: under minutes of overload no task waits longer than it may, each function in a cgroup of its own",
  async (lab) => {
    await using short = TestCgroup.make("short");
    await using long = TestCgroup.make("long");
    await using wide = TestCgroup.make("wide");
    const groups: Record<string, TestCgroup> = { short, long, wide };
    await overload(lab, MINUTES, (path, ...args) => {
      start(lab, groups[path.slice(lab.folder.length + 1)]!, path, ...args);
    });
    const { counters } = await lab.report();
    assert.ok(counters.groupDemotions > 0, "there was an order between cgroups");
  },
  "stock",
  MAX_WAIT_MS * 1e6,
);
Deno.test({ ...inCgroups, ignore: inCgroups.ignore || !mount });

Deno.test({ ...inSessions, ignore: inSessions.ignore || !autogroupIsOn() });

const limited = liveTest(
  "stock: in a cgroup that its CPU limit holds, each process runs now and then, and the guard leaves the order to the others",
  async (lab) => {
    await using pod = TestCgroup.make("limited");
    // A tenth of a CPU: until everyone has had a slice, seconds pass.
    if (mount!.version === 1) pod.write("cpu.cfs_quota_us", "10000");
    else pod.write("cpu.max", "10000 100000");
    lab.rule("exe:{lab}/{function}");
    lab.order(["held", 1e6], ["free", 2e6]);
    const count = 60, free = await lab.program("free");
    for (let i = 0; i < 2 * lab.cpus.length; i++) lab.start(free, 0);
    const held = await measuring(lab, (...args) => start(lab, pod, ...args), "held", count, 1, MOMENT);
    await until("all have ended", () => held().length === count, 4 * MOMENT);
    const { longWaits, limitedWaits, longestWaitNs } = lab.observer.shared.counters();
    console.log(`longest wait under a CPU limit: ${Math.max(...held())} ms; ${limitedWaits} were long`);
    // Far longer than it may last without a limit, but no process goes without: it would show a wait as long as the test.
    assert.ok(Math.max(...held()) < 1000 * MOMENT / 2, `${held().toSorted((a, b) => a - b)}`);
    assert.ok(limitedWaits > 0 && longestWaitNs > MAX_WAIT_MS * 1e6);
    assert.equal(longWaits, 0);
    assert.deepEqual(lab.guarded, [], "the guard had no reason");
  },
  "stock",
  MAX_WAIT_MS * 1e6,
);
Deno.test({ ...limited, ignore: limited.ignore || !mount });

Deno.test(liveTest(
  "guard: a wait that is too long is measured, and switches enforcement off",
  async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["f", 1e6]);
    const f = await lab.program("f"), pids: number[] = [];
    // Far more than can get a slice each within the tenth of a second that they may wait.
    for (let i = 0; i < 40 * lab.cpus.length; i++) pids.push(lab.start(f, 0).pid);
    await until("the guard", () => lab.guarded.length > 0);
    const [state] = lab.guarded;
    assert.deepEqual([state?.enabled, state?.by, state?.trip?.reason], [false, "guard", "wait"]);
    assert.match(state!.trip!.text, /longer than 0\.1 s/);
    assert.ok(lab.observer.shared.counters().longestWaitNs > 0.1e9);
    const on = await lab.events.setEnforcement(true);
    assert.deepEqual([on.enabled, on.by], [true, "person"]);
    await until("it again: the waits go on", () => lab.guarded.length > 1);
  },
  "stock",
  0.1e9,
));
