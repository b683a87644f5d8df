import assert from "node:assert/strict";
import { SCHED_FIFO, SCHED_IDLE, SCHED_NORMAL } from "../../ffi/libc.ts";
import type { ActiveInvocation } from "../../observe/active_set.ts";
import { randomBelow } from "../observe/random.ts";
import { FakeGroups } from "./fake_groups.ts";
import { type FakeSlot, MS, Scene } from "./stock_scene.ts";

Deno.test("StockEnforcer.decide() changes nothing where no more want a CPU than there are", () => {
  const scene = new Scene();
  scene.start(100);
  scene.start(10);
  const blocked = scene.start(1);
  scene.slotOf(blocked).runnable = 0;
  assert.equal(scene.decide(), Infinity);
  assert.deepEqual(scene.tasks.changes, []);
});

Deno.test("StockEnforcer.decide() leaves the shortest normal, as many as there are CPUs, and asks to be called again", () => {
  const scene = new Scene();
  const all = [100, 1, 1000, 10].map((ms) => scene.start(ms));
  const againNs = scene.decide();
  assert.deepEqual(scene.normal(all), [false, true, false, true]);
  assert.ok(againNs > 0 && againNs <= 100 * MS, `${againNs}`);
  assert.deepEqual(scene.enforcer.counters.demotions, 2);
});

Deno.test("StockEnforcer.decide() asks to be called when a chosen one may have to give way", () => {
  // Past its prediction of 1 ms a rank rises as fast as CPU time is used: at 11 ms it passes the one that waits.
  const scene = new Scene();
  for (const invocation of [scene.start(1), scene.start(1)]) scene.slotOf(invocation).running = 1;
  scene.start(10);
  assert.equal(scene.decide(), 11 * MS);
  // Two tasks on CPUs of their own use it twice as fast.
  const other = new Scene();
  other.slotOf(other.start(1, 2)).running = 2;
  other.start(10);
  assert.equal(other.decide(), 5.5 * MS);
});

Deno.test("StockEnforcer.decide(): a chosen one that its CPU limit holds stays normal, and takes no CPU from the next", () => {
  let reached = true, asked = 0;
  const scene = new Scene({ limits: { begin: () => {}, hold: () => asked++ >= 0 && reached } });
  const all = [1, 10, 100, 1000].map((ms) => scene.start(ms));
  const [limited, other, next] = all.map((each) => scene.slotOf(each)) as [FakeSlot, FakeSlot, FakeSlot];
  const waits = (slot: FakeSlot) => [slot.running, slot.waitingSinceNs] = [0, scene.nowNs];
  const runs = (slot: FakeSlot) => [slot.running, slot.waitingSinceNs] = [1, 0];
  waits(limited);
  runs(other);
  waits(next);
  scene.decide();
  scene.decide(20);
  assert.deepEqual(
    [scene.normal(all), asked],
    [[true, true, false, false], 0],
    "anyone may wait for a while",
  );
  const againNs = scene.decide(20);
  assert.deepEqual([scene.normal(all), asked], [[true, true, true, false], 1]);
  assert.ok(againNs <= 5 * MS, "it is looked at soon again");
  runs(next);
  scene.decide(4);
  assert.deepEqual(
    [scene.normal(all), asked],
    [[true, true, true, false], 1],
    "the answer holds for a while",
  );
  runs(limited);
  waits(next);
  scene.decide(4);
  assert.deepEqual(scene.normal(all), [true, true, false, false], "its next period has begun");
  waits(limited);
  scene.decide(4);
  assert.deepEqual(scene.normal(all), [true, true, true, false], "it is known to be limited");
  reached = false;
  runs(next);
  scene.decide(200);
  assert.deepEqual(scene.normal(all), [true, true, false, false], "it waits for other reasons now");
});

Deno.test("StockEnforcer.decide() has a running one give way only to one that is better by a margin", () => {
  const scene = new Scene();
  /** One that needs 100 ms and has so many left. */
  const withLeft = (ms: number) => {
    const invocation = scene.start(100);
    scene.slotOf(invocation).attainedNs = (100 - ms) * MS;
    return invocation;
  };
  const running = [scene.start(1), withLeft(40)];
  for (const invocation of running) scene.slotOf(invocation).running = 1;
  scene.start(1000);
  scene.decide();
  // A tenth of 40 ms: 38 is no reason to switch, 30 is.
  const little = withLeft(38);
  scene.decide();
  assert.deepEqual(scene.normal([...running, little]), [true, true, false]);
  const much = withLeft(30);
  scene.decide();
  assert.deepEqual(scene.normal([...running, little, much]), [true, false, false, true]);
});

