/**
 * Policies on their way between threads: only what changed is sent, and as numbers, because copying every table of a hundred
 * thousand functions would stop both threads for a second.
 */
import { packEntries, unpackEntries } from "./packed_policy.ts";
import type { FunctionPolicy, Policy } from "./policy.ts";

/** A policy, relative to the one before. */
export interface PolicyUpdate extends Omit<Policy, "functions"> {
  /** In order of priority, from 1. */
  readonly functionIds: Float64Array<ArrayBuffer>;
  /** In the same order. */
  readonly slicesNs: Float64Array<ArrayBuffer>;
  /** Entries that are new or have another table or predicted CPU time, packed. */
  readonly changed: Float64Array<ArrayBuffer>;
}

/** Makes updates from successive policies. */
export class PolicySender {
  readonly #sent = new Map<number, FunctionPolicy>();

  /** @param policy its priorities count up from 1; unchanged tables are the same objects as in the policy before */
  update({ functions, ...rest }: Policy): PolicyUpdate {
    const changed = functions.filter((each) => {
      const sent = this.#sent.get(each.functionId);
      return sent?.table !== each.table || sent.predictedCpuNs !== each.predictedCpuNs ||
        sent.tailSlope !== each.tailSlope;
    });
    keepExactly(this.#sent, functions);
    return {
      ...rest,
      functionIds: Float64Array.from(functions, (each) => each.functionId),
      slicesNs: Float64Array.from(functions, (each) => each.sliceNs),
      changed: packEntries(changed),
    };
  }
}

/** Makes policies from all the updates of one sender, in their order. */
export class PolicyReceiver {
  readonly #entries = new Map<number, FunctionPolicy>();

  /** @throws Error where an earlier update was missed */
  policy({ functionIds, slicesNs, changed, ...rest }: PolicyUpdate): Policy {
    for (const entry of unpackEntries(changed)) this.#entries.set(entry.functionId, entry);
    const functions = Array.from(functionIds, (functionId, index) => {
      const entry = this.#entries.get(functionId);
      if (entry === undefined) {
        throw new Error(
          `cannot follow policy ${rest.epoch}: function ${functionId} must have been in an earlier one`,
        );
      }
      const priority = index + 1, sliceNs = slicesNs[index]!;
      return entry.priority === priority && entry.sliceNs === sliceNs
        ? entry
        : { ...entry, priority, sliceNs };
    });
    keepExactly(this.#entries, functions);
    return { ...rest, functions };
  }
}

/**
 * Makes a map of entries by function hold exactly `functions`. In place: the map of a new policy would be garbage with
 * the next one.
 * @returns the functions that were in it and are not among these
 */
export function keepExactly(
  entries: Map<number, FunctionPolicy>,
  functions: readonly FunctionPolicy[],
): number[] {
  for (const each of functions) entries.set(each.functionId, each);
  if (entries.size === functions.length) return [];
  const staying = new Set(functions.map(({ functionId }) => functionId));
  const gone = [...entries.keys()].filter((id) => !staying.has(id));
  for (const id of gone) entries.delete(id);
  return gone;
}
