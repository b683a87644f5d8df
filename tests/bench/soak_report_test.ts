import assert from "node:assert/strict";
import { judge, type SoakSample } from "../../bench/soak_report.ts";

/** Samples every ten seconds. */
function samples(change: (index: number) => Partial<SoakSample>): SoakSample[] {
  return Array.from({ length: 60 }, (_, index) => ({
    seconds: 10 * index,
    memoryMb: 100,
    descriptors: 40,
    threads: 12,
    mapKb: 5000,
    ...change(index),
  }));
}

Deno.test("judge() finds nothing that grew where all is flat, its teeth and its warming up included", () => {
  const { grew, memoryMb } = judge(samples((index) => ({
    memoryMb: (index < 15 ? 60 + index : 100) + (index % 7),
    descriptors: 40 + index % 3,
    mapKb: index < 15 ? 100 : 5000,
  })));
  assert.deepEqual(grew, []);
  assert.ok(Math.abs(memoryMb.mbPerHour) < 20, String(memoryMb.mbPerHour));
});

Deno.test("judge() finds memory that grows under its teeth", () => {
  const { grew, memoryMb } = judge(samples((index) => ({ memoryMb: 100 + index / 3 + 5 * (index % 4) })));
  assert.equal(grew.length, 1);
  assert.match(grew[0]!, /^memory grew by 1[34]\.\d MB/);
  assert.ok(memoryMb.mbPerHour > 100);
});

Deno.test("judge() finds descriptors, threads and map entries that are not given back", () => {
  const { grew } = judge(samples((index) => ({
    descriptors: 40 + Math.floor(index / 5),
    threads: 12 + (index > 50 ? 1 : 0),
    mapKb: 5000 + index,
  })));
  assert.deepEqual(grew.map((sentence) => sentence.replace(/ from .*/, "")), [
    "descriptors grew",
    "threads grew",
    "kB of eBPF maps grew",
  ]);
});

Deno.test("judge() does not judge by a handful of samples", () => {
  assert.throws(() => judge(samples(() => ({})).slice(0, 7)), RangeError);
});