Deno.test("StockEnforcer.decide() promotes the next in order when one ends, and all when there is room", () => {
  const scene = new Scene();
  const [a, b, c, d] = [1, 10, 100, 1000].map((ms) => scene.start(ms));
  scene.decide();
  scene.end(a!);
  scene.decide();
  assert.deepEqual(scene.normal([b!, c!, d!]), [true, true, false]);
  scene.end(b!);
  assert.ok(scene.decide() > 0);
  assert.deepEqual(scene.normal([c!, d!]), [true, true]);
  const { promotions, demotions, decisions } = scene.enforcer.counters;
  assert.deepEqual([promotions, demotions, decisions], [2, 2, 3]);
});

Deno.test("StockEnforcer.decide() looks for one that slept for a moment, and wakes up untold, once", () => {
  const scene = new Scene();
  const [short, ...long] = [1, 100, 1000].map((ms) => scene.start(ms));
  scene.decide();
  scene.slotOf(short!).runnable = 0;
  assert.equal(scene.decide(), 1 * MS, "as long as the kernel side may say nothing of it");
  assert.deepEqual(scene.normal(long), [true, true]);
  assert.equal(scene.decide(), Infinity);
  scene.slotOf(short!).runnable = 1;
  scene.decide();
  assert.deepEqual(scene.normal([short!, ...long]), [true, true, false]);
});

Deno.test("StockEnforcer.decide() counts an invocation with several runnable tasks as several", () => {
  const scene = new Scene();
  const wide = scene.start(1, 3), second = scene.start(10);
  scene.decide();
  assert.deepEqual(scene.normal([wide, second]), [true, false]);
  assert.equal(scene.enforcer.counters.demotions, 1);
});

Deno.test("StockEnforcer.decide() demotes all tasks of an invocation, and leaves the ones of other classes", () => {
  const scene = new Scene();
  scene.start(1);
  scene.start(1);
  const wide = scene.start(100, 3), [first, second, third] = [...wide.tids];
  scene.tasks.add(second!, { policy: SCHED_FIFO });
  scene.decide();
  const policies = [first, second, third].map((tid) => scene.tasks.attrs.get(tid!)?.policy);
  assert.deepEqual(policies, [SCHED_IDLE, SCHED_FIFO, SCHED_IDLE]);
});

Deno.test("StockEnforcer.decide() does not demote what sleeps: when it wakes it is looked at", () => {
  const scene = new Scene();
  scene.start(1);
  scene.start(10);
  const sleeper = scene.start(1000);
  scene.slotOf(sleeper).runnable = 0;
  scene.start(100);
  scene.decide();
  assert.deepEqual(scene.normal([sleeper]), [true]);
  scene.slotOf(sleeper).runnable = 1;
  scene.decide();
  assert.deepEqual(scene.normal([sleeper]), [false]);
});

Deno.test("StockEnforcer.decide() gives a CPU to one that has waited too long, for a while", () => {
  const scene = new Scene({ maxWaitNs: 1e9 });
  const long = scene.start(1000), short = [scene.start(10), scene.start(10)];
  scene.slotOf(long).waitingSinceNs = scene.nowNs;
  scene.decide();
  assert.deepEqual(scene.normal([long]), [false]);
  let waitedMs = 0;
  for (; waitedMs < 2000 && !scene.normal([long])[0]; waitedMs += 40) scene.decide(40);
  assert.ok(waitedMs > 500 && waitedMs <= 1000, `after ${waitedMs} ms`);
  assert.equal(scene.normal(short).filter(Boolean).length, 1, "the other CPU is still the short ones'");
  Object.assign(scene.slotOf(long), { attainedNs: 5 * MS, waitingSinceNs: 0 });
  scene.decide(40);
  assert.deepEqual(scene.normal([long]), [true], "it may use its share");
  scene.slotOf(long).attainedNs = 20 * MS;
  scene.decide(40);
  assert.deepEqual(scene.normal([long]), [false]);
});

