/**
 * Entries of policies as plain numbers, for the way between threads: copying ten thousand of them as objects costs each
 * side some twenty megabytes, which its runtime is slow to give back.
 */
import type { FunctionPolicy } from "./policy.ts";

/** Numbers before the points of an entry: id, priority, slice, predicted CPU time, slope, number of points. */
const HEAD = 6;

/** Packs entries. Its buffer may be transferred. */
export function packEntries(entries: readonly FunctionPolicy[]): Float64Array<ArrayBuffer> {
  const size = entries.reduce((sum, { table }) => sum + HEAD + 2 * table.length, 0);
  const packed = new Float64Array(size);
  let at = 0;
  for (const { functionId, priority, sliceNs, predictedCpuNs, tailSlope, table } of entries) {
    packed[at++] = functionId;
    packed[at++] = priority;
    packed[at++] = sliceNs;
    packed[at++] = predictedCpuNs;
    packed[at++] = tailSlope;
    packed[at++] = table.length;
    for (const { attainedNs, rankNs } of table) {
      packed[at++] = attainedNs;
      packed[at++] = rankNs;
    }
  }
  return packed;
}

/** The entries that {@link packEntries} packed, one by one. */
export function* unpackEntries(packed: Float64Array): Generator<FunctionPolicy> {
  for (let at = 0; at < packed.length;) {
    const head = at;
    at += HEAD;
    const table = [];
    for (const end = at + 2 * packed[head + 5]!; at < end; at += 2) {
      table.push({ attainedNs: packed[at]!, rankNs: packed[at + 1]! });
    }
    yield {
      functionId: packed[head]!,
      priority: packed[head + 1]!,
      sliceNs: packed[head + 2]!,
      predictedCpuNs: packed[head + 3]!,
      tailSlope: packed[head + 4]!,
      table,
    };
  }
}
