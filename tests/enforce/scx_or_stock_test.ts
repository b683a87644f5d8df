import assert from "node:assert/strict";
import { newCounters, NoEnforcer, type Orders } from "../../enforce/enforcer.ts";
import { LatencyLog } from "../../enforce/latency_log.ts";
import { ScxOrStock } from "../../enforce/scx_or_stock.ts";
import type { SchedulerExit } from "../../enforce/scx_scheduler.ts";

const S = 1e9;

/** A scheduler that the test ends, and a stock backend that only says that it was asked. */
class Scene {
  readonly notes: string[] = [];
  readonly done: string[] = [];
  refuses = false;
  /** The kernel takes it, and ends it at once. */
  endsAtOnce = false;
  other: string | undefined;
  readonly scheduler = { inForce: false, ended: undefined as SchedulerExit | undefined };
  readonly enforcer: ScxOrStock;

  constructor() {
    const { done, scheduler } = this;
    const stock = Object.assign(new NoEnforcer(), {
      counters: newCounters(),
      promotionLatency: new LatencyLog(),
      decide: () => (done.push("stock decides"), 5),
      release: () => void done.push("stock releases"),
      setOrders: (orders: Orders) => void done.push(`stock has ${[...orders.changed].length}`),
    });
    const scx = {
      scheduler,
      setOrders: (orders: Orders) => void done.push(`scx has ${[...orders.changed].length}`),
      decide: () => {
        if (this.refuses) throw new Error("EBUSY");
        scheduler.inForce = true;
        scheduler.ended = undefined;
        if (this.endsAtOnce) this.end({ reason: "scx_bpf_error", message: "no room for cgroup 7" });
        return Infinity;
      },
      release: () => {
        scheduler.inForce = false;
        scheduler.ended = undefined;
      },
      [Symbol.dispose]: () => {},
    };
    this.enforcer = new ScxOrStock({
      scx,
      stock,
      note: (text) => this.notes.push(text),
      otherScheduler: () => this.other,
    });
  }

  /** The kernel ends the scheduler. */
  end(exit: Partial<SchedulerExit> = {}): void {
    this.scheduler.inForce = false;
    this.scheduler.ended = {
      kind: 1026,
      code: 0,
      reason: "runnable task stall",
      message: "spin[7] failed to run for 30.1s",
      dump: "CPU states",
      ...exit,
    };
  }
}

Deno.test("ScxOrStock puts the scheduler in force, and decides nothing itself", () => {
  const scene = new Scene(), { enforcer } = scene;
  enforcer.look(0);
  assert.equal(scene.scheduler.inForce, true);
  assert.deepEqual([enforcer.name, enforcer.reactsToEvents, enforcer.sliceEnforced], ["scx", false, false]);
  assert.equal(enforcer.decide(1), Infinity);
  assert.ok(!scene.done.includes("stock decides"));
  assert.equal(enforcer.trouble, undefined);
});

Deno.test("ScxOrStock goes on with stock where the kernel has ended the scheduler, and says why with the dump", () => {
  const scene = new Scene(), { enforcer } = scene;
  enforcer.look(0);
  scene.end();
  enforcer.look(100 * S);
  assert.deepEqual([enforcer.name, enforcer.reactsToEvents, enforcer.ends], ["stock", true, 1]);
  assert.match(
    enforcer.trouble!,
    /runnable task stall: spin\[7\] failed.*stock meanwhile, it is tried again in 10 s/,
  );
  assert.match(scene.notes[0]!, /again in 10 s\nCPU states$/);
  assert.equal(enforcer.decide(101 * S), 5);
  enforcer.look(109 * S);
  assert.equal(enforcer.name, "stock", "too early");
  enforcer.look(110 * S);
  assert.deepEqual([enforcer.name, enforcer.trouble], ["scx", undefined]);
  assert.equal(scene.done.at(-1), "stock releases", "before the scheduler is in force");
});

