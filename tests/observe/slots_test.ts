import assert from "node:assert/strict";
import { ALPS_LIMITS, ALPS_SHARED, ALPS_SLOT, ALPS_SLOT_STATE } from "../../ffi/layout.ts";
import { SharedPage, SlotTable } from "../../observe/slots.ts";

/** The array of slots in plain memory. */
class FakeSlots {
  readonly buffer = new ArrayBuffer(ALPS_LIMITS.ALPS_SLOTS * ALPS_SLOT.size);
  readonly #view = new DataView(this.buffer);
  unmapped = false;

  map(_fd: number, bytes: number, _offset: number, writable: boolean): { buffer: ArrayBuffer } & Disposable {
    assert.deepEqual([bytes, writable], [this.buffer.byteLength, false]);
    return { buffer: this.buffer, [Symbol.dispose]: () => void (this.unmapped = true) };
  }

  set(slot: number, values: Partial<Record<keyof typeof ALPS_SLOT, number | bigint>>): void {
    for (const [field, value] of Object.entries(values)) {
      const at = slot * ALPS_SLOT.size + ALPS_SLOT[field as keyof typeof ALPS_SLOT];
      if (typeof value === "bigint") this.#view.setBigUint64(at, value, true);
      else this.#view.setUint32(at, value!, true);
    }
  }
}

const LAST = ALPS_LIMITS.ALPS_SLOTS - 1, BUSY = ALPS_SLOT_STATE.ALPS_SLOT_BUSY;

Deno.test("SlotTable reads the fields of the slot that was asked for", () => {
  const memory = new FakeSlots();
  using table = new SlotTable(memory, 3);
  memory.set(LAST, { runnable: 3, running: 2, cpu: 7, last_tid: 4321, last_on_ns: 2n ** 40n + 5n });
  assert.deepEqual(
    [table.runnable(LAST), table.running(LAST), table.cpu(LAST), table.lastTid(LAST), table.lastOnNs(LAST)],
    [3, 2, 7, 4321, 2 ** 40 + 5],
  );
  assert.equal(table.runnable(LAST - 1), 0);
});

Deno.test("SlotTable.isLive() is true for the generation that is in the slot, while the slot is in use", () => {
  const memory = new FakeSlots();
  using table = new SlotTable(memory, 3);
  memory.set(5, { state: BUSY, generation: 0xffff_ffff });
  assert.equal(table.isLive(5, 0xffff_ffff), true);
  assert.equal(table.isLive(5, 0), false);
  memory.set(5, { state: ALPS_SLOT_STATE.ALPS_SLOT_FREE });
  assert.equal(table.isLive(5, 0xffff_ffff), false);
});

Deno.test("SlotTable.attainedNs() adds the stints under way of every running task", () => {
  const memory = new FakeSlots();
  using table = new SlotTable(memory, 3);
  const start = 10n ** 12n;
  memory.set(1, { start_ns: start, base_ns: start, cpu_ns: 500n, running: 0 });
  assert.equal(table.attainedNs(1, 1e12 + 9000), 500, "nothing is running");
  // Two tasks, on a CPU since 1000 and 3000 ns after the start.
  memory.set(1, { running: 2, running_since_ns: 4000n });
  assert.equal(table.attainedNs(1, 1e12 + 5000), 500 + 4000 + 2000);
});

Deno.test("SlotTable.attainedNs() never falls below what is complete, whatever it reads in between", () => {
  const memory = new FakeSlots();
  using table = new SlotTable(memory, 3);
  memory.set(1, { start_ns: 10n ** 12n, base_ns: 10n ** 12n, cpu_ns: 500n, running: 1 });
  // A sum that is not there yet, is too large, or wraps below zero.
  for (const running_since_ns of [10n ** 9n, 2n ** 64n - 1000n, 2n ** 63n]) {
    memory.set(1, { running_since_ns });
    assert.equal(table.attainedNs(1, 1e12 + 5000), 500);
  }
  memory.set(1, { running_since_ns: 0n });
  assert.equal(table.attainedNs(1, 1e12 - 1), 500, "a clock that is read before the start");
});