Deno.test("StockEnforcer.decide() lets all go first at once that have waited too long, people's pins notwithstanding", () => {
  const scene = new Scene({ maxWaitNs: 1e9 });
  const long = Array.from({ length: 5 }, () => scene.start(1000)), short = [scene.start(10), scene.start(10)];
  scene.enforcer.setOrders({ changed: [], removed: [], pinned: [[10, -Infinity]], prior: undefined });
  for (const each of long) scene.slotOf(each).waitingSinceNs = scene.nowNs;
  scene.decide();
  assert.deepEqual(scene.normal([...long, ...short]), [false, false, false, false, false, true, true]);
  scene.decide(950);
  assert.deepEqual(scene.normal([...long, ...short]), [true, true, true, true, true, false, false]);
  // One after the other gets its share: when all have, the short ones are back.
  for (const each of long) Object.assign(scene.slotOf(each), { attainedNs: 11 * MS, waitingSinceNs: 0 });
  scene.decide(4);
  assert.deepEqual(scene.normal([...long, ...short]), [false, false, false, false, false, true, true]);
});

Deno.test("StockEnforcer.decide() looks at every task: one that runs does not hide another that waits", () => {
  const scene = new Scene({ maxWaitNs: 1e9 });
  const wide = scene.start(1000, 3);
  scene.start(10);
  scene.start(10);
  scene.slotOf(wide).waitingSinceNs = scene.nowNs;
  for (let ms = 0; ms < 950; ms += 50) {
    scene.slotOf(wide).attainedNs += MS; // one of its tasks gets a little, again and again
    scene.decide(50);
  }
  assert.deepEqual(scene.normal([wide]), [true]);
});

Deno.test("StockEnforcer.decide() begins earlier where more wait: all of them need a slice", () => {
  const firstMs = (count: number) => {
    const scene = new Scene({ maxWaitNs: 1e9 });
    const long = Array.from({ length: count }, () => scene.start(1000));
    scene.start(1);
    scene.start(1);
    for (const each of long) scene.slotOf(each).waitingSinceNs = scene.nowNs;
    let ms = 0;
    scene.decide();
    while (!scene.normal([long[0]!])[0]) scene.decide(10), ms += 10;
    return ms;
  };
  const few = firstMs(2), many = firstMs(150);
  assert.ok(few <= 1000 && many <= 700 && many >= 400, `${few} ms and ${many} ms`);
});

Deno.test("StockEnforcer.setCpus() leaves as many normal as there are CPUs now", () => {
  const scene = new Scene();
  const all = [1, 10, 100].map((ms) => scene.start(ms));
  scene.decide();
  assert.deepEqual(scene.normal(all), [true, true, false]);
  scene.enforcer.setCpus([0]);
  scene.decide(4);
  assert.deepEqual(scene.normal(all), [true, false, false]);
  scene.enforcer.setCpus([0, 1, 2]);
  scene.decide(4);
  assert.deepEqual(scene.normal(all), [true, true, true]);
});

Deno.test("StockEnforcer puts a task back that has become another function's", () => {
  const scene = new Scene();
  scene.start(1);
  scene.start(1);
  const long = scene.start(1000, 2), [first, second] = [...long.tids];
  scene.decide();
  long.tids.delete(second!);
  scene.enforcer.taskEnded(long, second!);
  assert.equal(scene.tasks.attrs.get(second!)?.policy, SCHED_NORMAL);
  scene.enforcer.ended(long, 1);
  assert.equal(scene.tasks.attrs.get(first!)?.policy, SCHED_NORMAL);
});

Deno.test("StockEnforcer.taskStarted() gives a child of a demoted invocation what its invocation has, release() all back", () => {
  const scene = new Scene();
  scene.start(1);
  scene.start(1);
  const long = scene.start(100);
  scene.tasks.add(long.slot, { nice: 5 });
  scene.decide();
  scene.tasks.add(900, scene.tasks.attrs.get(long.slot)!);
  long.tids.add(900);
  scene.enforcer.taskStarted(long, 900);
  scene.enforcer.release();
  for (const tid of [long.slot, 900]) {
    assert.deepEqual([scene.tasks.attrs.get(tid)?.policy, scene.tasks.attrs.get(tid)?.nice], [
      SCHED_NORMAL,
      5,
    ]);
  }
});

