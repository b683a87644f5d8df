import type { LogHistogram, Stretch } from "../log_histogram.ts";
import { MAX_RANK_POINTS } from "../policy.ts";
import { avg } from "./avg.ts";
import type { Expectation, Predictor } from "./predictor.ts";
import { TOLERANCE } from "./shape.ts";
import { MOST_PEAKS, type Peak, smoothedTable, type SmoothOptions } from "./smooth.ts";

/** How a table is made of a distribution. */
export interface GittinsOptions extends SmoothOptions {
  /** Most stretches that a distribution is described by. */
  readonly mostStretches: number;
  /** Two peaks are told apart where the gap between them is so many times as wide as the wider of them. */
  readonly leastGap: number;
  /** How many values' worth of doubt there is about how wide a peak is: few values may be close together by chance. */
  readonly doubt: number;
  /** Smoothing of a peak relative to its width, times its weight^(−1/5), and the least. */
  readonly bandwidthFactor: number;
  readonly leastBandwidth: number;
  /** Nanoseconds of rank per nanosecond of CPU time beyond the table. */
  readonly tailSlope: number;
}

/** What the agent uses; `deno task bench:learn` shows how good it is. */
export const GITTINS_DEFAULTS: GittinsOptions = {
  mostStretches: 32,
  leastGap: 2.5,
  doubt: 2,
  bandwidthFactor: 1.5,
  leastBandwidth: 0.02,
  unseenSamples: 0.5,
  unseenSigma: 1,
  steepestRise: 4,
  leaps: true,
  tailSlope: 0.5,
  maxPoints: MAX_RANK_POINTS,
};

/** Two stretches may be of two peaks where a factor of 1.5 is between them: as a logarithm, and as buckets of the histogram. */
const LEAST_GAP = Math.log(1.5), PEAK_GAP = 19;

/**
 * `gittins`: ranks by what an invocation has used so far. The rank is the Gittins index of the function's distribution of CPU
 * times, from a histogram of up to 2048 of the latest, which is smoothed peak by peak. Slices, which ALPS's order of functions
 * is made of, are predicted as by `avg`.
 */
export const gittins: Predictor = {
  name: "gittins",
  predict: avg.predict,
  expect(history) {
    return expectDistribution(history.distribution, avg.predict(history.recent));
  },
};

/**
 * The table of a distribution.
 *
 * @param predictedCpuNs its mean, or what else is to be shown
 */
export function expectDistribution(
  distribution: LogHistogram,
  predictedCpuNs: number,
  options: GittinsOptions = GITTINS_DEFAULTS,
): Expectation {
  const { tailSlope, mostStretches } = options;
  const { weight } = distribution;
  if (!(predictedCpuNs > 0) || !(weight > 0)) return { predictedCpuNs: 0, table: [0, 0], tailSlope };
  const peaks = peaksOf(distribution.stretches(mostStretches, PEAK_GAP), distribution.logVariance, options);
  const table = smoothedTable(peaks, weight, predictedCpuNs * TOLERANCE, options);
  return { predictedCpuNs, table, tailSlope };
}

/** Stretches that belong together, and sums over them: of their logarithms and of these squared, by weight. */
interface Group {
  readonly first: number;
  readonly last: number;
  readonly weight: number;
  readonly logs: number;
  readonly squares: number;
}

/**
 * Groups stretches into peaks. What is far apart is two peaks where each is narrow for that: the far values of a wide
 * distribution are single and have gaps between them by chance.
 *
 * @param variance of all the logarithms
 */
function peaksOf(stretches: readonly Stretch[], variance: number, options: GittinsOptions): Peak[] {
  const { leastGap, doubt, bandwidthFactor, leastBandwidth } = options;
  const centres = stretches.map(({ from, to }) => (from + to) / 2);
  const width = (group: Group, of: number) =>
    Math.sqrt((group.weight * varianceOf(group) + doubt * of) / (group.weight + doubt));
  const groups = groupsOf(stretches, centres);
  while (groups.length > 1) {
    let least = Infinity, place = -1;
    for (let each = 0; each + 1 < groups.length; each++) {
      const left = groups[each]!, right = groups[each + 1]!;
      const gap = stretches[right.first]!.from - stretches[left.last]!.to;
      const far = gap / Math.max(width(left, variance), width(right, variance));
      if (far < least) least = far, place = each;
    }
    if (least >= leastGap && groups.length <= MOST_PEAKS) break;
    groups.splice(place, 2, together(groups[place]!, groups[place + 1]!));
  }
  const within = groups.reduce((sum, each) => sum + each.weight * varianceOf(each), 0) /
    groups.reduce((sum, { weight }) => sum + weight, 0);
  return groups.map((group) => {
    const { first, last, weight } = group;
    const logs = new Float64Array(last - first + 1), weights = new Float64Array(logs.length);
    for (let place = first; place <= last; place++) {
      logs[place - first] = centres[place]!;
      weights[place - first] = stretches[place]!.weight;
    }
    const bandwidth = bandwidthFactor * width(group, within) * Math.max(1, weight) ** -0.2;
    return { logs, weights, bandwidth: Math.max(leastBandwidth, bandwidth) };
  });
}

/** Stretches between which there is no gap worth looking at. */
function groupsOf(stretches: readonly Stretch[], centres: readonly number[]): Group[] {
  const groups: Group[] = [];
  let first = 0, sum = 0, logs = 0, squares = 0;
  for (let place = 0; place < stretches.length; place++) {
    const { from, to, weight } = stretches[place]!, centre = centres[place]!, wide = to - from;
    sum += weight;
    logs += weight * centre;
    // Its values are anywhere in it.
    squares += weight * (centre * centre + wide * wide / 12);
    if (place + 1 < stretches.length && stretches[place + 1]!.from < to + LEAST_GAP) continue;
    groups.push({ first, last: place, weight: sum, logs, squares });
    first = place + 1;
    sum = logs = squares = 0;
  }
  return groups;
}

function together(left: Group, right: Group): Group {
  return {
    first: left.first,
    last: right.last,
    weight: left.weight + right.weight,
    logs: left.logs + right.logs,
    squares: left.squares + right.squares,
  };
}

function varianceOf({ weight, logs, squares }: Group): number {
  return Math.max(0, squares / weight - (logs / weight) ** 2);
}