Deno.test("SlotTable.attainedNs() of a warm invocation leaves out what its instance used before", () => {
  const memory = new FakeSlots();
  using table = new SlotTable(memory, 3);
  // An hour old; on a CPU since 3000 ns after the invocation began.
  const base = 10n ** 12n, start = base + 3600n * 10n ** 9n;
  memory.set(1, { base_ns: base, start_ns: start, cpu_ns: 90_500n, cpu_base_ns: 90_000n, running: 1 });
  memory.set(1, { running_since_ns: start - base + 3000n });
  assert.equal(table.attainedNs(1, Number(start) + 5000), 500 + 2000);
  memory.set(1, { running_since_ns: 0n });
  assert.equal(table.attainedNs(1, Number(start) + 5000), 500, "more than since its start cannot be");
});

Deno.test("SlotTable.isInProgress() is true for that invocation of the slot alone", () => {
  const memory = new FakeSlots();
  using table = new SlotTable(memory, 3);
  memory.set(1, { life: 7 });
  assert.deepEqual([2, 3, 4].map((sequence) => table.isInProgress(1, sequence)), [false, true, false]);
  memory.set(1, { life: 8 });
  assert.deepEqual([3, 4].map((sequence) => table.isInProgress(1, sequence)), [false, false]);
});

Deno.test("SlotTable.oldestWaitNs() tells the age of the oldest wait, at most a bucket too much", () => {
  const memory = new FakeSlots();
  using table = new SlotTable(memory, 3, 1e9);
  const at = (bucket: number) => LAST * ALPS_SLOT.size + ALPS_SLOT.waiting + 4 * (bucket % 16);
  const view = new DataView(memory.buffer);
  const now = 1000.25e9;
  assert.equal(table.oldestWaitNs(LAST, now), 0);
  view.setUint32(at(1000), 2, true);
  assert.equal(table.oldestWaitNs(LAST, now), 0.25e9);
  view.setUint32(at(995), 1, true);
  assert.equal(table.oldestWaitNs(LAST, now), 5.25e9);
  view.setInt32(at(990), -1, true);
  assert.equal(table.oldestWaitNs(LAST, now), 5.25e9, "a counter that fell below zero says nothing");
  view.setUint32(at(985), 1, true);
  assert.equal(table.oldestWaitNs(LAST, now), 15.25e9);
  assert.equal(table.oldestWaitNs(LAST - 1, now), 0);
  assert.equal(table.oldestWaitNs(0, 0.5e9), 0, "soon after the machine's start");
});

Deno.test("SlotTable unmaps", () => {
  const memory = new FakeSlots();
  new SlotTable(memory, 3)[Symbol.dispose]();
  assert.ok(memory.unmapped);
});

Deno.test("SharedPage shows the kernel's counters, and writes what rules are in force", () => {
  const buffer = new ArrayBuffer(4096), view = new DataView(buffer);
  let unmapped = false;
  {
    using page = new SharedPage({
      map: () => ({ buffer, [Symbol.dispose]: () => void (unmapped = true) }),
    }, 3);
    view.setUint32(ALPS_SHARED.active, 4, true);
    view.setUint32(ALPS_SHARED.runnable, 3, true);
    view.setUint32(ALPS_SHARED.slots, 6, true);
    const large = [
      "events",
      "lost_ring_full",
      "lost_no_slot",
      "lost_no_memory",
      "lost_no_stats",
      "long_waits",
      "limited_waits",
      "longest_wait_ns",
    ] as const;
    large.forEach((field, i) => view.setBigUint64(ALPS_SHARED[field], 2n ** 33n + BigInt(i), true));
    assert.deepEqual(page.counters(), {
      active: 4,
      runnable: 3,
      slots: 6,
      events: 2 ** 33,
      lostRingFull: 2 ** 33 + 1,
      lostNoSlot: 2 ** 33 + 2,
      lostNoMemory: 2 ** 33 + 3,
      lostNoStats: 2 ** 33 + 4,
      longWaits: 2 ** 33 + 5,
      limitedWaits: 2 ** 33 + 6,
      longestWaitNs: 2 ** 33 + 7,
    });
    page.cores = 3;
    assert.equal(view.getUint32(ALPS_SHARED.cores, true), 3);
    assert.equal(page.cores, 3);
    page.setRules(12, 5);
    assert.equal(page.rulesGeneration, 12);
    assert.equal(view.getUint32(ALPS_SHARED.rules_generation, true), 12);
    assert.equal(view.getUint32(ALPS_SHARED.key_parts, true), 5);
    assert.equal(page.counters().active, 4, "the kernel's own fields stay");
  }
  assert.ok(unmapped);
});
