/**
 * How much CPU time invocations take when they are alone: what a trace's load is computed from.
 */
import { median } from "simple-statistics";
import { FailedError } from "../cli/errors.ts";
import type { MixEntry } from "./mixes.ts";
import { membersOf, runUrl } from "./replay.ts";
import { rootMessage } from "./sender.ts";

/** One kind of invocation to measure. */
export interface CalibrationPoint {
  /** The name to run it under. */
  readonly function: string;
  readonly job: string;
  readonly n: number;
}

/** A measured kind of invocation. */
export interface Calibrated extends CalibrationPoint {
  /** Median over the repetitions, in milliseconds. */
  readonly cpuMs: number;
}

/** How to calibrate. */
export interface CalibrationOptions {
  readonly points: readonly CalibrationPoint[];
  /** A host that answers with `cpu_us`. */
  readonly targetUrl: URL | string;
  /** Told after each point. */
  readonly onProgress?: (done: number, what: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Each is run at least as often, after a first run that warms caches and is not counted. */
const LEAST_RUNS = 3;
/** … and on, up to this often, while this much time has not passed. */
const MOST_RUNS = 9;
const RUNS_MS = 250;

/**
 * Runs each kind of invocation alone, several times, and takes the median of what the host says of its CPU time.
 *
 * @throws FailedError where an invocation fails or the host does not say
 */
export async function calibrate(options: CalibrationOptions): Promise<Calibrated[]> {
  const target = new URL(options.targetUrl);
  const calibrated: Calibrated[] = [];
  for (const point of options.points) {
    const cpuMs: number[] = [];
    await runAlone(target, point, options.signal);
    const stopMs = performance.now() + RUNS_MS;
    while (cpuMs.length < LEAST_RUNS || (cpuMs.length < MOST_RUNS && performance.now() < stopMs)) {
      cpuMs.push(await runAlone(target, point, options.signal));
    }
    // A clock may be too coarse for a program that does next to nothing.
    calibrated.push({ ...point, cpuMs: Math.max(median(cpuMs), 0.001) });
    options.onProgress?.(calibrated.length, `${point.job} ${point.n}`);
  }
  return calibrated;
}

async function runAlone(
  target: URL,
  { function: name, job, n }: CalibrationPoint,
  signal: AbortSignal | undefined,
): Promise<number> {
  const failed = (why: string) =>
    new FailedError(`cannot measure the CPU time of ${JSON.stringify(name)} (job ${job}, n ${n}): ${why}`);
  let response: Response, text: string;
  try {
    response = await fetch(runUrl(target, name), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ n, id: 0, job }),
      ...(signal && { signal }),
    });
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    throw failed(rootMessage(error));
  }
  if (!response.ok) throw failed(`the host answered ${response.status}: ${text.slice(0, 200)}`);
  const { cpu_us: cpuUs } = membersOf(text);
  if (typeof cpuUs !== "number") throw failed("the host's answer has no cpu_us");
  return cpuUs / 1000;
}

/**
 * What has to be measured for a mix: each job and n, and around an n that is spread a quarter and four times of it too.
 * `nameOf` says under which name an entry runs.
 */
export function calibrationPoints(
  mix: readonly MixEntry[],
  nameOf: (entry: MixEntry) => string,
): CalibrationPoint[] {
  const points = new Map<string, CalibrationPoint>();
  for (const entry of mix) {
    const ns = entry.sigma === undefined
      ? [entry.n]
      : [entry.n / 4, entry.n, entry.n * 4].map((n) => Math.max(1, Math.round(n)));
    for (const n of ns) {
      const key = `${entry.job} ${n}`;
      if (!points.has(key)) points.set(key, { function: nameOf(entry), job: entry.job, n });
    }
  }
  return [...points.values()];
}

/**
 * CPU times in milliseconds by job and n: as measured, in between and beyond along straight lines through the nearest two
 * n, never below a microsecond.
 *
 * @throws RangeError for a job that was not measured, or an n of a job of which only another one was
 */
export function cpuTimes(calibrated: readonly Calibrated[]): (job: string, n: number) => number {
  const byJob = Map.groupBy(calibrated, (point) => point.job);
  for (const points of byJob.values()) points.sort((a, b) => a.n - b.n);
  return (job, n) => {
    const points = byJob.get(job) ?? [];
    const above = points.findIndex((point) => point.n >= n);
    const exact = points[above];
    if (exact?.n === n) return exact.cpuMs;
    const right = Math.min(Math.max(above < 0 ? points.length - 1 : above, 1), points.length - 1);
    const [from, to] = [points[right - 1], points[right]];
    if (from === undefined || to === undefined) {
      throw new RangeError(
        `cannot tell the CPU time of job ${JSON.stringify(job)} with n ${n}: it was not measured`,
      );
    }
    return Math.max(from.cpuMs + (n - from.n) * (to.cpuMs - from.cpuMs) / (to.n - from.n), 0.001);
  };
}
