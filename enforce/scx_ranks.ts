/** Ranks as the scheduler in the kernel takes them: `struct alps_rank`. Pure. */

import { ALPS_RANK, ALPS_RANK_FLAGS, ALPS_RANK_LIMITS, ALPS_RANK_SEGMENT } from "../ffi/layout.ts";
import type { RankTable } from "../learn/policy.ts";

/** What the kernel side bounds ranks to: farther than any learned one, and than people's pins. */
const MOST_RANK_NS = 3.2e18;

/** Where a line of the table is steeper than this, its end comes before anybody could tell. */
const MOST_SLOPE = 2 ** 18;

const SLOPE_UNIT = 2 ** ALPS_RANK_LIMITS.ALPS_SLOPE_SHIFT;

/** What is known of one function. */
export interface KernelRank {
  readonly table?: RankTable | undefined;
  /** Nanoseconds; undefined: the scheduler's own. */
  readonly sliceNs?: number | undefined;
  /** A person's rank, in nanoseconds; infinite ones go before or after everything. */
  readonly pinnedNs?: number | undefined;
}

/** The bytes of a rank. */
export function packRank({ table, sliceNs, pinnedNs }: KernelRank): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(ALPS_RANK.size), view = new DataView(bytes.buffer);
  view.setUint32(ALPS_RANK.flags, pinnedNs === undefined ? 0 : ALPS_RANK_FLAGS.ALPS_RANK_PINNED, true);
  view.setBigInt64(ALPS_RANK.pinned_ns, whole(pinnedNs ?? 0), true);
  view.setBigUint64(ALPS_RANK.slice_ns, whole(Math.max(0, sliceNs ?? 0)), true);
  const lines = table ? linesOf(table) : [];
  view.setUint32(ALPS_RANK.segments, lines.length, true);
  for (const [i, { fromNs, rankNs, slope }] of lines.entries()) {
    const at = ALPS_RANK.table + i * ALPS_RANK_SEGMENT.size;
    view.setBigUint64(at + ALPS_RANK_SEGMENT.from_ns, whole(fromNs), true);
    view.setBigUint64(at + ALPS_RANK_SEGMENT.rank_ns, whole(rankNs), true);
    view.setBigInt64(at + ALPS_RANK_SEGMENT.slope, whole(slope * SLOPE_UNIT), true);
  }
  return bytes;
}

/** The lines between a table's points, and the one after the last. */
function linesOf({ table, tailSlope }: RankTable): { fromNs: number; rankNs: number; slope: number }[] {
  const lines = [];
  for (let at = 0; at + 1 < table.length && lines.length < ALPS_RANK_LIMITS.ALPS_RANK_SEGMENTS; at += 2) {
    const fromNs = table[at]!, rankNs = table[at + 1]!;
    const toNs = table[at + 2], toRankNs = table[at + 3];
    const slope = toNs === undefined ? tailSlope : (toRankNs! - rankNs) / (toNs - fromNs);
    lines.push({ fromNs, rankNs, slope: Math.max(-MOST_SLOPE, Math.min(MOST_SLOPE, slope)) });
  }
  return lines;
}

function whole(value: number): bigint {
  return BigInt(Math.round(Math.max(-MOST_RANK_NS, Math.min(MOST_RANK_NS, value))));
}