Deno.test("ScxOrStock waits longer each time, and gives up after a few", () => {
  const scene = new Scene(), { enforcer } = scene, pauses: number[] = [];
  let nowS = 0;
  enforcer.look(0);
  while (enforcer.ends < 5) {
    scene.end();
    enforcer.look(nowS * S);
    const from = nowS;
    while (enforcer.name === "stock" && nowS < from + 10_000) enforcer.look(++nowS * S);
    pauses.push(nowS - from);
  }
  assert.deepEqual(pauses, [10, 30, 90, 270, 10_000]);
  assert.match(enforcer.trouble!, /it is not tried again/);
});

Deno.test("ScxOrStock begins anew with counting where the scheduler has worked for long", () => {
  const scene = new Scene(), { enforcer } = scene;
  enforcer.look(0);
  for (let i = 1; i < 9; i++) {
    scene.end();
    enforcer.look(i * 10_000 * S);
    enforcer.look((i * 10_000 + 10) * S);
    assert.equal(enforcer.name, "scx", `after ${i} ends`);
    enforcer.look((i * 10_000 + 700) * S);
  }
});

Deno.test("ScxOrStock leaves a scheduler off that a person has ended with the magic key", () => {
  const scene = new Scene(), { enforcer } = scene;
  enforcer.look(0);
  scene.end({ kind: 67, reason: "disabled by sysrq-S", message: "" });
  enforcer.look(1 * S);
  enforcer.look(1e6 * S);
  assert.equal(enforcer.name, "stock");
  assert.match(enforcer.trouble!, /sysrq-S; .*not tried again/);
});

Deno.test("ScxOrStock names another scheduler, waits until it is gone, and counts no end", () => {
  const scene = new Scene(), { enforcer } = scene;
  scene.refuses = true;
  scene.other = "simple, enabled";
  for (let s = 0; s < 1000; s++) enforcer.look(s * S);
  assert.deepEqual([enforcer.name, enforcer.ends, scene.notes.length], ["stock", 0, 1]);
  assert.match(
    enforcer.trouble!,
    /another scheduler is loaded \(simple, enabled\); the backend is stock until/,
  );
  scene.refuses = false;
  scene.other = undefined;
  enforcer.look(1010 * S);
  assert.deepEqual([enforcer.name, enforcer.trouble], ["scx", undefined]);
});

Deno.test("ScxOrStock works with stock where the scheduler cannot be put in force", () => {
  const scene = new Scene(), { enforcer } = scene;
  scene.refuses = true;
  enforcer.look(0);
  assert.equal(enforcer.name, "stock");
  assert.match(enforcer.trouble!, /cannot be put in force: EBUSY/);
});

Deno.test("ScxOrStock works with stock where the kernel ends the scheduler as it puts it in force, and says why", () => {
  const scene = new Scene(), { enforcer } = scene;
  enforcer.look(0);
  scene.end();
  enforcer.look(1 * S);
  scene.endsAtOnce = true;
  enforcer.look(11 * S);
  assert.deepEqual([enforcer.name, enforcer.ends, scene.notes.length], ["stock", 2, 2]);
  assert.match(enforcer.trouble!, /cannot be put in force: scx_bpf_error: no room for cgroup 7; .* in 30 s/);
  assert.ok(!scene.notes.some((note) => note.includes("in force again")), scene.notes.join());
});

Deno.test("ScxOrStock hands orders to both, though they can be gone through once only", () => {
  const scene = new Scene();
  const one = { functionId: 1, priority: 1, sliceNs: 1, predictedCpuNs: 1, table: [0, 1], tailSlope: 1 };
  const once = [one][Symbol.iterator]() as Iterable<typeof one>;
  scene.enforcer.setOrders({ changed: once, removed: [], pinned: [], prior: undefined });
  assert.deepEqual(scene.done, ["stock has 1", "scx has 1"]);
});
