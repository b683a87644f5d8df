import assert from "node:assert/strict";
import * as fc from "fast-check";
import { packRank } from "../../enforce/scx_ranks.ts";
import { ALPS_RANK, ALPS_RANK_FLAGS, ALPS_RANK_LIMITS, ALPS_RANK_SEGMENT } from "../../ffi/layout.ts";
import { rankAt } from "../../learn/table.ts";

/** The rank as bpf/rank.h makes it of the bytes. */
function kernelRank(bytes: Uint8Array<ArrayBuffer>, usedNs: bigint): bigint {
  const view = new DataView(bytes.buffer);
  const segments = view.getUint32(ALPS_RANK.segments, true);
  const segment = (i: number) => {
    const at = ALPS_RANK.table + i * ALPS_RANK_SEGMENT.size;
    return {
      fromNs: view.getBigUint64(at + ALPS_RANK_SEGMENT.from_ns, true),
      rankNs: view.getBigUint64(at + ALPS_RANK_SEGMENT.rank_ns, true),
      slope: view.getBigInt64(at + ALPS_RANK_SEGMENT.slope, true),
    };
  };
  let line = segment(0);
  for (let i = 1; i < segments; i++) if (usedNs > segment(i).fromNs) line = segment(i);
  if (usedNs < line.fromNs) return line.rankNs;
  return line.rankNs + ((usedNs - line.fromNs) * line.slope >> BigInt(ALPS_RANK_LIMITS.ALPS_SLOPE_SHIFT));
}

Deno.test("packRank() gives the kernel the same ranks as rankAt(), whatever the table", () => {
  // No steeper than what a line can be: 5 s within 20 µs are.
  const step = fc.tuple(fc.integer({ min: 5e4, max: 1e9 }), fc.integer({ min: 0, max: 5e9 }));
  const tables = fc.array(step, { minLength: 0, maxLength: 7 });
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 5e9 }),
    tables,
    fc.double({ min: 0, max: 4, noNaN: true }),
    fc.array(fc.integer({ min: 0, max: 1e10 }), { minLength: 1 }),
    (firstNs, steps, tailSlope, places) => {
      const table = [0, firstNs];
      for (const [widthNs, rankNs] of steps) table.push(table.at(-2)! + widthNs, rankNs);
      const bytes = packRank({ table: { table, tailSlope } });
      for (const usedNs of places) {
        const wanted = rankAt(table, tailSlope, usedNs), got = Number(kernelRank(bytes, BigInt(usedNs)));
        // A slope is rounded to 1/4096: over the stretch, or ten seconds beyond the table.
        assert.ok(Math.abs(got - wanted) <= 1e10 / 4096, `${usedNs}: ${got}, wanted ${wanted}`);
      }
    },
  ));
});

Deno.test("packRank() bounds pins and slices to what the kernel side can hold", () => {
  const view = (rank: Parameters<typeof packRank>[0]) => new DataView(packRank(rank).buffer);
  const pin = (pinnedNs: number) => Number(view({ pinnedNs }).getBigInt64(ALPS_RANK.pinned_ns, true));
  assert.equal(view({ pinnedNs: 0 }).getUint32(ALPS_RANK.flags, true), ALPS_RANK_FLAGS.ALPS_RANK_PINNED);
  assert.equal(view({}).getUint32(ALPS_RANK.flags, true), 0);
  assert.equal(view({}).getUint32(ALPS_RANK.segments, true), 0, "nothing is known");
  assert.ok(pin(-Infinity) < pin(-2e18) && pin(-2e18) < pin(0) && pin(3e18) < pin(Infinity));
  assert.equal(view({ sliceNs: 5e6 }).getBigUint64(ALPS_RANK.slice_ns, true), 5_000_000n);
  assert.equal(view({ sliceNs: -1 }).getBigUint64(ALPS_RANK.slice_ns, true), 0n);
});