Deno.test("StockEnforcer.decide() starts anew after release()", () => {
  const scene = new Scene();
  const all = [1, 10, 100].map((ms) => scene.start(ms));
  scene.decide();
  scene.enforcer.release();
  assert.deepEqual(scene.normal(all), [true, true, true]);
  scene.decide(4);
  assert.deepEqual(scene.normal(all), [true, true, false]);
});

Deno.test("StockEnforcer counts processes that are gone before their attributes are set, and goes on", () => {
  const scene = new Scene();
  const all = [1, 10, 100, 1000].map((ms) => scene.start(ms));
  scene.tasks.remove(all[2]!.slot);
  scene.decide();
  assert.deepEqual(scene.normal([all[0]!, all[1]!, all[3]!]), [true, true, false]);
  assert.deepEqual(scene.enforcer.counters.errors, { process_gone: 1 });
  scene.enforcer.ended(all[2]!, undefined);
  scene.enforcer.ended(all[2]!, undefined); // an end that is told twice
  scene.decide();
  scene.end(all[0]!);
  scene.end(all[1]!);
  scene.decide();
  assert.deepEqual(scene.normal([all[3]!]), [true]);
});

Deno.test("StockEnforcer puts a warm instance back when its invocation is over, and ranks the next one anew", () => {
  const scene = new Scene();
  const [, , warm] = [10, 10, 1].map((ms) => scene.start(ms)) as [unknown, unknown, ActiveInvocation];
  scene.slotOf(warm).attainedNs = 90 * MS; // far past what it needs otherwise
  scene.decide(200);
  assert.deepEqual(scene.normal([warm]), [false]);
  Object.assign(scene.slotOf(warm), { runnable: 0 });
  scene.enforcer.paused(warm, 90 * MS);
  assert.deepEqual(scene.normal([warm]), [true], "before its next request comes");
  scene.decide(200);
  const next = { ...warm, sequence: 1, startNs: scene.nowNs };
  Object.assign(scene.slotOf(warm), { runnable: 1, attainedNs: 0 });
  scene.enforcer.started(next);
  scene.decide();
  assert.deepEqual(scene.normal([next]), [true], "it needs the least");
  // A child that was made after it woke up, but before it was put back.
  scene.tasks.add(999, { policy: SCHED_IDLE, nice: 19 });
  next.tids.add(999);
  scene.enforcer.taskStarted(next, 999);
  assert.deepEqual(scene.normal([next]), [true]);
  scene.enforcer[Symbol.dispose]();
  assert.deepEqual(scene.enforcer.counters.errors, {});
});

Deno.test("StockEnforcer measures the time from promotion to running", () => {
  const scene = new Scene();
  const [a, , c] = [1, 10, 100].map((ms) => scene.start(ms));
  scene.decide();
  scene.end(a!);
  scene.decide();
  Object.assign(scene.slotOf(c!), { lastOnNs: scene.nowNs + 70_000, running: 1 });
  scene.decide(4);
  const { count, maxNs } = scene.enforcer.promotionLatency.summary();
  assert.deepEqual([count, maxNs], [1, 70_000]);
});

Deno.test("StockEnforcer spreads chosen ones that wait on one CPU, where it may", () => {
  for (const migrate of [true, false]) {
    const scene = new Scene({ migrate });
    const [a, b] = [1, 10, 100].map((ms) => scene.start(ms));
    const moves: number[] = [];
    const set = scene.tasks.setAffinity.bind(scene.tasks);
    scene.tasks.setAffinity = (tid, mask) => (moves.push(tid), set(tid, mask));
    Object.assign(scene.slotOf(a!), { running: 1 });
    scene.decide();
    assert.deepEqual(moves, migrate ? [b!.slot, b!.slot] : []);
    assert.equal(scene.tasks.masks.get(b!.slot), 0xffn, "its mask is as before");
    assert.equal(scene.enforcer.counters.migrations, migrate ? 1 : 0);
  }
});

