/**
 * What every enforcement backend has to do, on real processes. A backend that cannot do a case names it with its reason.
 * Order is judged by shares of CPU time between processes that run side by side, never by absolute times.
 */

import assert from "node:assert/strict";
import {
  childrenOf,
  cpuMs,
  type Lab,
  liveTest,
  PATIENCE,
  scheduling,
  settle,
  threadsOf,
  until,
} from "./lab.ts";
import { shares } from "./shares.ts";

const SCHED_NORMAL = 0, SCHED_BATCH = 3, SCHED_IDLE = 5;

/** Starts `count` processes of a function that spin until they are killed, and waits until they are followed. */
async function spinners(
  lab: Lab,
  name: string,
  count: number,
  ...args: (string | number)[]
): Promise<number[]> {
  const path = await lab.program(name);
  const before = lab.observer.shared.counters().active;
  const pids = Array.from({ length: count }, () => lab.start(path, ...args, 0).pid);
  await until(`${count} of ${name}`, () => lab.observer.shared.counters().active === before + count);
  return pids;
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

/** The suite, to be passed to `Deno.test` one by one. */
export function enforcerSuite(backend: "scx" | "cfs" | "stock"): Deno.TestDefinition[] {
  const tests: Deno.TestDefinition[] = [];
  const test = (name: string, body: (lab: Lab) => Promise<void>) => {
    tests.push(liveTest(`${backend}: ${name}`, body, backend));
  };
  /** Whether those that are to wait get other attributes; else none may change at any time. */
  const demotes = backend === "stock";
  const demoted = async (pid: number) => {
    if (demotes) await until("it is demoted", () => scheduling(pid).policy === SCHED_IDLE);
    else await settle(400);
    assert.equal(scheduling(pid).policy, demotes ? SCHED_IDLE : SCHED_NORMAL);
  };

  test("the shortest get the CPUs, as many as there are; the rest still get a little", async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["short", 1e6], ["long", 9e6]);
    const long = await spinners(lab, "long", 2 * lab.cpus.length);
    const short = await spinners(lab, "short", lab.cpus.length);
    await settle(300);
    const both = await shares(lab, [...short, ...long], 2000);
    const first = sum(both.slice(0, short.length)), rest = sum(both.slice(short.length));
    assert.ok(first > 8 * rest, `short ${first} ms, long ${rest} ms`);
    assert.ok(rest > 0, "the rest run too");
  });

  test("where no more want a CPU than there are CPUs, nothing is changed", async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["a", 1e6], ["b", 9e6]);
    const pids = [...await spinners(lab, "a", lab.cpus.length - 1), ...await spinners(lab, "b", 1)];
    await settle(300);
    for (const pid of pids) assert.deepEqual(scheduling(pid), { policy: SCHED_NORMAL, nice: 0 });
    const { counters } = await lab.report();
    assert.deepEqual([counters.promotions, counters.demotions], [0, 0]);
  });

  test("an invocation that ends gives its CPU to the next in order", async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["first", 1e6], ["second", 2e6], ["third", 9e6]);
    const n = lab.cpus.length;
    const third = await spinners(lab, "third", n), second = await spinners(lab, "second", n);
    const first = await spinners(lab, "first", n);
    await settle(300);
    for (const pid of first) Deno.kill(pid, "SIGKILL");
    await until("they are gone", () => lab.observer.shared.counters().active === 2 * n);
    await settle(200);
    const both = await shares(lab, [...second, ...third], 2000);
    assert.ok(sum(both.slice(0, n)) > 8 * sum(both.slice(n)), both.join(" "));
  });

  test("a new policy reorders what is running", async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["a", 1e6], ["b", 9e6]);
    const n = lab.cpus.length;
    const a = await spinners(lab, "a", n), b = await spinners(lab, "b", n);
    await settle(300);
    const before = await shares(lab, [...a, ...b], 1500);
    assert.ok(sum(before.slice(0, n)) > 8 * sum(before.slice(n)), before.join(" "));
    lab.order(["b", 1e5], ["a", 9e6]);
    await settle(300);
    const after = await shares(lab, [...a, ...b], 1500);
    assert.ok(sum(after.slice(n)) > 8 * sum(after.slice(0, n)), after.join(" "));
  });

  test("a pinned function goes first, whatever has been learned", async (lab) => {
    lab.rule("exe:{lab}/{function}");
    const a = lab.policyOf("a", 1e6, 1), b = lab.policyOf("b", 9e6, 2);
    lab.orders({ changed: [a, b], removed: [], pinned: [[b.functionId, -Infinity]], prior: undefined });
    const n = lab.cpus.length;
    const pids = [...await spinners(lab, "a", n), ...await spinners(lab, "b", n)];
    await settle(300);
    const ms = await shares(lab, pids, 1500);
    assert.ok(sum(ms.slice(n)) > 8 * sum(ms.slice(0, n)), ms.join(" "));
  });

  test("threads and children are ordered with their invocation", async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["short", 1e6], ["many", 9e6]);
    const n = lab.cpus.length;
    await lab.introduce(await lab.program("many")); // from now on it is known at once, its children with it
    const many = await spinners(lab, "many", 1, "-t", 3, "-c", 3);
    await until("its children", () => childrenOf(many[0]!).length === 3);
    const short = await spinners(lab, "short", n);
    await settle(300);
    const family = [many[0]!, ...childrenOf(many[0]!)];
    const ms = await shares(lab, [...short, ...family.flatMap(threadsOf)], 1500);
    assert.ok(sum(ms.slice(0, n)) > 8 * sum(ms.slice(n)), ms.join(" "));
  });

  test("unknown functions: the invocation that has come furthest goes on, so that one ends", async (lab) => {
    lab.rule("exe:{lab}/{function}");
    const n = lab.cpus.length, pids = await spinners(lab, "new", 3 * n);
    await settle(500);
    const ms = (await shares(lab, pids, 2000)).sort((a, b) => b - a);
    assert.ok(sum(ms.slice(0, n)) > 4 * sum(ms.slice(n)), ms.join(" "));
  });

  test("a task that is no function is never touched", async (lab) => {
    lab.rule("exe:{lab}/fn-{function}");
    const other = lab.start(await lab.program("other"), 0);
    const pids = await spinners(lab, "fn-a", 3 * lab.cpus.length);
    await settle(500);
    assert.deepEqual(scheduling(other.pid), { policy: SCHED_NORMAL, nice: 0 });
    assert.equal(
      pids.some((pid) => scheduling(pid).policy !== SCHED_NORMAL),
      demotes,
      "some functions are demoted meanwhile",
    );
    assert.deepEqual(scheduling(Deno.pid), { policy: SCHED_NORMAL, nice: 0 });
  });

  test("everything is put back: class, nice value and CPU mask, of threads and children too", async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["short", 1e6], ["long", 9e6]);
    const path = await lab.program("long"), n = lab.cpus.length;
    await lab.introduce(path); // from now on it is known at once, its children with it
    const plain = lab.start(path, 0).pid;
    const nice = lab.start("/usr/bin/nice", "-n", 5, path, "-t", 2, "-c", 2, 0).pid;
    const batch = lab.start("/usr/bin/chrt", "-b", 0, path, 0).pid;
    const idle = lab.start("/usr/bin/chrt", "-i", 0, path, 0).pid;
    const pinned = lab.start("/usr/bin/taskset", "-c", 0, path, 0).pid;
    await until(
      "all of them",
      () => lab.observer.shared.counters().active === 5 && childrenOf(nice).length === 2,
    );
    await spinners(lab, "short", n);
    await settle(400);
    await demoted(plain);
    await lab.events[Symbol.asyncDispose]();
    const niced = [nice, ...childrenOf(nice)].flatMap(threadsOf);
    assert.equal(niced.length, 6);
    assert.deepEqual(scheduling(plain), { policy: SCHED_NORMAL, nice: 0 });
    for (const tid of niced) assert.deepEqual(scheduling(tid), { policy: SCHED_NORMAL, nice: 5 });
    assert.deepEqual(scheduling(batch), { policy: SCHED_BATCH, nice: 0 });
    assert.equal(scheduling(idle).policy, SCHED_IDLE);
    const allowed = (pid: number) =>
      /Cpus_allowed_list:\s*(\S+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    assert.equal(allowed(pinned), "0");
    assert.equal(allowed(plain), allowed(Deno.pid));
  });

  test("what someone else sets meanwhile stays", async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["short", 1e6], ["long", 9e6]);
    const long = await spinners(lab, "long", 2);
    await spinners(lab, "short", lab.cpus.length);
    await demoted(long[0]!);
    await new Deno.Command("/usr/bin/chrt", { args: ["-b", "-p", "0", String(long[0]!)] }).output();
    await lab.events[Symbol.asyncDispose]();
    assert.equal(scheduling(long[0]!).policy, SCHED_BATCH);
    assert.deepEqual(scheduling(long[1]!), { policy: SCHED_NORMAL, nice: 0 });
  });

  test("a child that is forked while its invocation is demoted is put back too", async (lab) => {
    const sh = `${lab.folder}/forker`;
    await Deno.copyFile("/bin/sh", sh);
    lab.rule("exe:{lab}/{function}");
    lab.order(["short", 1e6], ["forker", 9e6]);
    await spinners(lab, "short", lab.cpus.length);
    // Told to fork by a file, once it is demoted.
    const loop = `while [ ! -e ${lab.folder}/go ]; do :; done; sleep 30 & while :; do :; done`;
    const forker = lab.start(sh, "-c", loop).pid;
    await demoted(forker);
    await Deno.writeTextFile(`${lab.folder}/go`, "");
    const child = await until("its child", () => childrenOf(forker)[0]);
    assert.equal(scheduling(child).policy, demotes ? SCHED_IDLE : SCHED_NORMAL);
    await lab.events[Symbol.asyncDispose]();
    assert.deepEqual(scheduling(child), { policy: SCHED_NORMAL, nice: 0 });
    Deno.kill(child, "SIGKILL");
  });

  test("a thread that calls exec is still ordered under its new id", async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["short", 1e6], ["threaded", 9e6]);
    const n = lab.cpus.length;
    await lab.introduce(await lab.program("threaded")); // from now on it is known at once
    const pids = await spinners(lab, "threaded", 1, "-e");
    await until("it has called exec", () => threadsOf(pids[0]!).length === 1 && cpuMs(pids[0]!) > 50);
    const short = await spinners(lab, "short", n);
    await demoted(pids[0]!);
    const ms = await shares(lab, [...short, ...pids], 1500);
    assert.ok(sum(ms.slice(0, n)) > 8 * ms[n]!, ms.join(" "));
    await lab.events[Symbol.asyncDispose]();
    assert.deepEqual(scheduling(pids[0]!), { policy: SCHED_NORMAL, nice: 0 });
  });

  test("hundreds of invocations at once: each is ordered, none is lost", async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["short", 1e5], ["bulk", 9e5]);
    const bulk = await lab.program("bulk"), short = await lab.program("short");
    await lab.introduce(short);
    await lab.introduce(bulk);
    // Each is stopped as soon as it is there, and all go on together: how many are there at once is no matter of speed then.
    const tell = (process: Deno.ChildProcess, signal: Deno.Signal) => {
      try {
        process.kill(signal);
      } catch {
        // it has ended already
      }
    };
    const many = Array.from({ length: 300 }, () => {
      const process = lab.start(bulk, 16 + 8 * PATIENCE);
      tell(process, "SIGSTOP");
      return process;
    });
    const there = () => lab.observer.shared.counters().active + lab.ended.length;
    await until("all are there", () => there() === 302);
    for (const process of many) tell(process, "SIGCONT");
    const one = lab.start(short, 8 * PATIENCE);
    const ended = await lab.record(one.pid);
    for (const process of many) await lab.record(process.pid);
    assert.equal(lab.ended.length, 303);
    // Those that were there when it came: how many had ended by then depends on how fast processes start.
    const beside = lab.ended.filter(({ name, startNs, endNs }) =>
      name === "bulk" && startNs < ended.startNs && endNs > ended.startNs
    );
    const overtaken = beside.filter(({ endNs }) => endNs > ended.endNs).length;
    const what = `it overtook ${overtaken} of ${beside.length}; ${JSON.stringify(lab.guarded)}`;
    assert.ok(beside.length > 20 && overtaken > 0.75 * beside.length, what);
    const report = await lab.report();
    assert.equal(report.active, 0);
    // With the order inside CFS the starter has one share among all of theirs: fewer are there at once.
    assert.ok(report.mostActive > (backend === "cfs" ? 20 : 50), `${report.mostActive} at once`);
  });
  return tests;
}
