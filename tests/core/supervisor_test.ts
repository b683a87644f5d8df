import assert from "node:assert/strict";
import type { EnforcementState } from "../../core/enforcement.ts";
import { Supervisor } from "../../core/supervisor.ts";
import type { ActiveInvocation } from "../../observe/active_set.ts";
import { zeroCounters } from "./counters.ts";

const S = 1e9;

/** A supervisor, and everything around it in memory. */
class Scene {
  nowNs = 1000 * S;
  released = 0;
  /** When the enforcer was to look, in seconds. */
  readonly looks: number[] = [];
  readonly cpus: (readonly number[])[] = [];
  readonly told: EnforcementState[] = [];
  readonly notes: string[] = [];
  readonly counters = zeroCounters();
  readonly shared = { cores: 2, counters: () => this.counters };
  readonly invocations: ActiveInvocation[] = [];
  /** Of every slot. */
  waitedNs = 0;
  memoryReads = 0;
  /** Whether everyone's CPU limit holds them. */
  held = false;
  changedCpus: number[] | undefined;
  awaitsStart = false;
  readonly supervisor: Supervisor;

  constructor(name: "stock" | "scx" | "none" = "stock") {
    const invocations = this.invocations, awaitsStart = () => this.awaitsStart;
    this.supervisor = new Supervisor(
      {
        enforcer: {
          name,
          reactsToEvents: name === "stock",
          get awaitsStart() {
            return awaitsStart();
          },
          release: () => this.released++,
          setCpus: (cpus) => this.cpus.push(cpus),
          look: (nowNs) => void this.looks.push(nowNs / S),
        },
        active: {
          get size() {
            return invocations.length;
          },
          [Symbol.iterator]: () => invocations.values(),
        },
        slots: {
          oldestWaitNs: () => this.waitedNs,
          bucketNs: 0.625 * S,
          runnable: () => this.counters.runnable,
        },
        shared: this.shared,
        maxWaitNs: 5 * S,
        changed: (state) => this.told.push(state),
        note: (text) => this.notes.push(text),
      },
      this.nowNs,
      () => (this.memoryReads++, { availableBytes: 2 ** 30, totalBytes: 2 ** 32 }),
      { changed: () => this.changedCpus },
      { begin: () => {}, hold: () => this.held },
    );
  }

  start(): void {
    const tids = new Set([7]);
    this.invocations.push({ slot: 1, generation: 1, sequence: 0, functionId: 1, pid: 7, startNs: 0, tids });
  }

  look(seconds = 1): void {
    this.supervisor.look(this.nowNs += seconds * S);
  }
}

Deno.test("Supervisor releases once where the guard switches off, tells it, and tells when it is on again", () => {
  const scene = new Scene();
  scene.look();
  assert.deepEqual([scene.supervisor.enforcing, scene.released, scene.told], [true, 0, []]);
  scene.counters.lostRingFull = 1;
  scene.look();
  assert.deepEqual([scene.supervisor.enforcing, scene.released], [false, 1]);
  for (let i = 0; i < 9; i++) scene.look();
  assert.deepEqual([scene.supervisor.enforcing, scene.released], [false, 1]);
  scene.look();
  assert.equal(scene.supervisor.enforcing, true);
  assert.deepEqual(scene.told.map(({ enabled, by }) => [enabled, by]), [[false, "guard"], [true, "start"]]);
  assert.equal(scene.told[0]?.trip?.reason, "events_lost");
  assert.deepEqual(scene.told[1]?.trips, { wait: 0, events_lost: 1, late: 0, memory: 0 });
});

Deno.test("Supervisor counts every kind of loss, and only waits that surely are too long", () => {
  for (const counter of ["lostRingFull", "lostNoSlot", "lostNoMemory"] as const) {
    const scene = new Scene();
    scene.counters[counter] = 1;
    scene.look();
    assert.equal(scene.supervisor.enforcing, false, counter);
  }
  const scene = new Scene();
  scene.start();
  scene.counters.runnable = 3;
  scene.waitedNs = 5.6 * S; // may have begun at any time of its bucket
  scene.look();
  assert.equal(scene.supervisor.enforcing, true);
  scene.waitedNs = 5.7 * S;
  scene.look();
  assert.equal(scene.supervisor.enforcing, false);
});

Deno.test("Supervisor: a wait that a CPU limit is the reason for is no reason to switch off", () => {
  const scene = new Scene();
  scene.start();
  scene.counters.runnable = 1;
  scene.waitedNs = 9 * S;
  scene.held = true;
  scene.counters.limitedWaits = 3;
  scene.look();
  assert.equal(scene.supervisor.enforcing, true);
  scene.held = false;
  scene.look();
  assert.equal(scene.supervisor.enforcing, false);
});

