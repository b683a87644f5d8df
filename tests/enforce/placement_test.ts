import assert from "node:assert/strict";
import { NO_JOURNAL } from "../../enforce/change_journal.ts";
import { Mover, type Placed, planMoves } from "../../enforce/placement.ts";
import { randomBelow } from "../observe/random.ts";

Deno.test("planMoves() moves the worse-ranked of two that wait on one CPU to a CPU without a chosen one", () => {
  const a = { tid: 1, cpu: 0, running: false }, b = { tid: 2, cpu: 0, running: false };
  assert.deepEqual(planMoves([a, b], [0, 1]), [{ tid: 2, cpu: 1 }]);
  assert.deepEqual(planMoves([b, a], [0, 1]), [{ tid: 1, cpu: 1 }]);
});

Deno.test("planMoves() leaves the running one and moves the one that waits, however well it ranks", () => {
  const waiting = { tid: 1, cpu: 0, running: false }, running = { tid: 2, cpu: 0, running: true };
  assert.deepEqual(planMoves([waiting, running], [0, 1]), [{ tid: 1, cpu: 1 }]);
});

Deno.test("planMoves() moves nothing where every chosen one has a CPU, or there is none to move to", () => {
  const on = (tid: number, cpu: number) => ({ tid, cpu, running: false });
  assert.deepEqual(planMoves([], [0, 1]), []);
  assert.deepEqual(planMoves([on(1, 1), on(2, 0)], [0, 1]), []);
  assert.deepEqual(planMoves([on(1, 0), on(2, 0)], [0]), []);
  assert.deepEqual(planMoves([on(1, 0), on(2, 0)], []), []);
});

Deno.test("planMoves() never does harm, on random inputs", () => {
  const random = randomBelow(5);
  for (let round = 0; round < 5000; round++) {
    const cpus = Array.from({ length: 1 + random(8) }, (_, i) => 2 * i); // not all numbers are in use
    const busy = new Set<number>();
    const chosen: Placed[] = Array.from({ length: random(cpus.length + 1) }, (_, i) => {
      const cpu = random(2) === 0 ? cpus[random(cpus.length)]! : random(2 * cpus.length);
      const running = random(2) === 0 && !busy.has(cpu);
      if (running) busy.add(cpu);
      return { tid: 100 + i, cpu, running };
    });
    const moves = planMoves(chosen, cpus);
    const free = cpus.filter((cpu) => !chosen.some((placed) => placed.cpu === cpu));
    assert.ok(moves.length <= free.length, "never more moves than free CPUs");
    assert.equal(new Set(moves.map(({ cpu }) => cpu)).size, moves.length, "no two moves to one CPU");
    assert.equal(new Set(moves.map(({ tid }) => tid)).size, moves.length, "no task twice");
    for (const { tid, cpu } of moves) {
      const placed = chosen.find((one) => one.tid === tid)!;
      assert.ok(!placed.running, "running ones are never moved");
      assert.ok(free.includes(cpu), "only to a CPU without a chosen one");
      assert.ok(
        chosen.some((other) =>
          other !== placed && other.cpu === placed.cpu && !moves.some((m) => m.tid === other.tid)
        ),
        "never away from a CPU that nobody else keeps",
      );
    }
    // As far as there are free CPUs, every chosen one has a CPU of its own afterwards.
    const crowded = chosen.length - new Set(chosen.map(({ cpu }) => cpu)).size;
    assert.equal(moves.length, Math.min(free.length, crowded));
  }
});

/** Tasks and their CPU masks; 8 bytes, as on a machine with up to 64 CPUs. */
class FakeAffinity {
  readonly masks = new Map<number, bigint>();
  readonly calls: string[] = [];
  /** As /proc shows it: no CPU is off. */
  readonly whole = {
    of: (tid: number) => {
      const mask = new Uint8Array(128);
      return this.getAffinity(tid, mask) < 0 ? undefined : mask;
    },
  };

  getAffinity(tid: number, into: Uint8Array<ArrayBuffer>): number {
    const mask = this.masks.get(tid);
    if (mask === undefined) return -3;
    new DataView(into.buffer).setBigUint64(0, mask, true);
    return 8;
  }

