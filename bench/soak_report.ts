/** What a soak has seen, and whether anything grew. Pure. */
import { linearRegression, max } from "simple-statistics";

/** The agent at one moment. */
export interface SoakSample {
  /** Since the soak began. */
  readonly seconds: number;
  readonly memoryMb: number;
  readonly descriptors: number;
  readonly threads: number;
  /** Memory of its eBPF maps, as the kernel accounts it: grows with their entries. */
  readonly mapKb: number;
}

/** A soak's first part is not judged: the runtime compiles, functions become known. */
export const WARM_UP_SHARE = 0.3;

/** How much memory may grow over the judged part, in MB: the slope of a line through it, times its length. */
const MEMORY_GROWTH_MB = 8;

/** How much later samples may be above the earlier ones of the judged part: samples meet what is open for a moment. */
const DESCRIPTORS_MORE = 2, THREADS_MORE = 0, MAPS_MORE_KB = 16;

/** What was found: figures for people, and what grew. */
export interface SoakVerdict {
  readonly memoryMb: { readonly first: number; readonly last: number; readonly mbPerHour: number };
  readonly descriptors: { readonly before: number; readonly after: number };
  readonly threads: { readonly before: number; readonly after: number };
  readonly mapKb: { readonly before: number; readonly after: number };
  /** One sentence each; empty where all was flat. */
  readonly grew: readonly string[];
}

/**
 * Judges the samples.
 *
 * @throws RangeError where there are too few to tell
 */
export function judge(samples: readonly SoakSample[]): SoakVerdict {
  const judged = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
  if (judged.length < 6) throw new RangeError(`cannot judge a soak by ${judged.length} samples: wanted 6`);
  const first = judged[0]!, last = judged.at(-1)!;
  const { m: mbPerSecond } = linearRegression(judged.map(({ seconds, memoryMb }) => [seconds, memoryMb]));
  const grownMb = mbPerSecond * (last.seconds - first.seconds);
  const third = Math.floor(judged.length / 3);
  const most = (key: "descriptors" | "threads" | "mapKb") => ({
    before: max(judged.slice(0, third).map((sample) => sample[key])),
    after: max(judged.slice(-third).map((sample) => sample[key])),
  });
  const verdict = { descriptors: most("descriptors"), threads: most("threads"), mapKb: most("mapKb") };
  const grew: string[] = [];
  if (grownMb > MEMORY_GROWTH_MB) {
    grew.push(`memory grew by ${grownMb.toFixed(1)} MB: at most ${MEMORY_GROWTH_MB} MB are allowed`);
  }
  for (
    const [key, what, more] of [
      ["descriptors", "descriptors", DESCRIPTORS_MORE],
      ["threads", "threads", THREADS_MORE],
      ["mapKb", "kB of eBPF maps", MAPS_MORE_KB],
    ] as const
  ) {
    const { before, after } = verdict[key];
    if (after > before + more) grew.push(`${what} grew from ${before} to ${after}`);
  }
  return {
    ...verdict,
    memoryMb: { first: first.memoryMb, last: last.memoryMb, mbPerHour: 3600 * mbPerSecond },
    grew,
  };
}
