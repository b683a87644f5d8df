import assert from "node:assert/strict";
import { Guard, type GuardReason, type GuardSample, leastMemoryBytes } from "../../core/guard.ts";

const S = 1e9, MS = 1e6, MIB = 2 ** 20;

/** A guard with a clock of its own; the bound of waits is 5 s. */
class Scene {
  readonly guard = new Guard(5 * S);
  nowNs = 1000 * S;
  sample: GuardSample = { longWaits: 0, waitingNs: 0, eventsLost: 0, memory: undefined };

  /** Looks after `seconds` more, at what is given and else at what was there. */
  look(seconds: number, change: Partial<GuardSample> = {}): boolean {
    this.sample = { ...this.sample, ...change };
    return this.guard.look(this.sample, this.nowNs += seconds * S);
  }

  get reason(): GuardReason | undefined {
    return this.guard.trip?.reason;
  }

  /** Seconds until it tries again. */
  get pauseS(): number {
    return (this.guard.trip!.untilNs - this.nowNs) / S;
  }
}

Deno.test("Guard.look() leaves enforcement on where nothing is wrong", () => {
  const scene = new Scene();
  const memory = { availableBytes: 300 * MIB, totalBytes: 4096 * MIB };
  for (let i = 0; i < 1000; i++) {
    scene.guard.reacted(49 * MS, scene.nowNs);
    assert.equal(scene.look(1, { waitingNs: 5 * S, memory }), false);
  }
  assert.equal(scene.guard.trip, undefined);
  assert.deepEqual(scene.guard.trips, { wait: 0, events_lost: 0, late: 0, memory: 0 });
});

Deno.test("Guard.look() switches off for each reason, says so and counts it", () => {
  const cases: [GuardReason, Partial<GuardSample>, RegExp][] = [
    ["wait", { longWaits: 1 }, /^a function has waited for a CPU for longer than 5 s$/],
    ["wait", { waitingNs: 5 * S + 1 }, /waited for a CPU/],
    ["events_lost", { eventsLost: 3 }, /^3 events from the kernel have been lost$/],
    [
      "memory",
      { memory: { availableBytes: 40 * MIB, totalBytes: 4096 * MIB } },
      /has 40 MiB of memory left$/,
    ],
  ];
  for (const [reason, change, text] of cases) {
    const scene = new Scene();
    assert.equal(scene.look(1), false);
    assert.equal(scene.look(1, change), true);
    assert.equal(scene.reason, reason);
    assert.match(scene.guard.trip!.text, text);
    assert.equal(scene.guard.trips[reason], 1);
  }
});

Deno.test("Guard.look() switches off where every reaction has been late for 3 s, and not for a hiccup", () => {
  const scene = new Scene();
  const late = (seconds: number, ms: number) => {
    scene.guard.reacted(ms * MS, scene.nowNs += seconds * S);
    return scene.look(0);
  };
  assert.equal(late(1, 51), false);
  assert.equal(late(1, 51), false);
  assert.equal(late(0.9, 50), false, "in time once");
  for (let i = 0; i < 3; i++) assert.equal(late(1, 60), false, "late again, since just now");
  assert.equal(late(1, 60), true);
  assert.equal(scene.reason, "late");
  assert.match(scene.guard.trip!.text, /later than 50 ms for 3.1 s/);
});

Deno.test("Guard.look() takes one reaction that is 3 s late for what it is", () => {
  const scene = new Scene();
  scene.guard.reacted(3.2 * S, scene.nowNs);
  scene.guard.reacted(0, scene.nowNs); // it is over by the time that anyone looks
  assert.equal(scene.look(0), true);
  assert.equal(scene.reason, "late");
});

Deno.test("Guard tries again after a pause, later and later, at most after 10 minutes", () => {
  const scene = new Scene();
  const pauses: number[] = [];
  for (let round = 1; round <= 9; round++) {
    assert.equal(scene.look(1, { longWaits: round }), true);
    pauses.push(scene.pauseS);
    const pauseS = scene.pauseS;
    assert.equal(scene.look(pauseS - 1), false, "not before its time");
    assert.equal(scene.look(1), true);
    assert.equal(scene.guard.trip, undefined);
  }
  assert.deepEqual(pauses, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
  assert.equal(scene.guard.trips.wait, 9);
});

Deno.test("Guard's pause is the first again after two good minutes", () => {
  const scene = new Scene();
  for (let round = 1; round <= 3; round++) {
    scene.look(1, { longWaits: round });
    scene.look(scene.pauseS);
  }
  for (let i = 0; i < 121; i++) scene.look(1);
  scene.look(1, { longWaits: 4 });
  assert.equal(scene.pauseS, 10);
});

Deno.test("Guard stays off, with longer pauses, while what is wrong lasts", () => {
  const scene = new Scene();
  scene.look(1, { memory: { availableBytes: 0, totalBytes: 1024 * MIB } });
  assert.equal(scene.look(10), true, "told anew: the time has changed");
  assert.deepEqual([scene.reason, scene.pauseS], ["memory", 20]);
  scene.look(20, { memory: { availableBytes: 900 * MIB, totalBytes: 1024 * MIB } });
  assert.equal(scene.guard.trip, undefined);
});

Deno.test("Guard comes back from waits that lasted: while it is off they are the kernel's own", () => {
  const scene = new Scene();
  scene.look(1, { longWaits: 1, waitingNs: 6 * S });
  for (let i = 0; i < 9; i++) assert.equal(scene.look(1, { longWaits: 2 + i, waitingNs: 9 * S }), false);
  assert.equal(scene.look(1, { longWaits: 100 }), true);
  assert.equal(scene.guard.trip, undefined);
  assert.equal(scene.look(1, { waitingNs: 0 }), false, "waits of the time while it was off do not count");
});

Deno.test("Guard.reset() ends a pause; only what comes after counts", () => {
  const scene = new Scene();
  scene.guard.reacted(10 * S, scene.nowNs);
  scene.look(1, { longWaits: 7, eventsLost: 8 });
  assert.ok(scene.guard.trip);
  scene.sample = { ...scene.sample, longWaits: 9, eventsLost: 11 };
  scene.guard.reset(scene.sample);
  assert.equal(scene.guard.trip, undefined);
  assert.equal(scene.look(1), false);
  assert.equal(scene.look(1, { eventsLost: 12 }), true);
  assert.equal(scene.pauseS, 10);
});

Deno.test("Guard gets over a clock that has stood still or jumped ahead", () => {
  const scene = new Scene();
  assert.equal(scene.look(0), false);
  assert.equal(scene.look(1e6), false, "eleven days");
  scene.look(1, { longWaits: 1 });
  assert.equal(scene.look(1e6), true, "and its pause is over");
  assert.equal(scene.guard.trip, undefined);
});

Deno.test("leastMemoryBytes() is 2 %, but neither very little nor very much", () => {
  assert.equal(leastMemoryBytes(4096 * MIB), 0.02 * 4096 * MIB);
  assert.equal(leastMemoryBytes(256 * MIB), 32 * MIB);
  assert.equal(leastMemoryBytes(1024 * 1024 * MIB), 256 * MIB);
});