  setAffinity(tid: number, from: Uint8Array<ArrayBuffer>): number {
    if (!this.masks.has(tid)) return -3;
    const mask = new DataView(from.buffer, from.byteOffset).getBigUint64(0, true);
    assert.ok(from.length === 8 || from.subarray(8).every((byte) => byte === 0));
    this.calls.push(`${tid} ${mask.toString(2)}`);
    this.masks.set(tid, mask);
    return 0;
  }
}

Deno.test("Mover.move() allows one CPU for a moment, then what was allowed before", () => {
  const kernel = new FakeAffinity();
  kernel.masks.set(7, 0b1101n);
  assert.equal(
    new Mover(kernel, [0, 1, 2, 3], NO_JOURNAL, () => 4, kernel.whole).move({ tid: 7, cpu: 2 }),
    true,
  );
  assert.deepEqual(kernel.calls, ["7 100", "7 1101"]);
});

Deno.test("Mover.move() leaves a task alone that may not run there, and one that is gone", () => {
  const kernel = new FakeAffinity();
  kernel.masks.set(7, 0b1101n);
  const mover = new Mover(kernel, [0, 1, 2, 3], NO_JOURNAL, () => 4, kernel.whole);
  assert.equal(mover.move({ tid: 7, cpu: 1 }), false);
  assert.equal(mover.move({ tid: 7, cpu: 2000 }), false);
  assert.equal(mover.move({ tid: 8, cpu: 0 }), false);
  assert.deepEqual(kernel.calls, []);
});

Deno.test("Mover.move() has the move recorded from before it is made until the task has its mask back", () => {
  const kernel = new FakeAffinity(), calls = kernel.calls;
  kernel.masks.set(7, 0b1101n);
  const journal = {
    ...NO_JOURNAL,
    beforeMove: (tid: number, mask: Uint8Array, cpu: number) => calls.push(`record ${tid} ${mask} ${cpu}`),
    done: () => void calls.push("done"),
  };
  assert.equal(
    new Mover(kernel, [0, 1, 2, 3], journal, () => 4, kernel.whole).move({ tid: 7, cpu: 2 }),
    true,
  );
  assert.deepEqual(calls, ["record 7 13,0,0,0,0,0,0,0 2", "7 100", "7 1101", "done"]);
  calls.length = 0;
  assert.equal(
    new Mover(kernel, [0, 1, 2, 3], { ...journal, beforeMove: () => -1 }, () => 4, kernel.whole).move({
      tid: 7,
      cpu: 2,
    }),
    false,
  );
  assert.deepEqual(calls, []);
});

/** A machine on which CPU 1 is off, or going off: masks that are read leave it out, /proc does not. */
function withoutCpu1(
  cpus: number[],
  present: number,
  allowed: bigint,
): { kernel: FakeAffinity; mover: Mover } {
  const kernel = new FakeAffinity();
  kernel.masks.set(7, allowed & ~0b10n);
  const whole = new Uint8Array(128);
  new DataView(whole.buffer).setBigUint64(0, allowed, true);
  return { kernel, mover: new Mover(kernel, cpus, NO_JOURNAL, () => present, { of: () => whole }) };
}

Deno.test("Mover.move() gives a task back the CPUs that are off", () => {
  for (const allowed of [0b111n, 0b101n]) {
    const { kernel, mover } = withoutCpu1([0, 2], 3, allowed);
    assert.equal(mover.move({ tid: 7, cpu: 2 }), true);
    assert.deepEqual(kernel.calls, ["7 100", `7 ${allowed.toString(2)}`]);
  }
});

Deno.test("Mover.move() gives a task back the CPU that goes off while nobody has said so yet", () => {
  const { kernel, mover } = withoutCpu1([0, 1], 2, 0b11n);
  assert.equal(mover.move({ tid: 7, cpu: 0 }), true);
  assert.deepEqual(kernel.calls, ["7 1", "7 11"]);
});

Deno.test("Mover.move() leaves a task alone that is gone when its mask is asked for", () => {
  const kernel = new FakeAffinity();
  kernel.masks.set(7, 0b1n);
  assert.equal(
    new Mover(kernel, [0, 1], NO_JOURNAL, () => 2, { of: () => undefined }).move({ tid: 7, cpu: 0 }),
    false,
  );
  assert.deepEqual(kernel.calls, []);
});
