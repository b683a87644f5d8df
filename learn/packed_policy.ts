/**
 * Entries of policies as plain numbers, for the way between threads: copying ten thousand of them as objects costs each
 * side some twenty megabytes, which its runtime is slow to give back.
 */
import type { FunctionPolicy } from "./policy.ts";

/** Numbers before the table of an entry: id, priority, slice, predicted CPU time, slope, length of the table. */
const HEAD = 6;

/** Packs entries. Its buffer may be transferred. */
export function packEntries(entries: readonly FunctionPolicy[]): Float64Array<ArrayBuffer> {
  const size = entries.reduce((sum, { table }) => sum + HEAD + table.length, 0);
  const packed = new Float64Array(size);
  let at = 0;
  for (const { functionId, priority, sliceNs, predictedCpuNs, tailSlope, table } of entries) {
    packed[at++] = functionId;
    packed[at++] = priority;
    packed[at++] = sliceNs;
    packed[at++] = predictedCpuNs;
    packed[at++] = tailSlope;
    packed[at++] = table.length;
    packed.set(table, at);
    at += table.length;
  }
  return packed;
}

/** The entries that {@link packEntries} packed, one by one. */
export function* unpackEntries(packed: Float64Array): Generator<FunctionPolicy> {
  for (let at = 0; at < packed.length;) {
    const head = at;
    at += HEAD;
    // Of its length from the start: one that grew would keep room for more.
    const table = new Array<number>(packed[head + 5]!);
    for (let i = 0; i < table.length; i++) table[i] = packed[at++]!;
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
