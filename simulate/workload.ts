/**
 * What is simulated: invocations with their arrivals, CPU times and functions, in typed arrays.
 */

/** One invocation as it is given. */
export interface WorkloadInvocation {
  /** The function's name; any text. */
  readonly function: string;
  /** When it arrives, in nanoseconds on any clock. */
  readonly arrivalNs: number;
  /** The CPU time that it needs, in nanoseconds, at least 0. */
  readonly cpuNs: number;
}

/** Invocations in order of arrival; an invocation's number is its place in these lists, which have one length. */
export interface Workload {
  /** In nanoseconds, not decreasing, the first one 0. */
  readonly arrivalNs: Float64Array;
  /** In nanoseconds, at least 0. */
  readonly cpuNs: Float64Array;
  /** Places in `functions`. */
  readonly functionIds: Int32Array;
  /** The functions' names, in order of their first arrival. */
  readonly functions: readonly string[];
}

/** Longest time from the first arrival to the end of all work, in nanoseconds: about 31 years. */
const LONGEST_NS = 1e18;

/**
 * Makes a workload: puts the invocations in order of arrival (of equal arrivals the earlier in the list first) and
 * counts time from the first arrival on, so that small differences of large clock values stay exact.
 *
 * @throws RangeError where a time is no finite number, a CPU time is negative, or all of it would take more than 31 years
 */
export function makeWorkload(invocations: readonly WorkloadInvocation[]): Workload {
  const count = invocations.length;
  let firstNs = Infinity, lastNs = -Infinity, totalNs = 0;
  for (let place = 0; place < count; place++) {
    const { arrivalNs, cpuNs } = invocations[place]!;
    if (!Number.isFinite(arrivalNs)) {
      throw new RangeError(
        `cannot simulate invocation ${place + 1} that arrives at ${arrivalNs} ns: must be finite`,
      );
    }
    if (!(cpuNs >= 0 && cpuNs < Infinity)) {
      throw new RangeError(
        `cannot simulate invocation ${place + 1} with ${cpuNs} ns of CPU time: must be finite and at least 0`,
      );
    }
    if (arrivalNs < firstNs) firstNs = arrivalNs;
    if (arrivalNs > lastNs) lastNs = arrivalNs;
    totalNs += cpuNs;
  }
  if (count > 0 && !(lastNs - firstNs + totalNs <= LONGEST_NS)) {
    throw new RangeError(
      `cannot simulate ${lastNs - firstNs} ns of arrivals with ${totalNs} ns of CPU time: ` +
        `must be ${LONGEST_NS} ns (31 years) at most together`,
    );
  }
  const order = Int32Array.from(invocations.keys());
  if (
    invocations.some(({ arrivalNs }, place) => place > 0 && invocations[place - 1]!.arrivalNs > arrivalNs)
  ) {
    order.sort((a, b) => invocations[a]!.arrivalNs - invocations[b]!.arrivalNs || a - b);
  }
  const workload = {
    arrivalNs: new Float64Array(count),
    cpuNs: new Float64Array(count),
    functionIds: new Int32Array(count),
    functions: [] as string[],
  };
  const ids = new Map<string, number>();
  for (let place = 0; place < count; place++) {
    const { function: name, arrivalNs, cpuNs } = invocations[order[place]!]!;
    let id = ids.get(name);
    if (id === undefined) {
      ids.set(name, id = workload.functions.length);
      workload.functions.push(name);
    }
    workload.arrivalNs[place] = arrivalNs - firstNs;
    workload.cpuNs[place] = cpuNs;
    workload.functionIds[place] = id;
  }
  return workload;
}

/**
 * The load of a workload on some cores: CPU time over cores × span of the arrivals; 0 where all arrive at once.
 */
export function loadOf({ arrivalNs, cpuNs }: Workload, cores: number): number {
  const spanNs = arrivalNs.at(-1) ?? 0;
  if (spanNs === 0) return 0;
  let totalNs = 0;
  for (let job = 0; job < cpuNs.length; job++) totalNs += cpuNs[job]!;
  return totalNs / (cores * spanNs);
}