Deno.test("StockEnforcer keeps the least remaining normal whatever comes and goes, and restores all of it", () => {
  const random = randomBelow(9);
  const scene = new Scene({ maxWaitNs: Infinity });
  const active: ActiveInvocation[] = [];
  for (let step = 0; step < 2000; step++) {
    if (random(3) > 0 || active.length === 0) active.push(scene.start([1, 10, 100, 1000][random(4)]!));
    else scene.end(active.splice(random(active.length), 1)[0]!);
    if (active.length > 40) active.splice(0, 30).forEach((invocation) => scene.end(invocation));
    scene.decide(50); // ranks of all are made anew
    const remaining = (invocation: ActiveInvocation) => invocation.functionId * MS + invocation.startNs / 64;
    const best = active.toSorted((a, b) => remaining(a) - remaining(b)).slice(0, 2);
    const normal = active.filter((_, i) => scene.normal(active)[i]);
    if (active.length > 2) assert.deepEqual(new Set(normal), new Set(best));
    else assert.deepEqual(normal, active);
  }
  scene.enforcer[Symbol.dispose]();
  assert.ok(scene.normal(active).every(Boolean));
  assert.deepEqual(scene.enforcer.counters.errors, {});
});

Deno.test("StockEnforcer follows those that sleep and wake between the looks at everyone", () => {
  const random = randomBelow(4);
  const scene = new Scene({ maxWaitNs: Infinity });
  let active: ActiveInvocation[] = [];
  for (let step = 0; step < 3000; step++) {
    const some = active[random(active.length)];
    if (random(4) === 0 || !some) active.push(scene.start([1, 10, 100, 1000][random(4)]!));
    else if (random(6) === 0) active = active.filter((each) => each !== some || scene.end(some));
    // Who waits in the idle class may come to run and sleep without being noticed: here only the others do.
    else if (scene.normal([some])[0]) scene.slotOf(some).runnable ^= 1;
    if (active.length > 30) active.splice(0, 20).forEach((invocation) => scene.end(invocation));
    scene.decide(1);
    const remaining = (invocation: ActiveInvocation) => invocation.functionId * MS + invocation.startNs / 64;
    const awake = active.filter((each) => scene.slotOf(each).runnable > 0);
    const best = awake.toSorted((a, b) => remaining(a) - remaining(b)).slice(0, 2);
    const normal = awake.filter((each) => scene.normal([each])[0]);
    assert.deepEqual(new Set(normal), new Set(best), `step ${step}`);
  }
  scene.enforcer[Symbol.dispose]();
  assert.ok(scene.normal(active).every(Boolean));
});

Deno.test("StockEnforcer.decide() looks at few of the hundreds that wait", () => {
  const scene = new Scene();
  const waiting = Array.from({ length: 1000 }, () => scene.start(100));
  scene.decide();
  scene.decide(1);
  let looks = 0;
  for (const invocation of waiting) {
    const slot = scene.slotOf(invocation);
    scene.slots.set(
      invocation.slot,
      new Proxy(slot, { get: (_, field) => (looks++, Reflect.get(slot, field)) }),
    );
  }
  const short = scene.start(1);
  scene.decide(1);
  scene.end(waiting[0]!);
  scene.end(short);
  scene.decide(1);
  assert.deepEqual(scene.normal(waiting.slice(1, 4)), [true, true, false]);
  assert.ok(looks > 4 && looks < 60, `${looks} fields were read`);
});

Deno.test("StockEnforcer demotes groups without a chosen invocation, tasks too, and gives all back when there is room", () => {
  const machine = new FakeGroups("2");
  const scene = new Scene({ groups: { machine, note: () => {}, clock: () => 0 } });
  const [a, b, c, d] = [1, 10, 100, 1000].map((ms) => scene.start(ms));
  for (const [key, invocation] of [[11, a], [12, b], [13, c], [13, d]] as const) {
    if (!machine.weights.has(key)) machine.add(key, 0, "300");
    scene.slotOf(invocation!).group = key;
  }
  scene.decide();
  assert.deepEqual(machine.demoted, [13]);
  assert.deepEqual(scene.normal([a!, b!, c!, d!]), [true, true, false, false]);
  scene.end(a!);
  scene.decide();
  assert.deepEqual(machine.demoted, [], "a chosen one is in it now");
  assert.deepEqual(scene.normal([b!, c!, d!]), [true, true, false]);
  scene.start(1);
  scene.start(1);
  scene.decide();
  assert.deepEqual(machine.demoted, [12, 13]);
  const { groupDemotions, groupPromotions } = scene.enforcer.counters;
  assert.deepEqual([groupDemotions, groupPromotions], [3, 1]);
  scene.enforcer.release();
  assert.deepEqual([...machine.weights.values()], ["300", "300", "300"]);
});