Deno.test("Supervisor.switch(): a person's off holds, whatever the guard would say", () => {
  const scene = new Scene();
  const state = scene.supervisor.switch(false, scene.nowNs);
  assert.deepEqual([state.enabled, state.by, scene.released], [false, "person", 1]);
  scene.counters.lostRingFull = 9;
  for (let i = 0; i < 1000; i++) scene.look();
  assert.deepEqual([scene.supervisor.enforcing, scene.told], [false, []]);
  assert.deepEqual(scene.supervisor.state.trips, { wait: 0, events_lost: 0, late: 0, memory: 0 });
  const on = scene.supervisor.switch(true, scene.nowNs);
  assert.deepEqual([on.enabled, on.by, on.sinceNs], [true, "person", scene.nowNs]);
  scene.look();
  assert.equal(scene.supervisor.enforcing, true, "what was lost before counts no longer");
});

Deno.test("Supervisor.switch(): a person's on ends the guard's pause, and what comes after counts", () => {
  const scene = new Scene();
  scene.counters.longWaits = 1;
  scene.look();
  assert.equal(scene.supervisor.enforcing, false);
  assert.equal(scene.supervisor.switch(true, scene.nowNs).enabled, true);
  scene.look();
  assert.equal(scene.supervisor.enforcing, true);
  scene.counters.longWaits = 2;
  scene.look();
  assert.equal(scene.supervisor.enforcing, false);
  // Off by a person during the guard's pause: it is the person's now, and does not end with the pause.
  scene.supervisor.switch(false, scene.nowNs);
  scene.look(1e6);
  assert.deepEqual([scene.supervisor.enforcing, scene.supervisor.state.by], [false, "person"]);
});

Deno.test("Supervisor follows CPUs that are switched on and off, while something is active", () => {
  const scene = new Scene();
  scene.changedCpus = [0];
  scene.look();
  assert.deepEqual([scene.cpus, scene.shared.cores], [[], 2], "an idle machine is not looked at");
  scene.start();
  scene.look();
  assert.deepEqual([scene.cpus, scene.shared.cores], [[[0]], 1]);
  assert.match(scene.notes.join(), /^CPUs were switched on or off: [^\n,]+ for 1 from now on, before for 2$/);
  scene.changedCpus = undefined;
  scene.supervisor.switch(false, scene.nowNs);
  assert.ok(scene.shared.cores > 1e6, "off, nobody is to be woken for an order");
  scene.supervisor.switch(true, scene.nowNs);
  assert.equal(scene.shared.cores, 1);
});

Deno.test("Supervisor reads nothing from the machine while it is idle", () => {
  const scene = new Scene();
  for (let i = 0; i < 10; i++) scene.look();
  assert.equal(scene.memoryReads, 0);
  scene.start();
  scene.look();
  assert.equal(scene.memoryReads, 1);
});

Deno.test("Supervisor of the backend none does nothing", () => {
  const scene = new Scene("none");
  scene.counters.lostRingFull = 1;
  scene.start();
  scene.look();
  assert.deepEqual([scene.supervisor.enforcing, scene.told, scene.released], [true, [], 0]);
});

Deno.test("Supervisor has the enforcer look before it says that enforcement is on, so that a scheduler is in force then", () => {
  const scene = new Scene();
  assert.equal(scene.supervisor.switch(false, 1000 * S).enabled, false);
  assert.deepEqual(scene.looks, []);
  assert.equal(scene.supervisor.switch(true, 1001 * S).enabled, true);
  assert.deepEqual(scene.looks, [1001]);
});

for (const name of ["stock", "scx"] as const) {
  Deno.test(`Supervisor of the backend ${name} sees waits that go on, be they of one invocation's many tasks`, () => {
    const scene = new Scene(name);
    scene.start();
    scene.waitedNs = 9 * S;
    scene.look();
    assert.equal(scene.supervisor.enforcing, true, "nothing wants a CPU");
    scene.counters.runnable = 1;
    scene.look();
    assert.equal(scene.supervisor.enforcing, false);
    assert.equal(scene.supervisor.state.trips.wait, 1);
  });
}

Deno.test("Supervisor has the kernel tell of the first start where the enforcer awaits one, and of nothing else", () => {
  const scene = new Scene("scx");
  scene.look();
  assert.equal(scene.shared.cores, 2 ** 32 - 1);
  scene.awaitsStart = true;
  scene.look();
  assert.equal(scene.shared.cores, 0);
  scene.supervisor.switch(false, scene.nowNs);
  assert.equal(scene.shared.cores, 2 ** 32 - 1, "nothing is enforced");
  scene.supervisor.switch(true, scene.nowNs);
  scene.awaitsStart = false;
  scene.look();
  assert.equal(scene.shared.cores, 2 ** 32 - 1);
});