Deno.test("StockEnforcer has the kernel pick anew what runs in a group that it has just demoted, and nothing else", () => {
  const machine = new FakeGroups("2");
  const scene = new Scene({ groups: { machine, note: () => {}, clock: () => 0 } });
  const all = [10, 100, 1000, 1000].map((ms) => scene.start(ms));
  const [a, b, c, d] = all as [ActiveInvocation, ActiveInvocation, ActiveInvocation, ActiveInvocation];
  for (const [key, invocation] of [[11, a], [12, b], [13, c], [13, d]] as const) {
    if (!machine.weights.has(key)) machine.add(key);
    scene.slotOf(invocation).group = key;
  }
  for (const running of [a, c]) scene.slotOf(running).running = 1;
  const changesOf = ({ pid }: ActiveInvocation) =>
    scene.tasks.changes.filter(([tid]) => tid === pid).map(([, { policy }]) => policy);
  scene.decide();
  assert.deepEqual(machine.demoted, [13]);
  // Demoted, and after that out of its class and into it again; the one that waits has nothing to be picked anew for.
  assert.deepEqual(changesOf(c), [SCHED_IDLE, SCHED_NORMAL, SCHED_IDLE]);
  assert.deepEqual([changesOf(d), changesOf(a), changesOf(b)], [[SCHED_IDLE], [], []]);
  scene.decide();
  assert.equal(changesOf(c).length, 3, "its group was demoted before");
});

Deno.test("StockEnforcer gives groups back when the last invocation ends without another decision", () => {
  const machine = new FakeGroups("2");
  machine.add(11);
  const scene = new Scene({ groups: { machine, note: () => {}, clock: () => 0 } });
  const all = [1, 1, 100].map((ms) => scene.start(ms));
  scene.slotOf(all[2]!).group = 11;
  scene.decide();
  assert.deepEqual(machine.demoted, [11]);
  for (const each of all) scene.end(each);
  assert.deepEqual(machine.demoted, []);
});

Deno.test("StockEnforcer.awaitsLock() makes a demoted one normal until it has had the lock", () => {
  const scene = new Scene();
  const short = [scene.start(1), scene.start(1)], others = [scene.start(10), scene.start(100)];
  const waiting = scene.start(1000);
  scene.decide();
  assert.deepEqual(scene.normal([waiting]), [false]);
  scene.slotOf(waiting).attainedNs = 7 * MS;
  scene.slotOf(waiting).runnable = 0;
  scene.enforcer.awaitsLock(waiting);
  const againNs = scene.decide();
  assert.deepEqual(scene.normal([waiting, ...short, ...others]), [true, true, true, false, false]);
  assert.ok(againNs <= 10 * MS, `${againNs}`);
  // It waits for the lock, however long, and then for a CPU: nobody else gets the lock meanwhile.
  scene.decide(1000);
  assert.deepEqual(scene.normal([waiting]), [true]);
  scene.slotOf(waiting).runnable = 1;
  scene.decide();
  assert.deepEqual(scene.normal([waiting, ...others]), [true, false, false]);
  scene.slotOf(waiting).attainedNs += 2 * MS;
  scene.decide();
  assert.deepEqual(scene.normal([waiting, ...short]), [false, true, true]);
  assert.equal(scene.enforcer.counters.spared, 1);
});

Deno.test("StockEnforcer.awaitsLock() has one that is normal still not be demoted before it has had the lock", () => {
  const scene = new Scene();
  const waiting = scene.start(1000);
  scene.enforcer.awaitsLock(waiting);
  for (let i = 0; i < 3; i++) scene.start(1);
  scene.decide();
  assert.deepEqual(scene.normal([waiting]), [true]);
  scene.enforcer.awaitsLock(waiting); // another lock, before it has had much CPU time
  assert.equal(scene.enforcer.counters.spared, 1);
  scene.end(waiting);
  scene.enforcer.awaitsLock(waiting); // it is gone by now
  scene.decide();
  assert.equal(scene.enforcer.counters.spared, 1);
});
