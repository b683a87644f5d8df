/**
 * `alps-agent trace make`: makes a trace, the same on every machine or for the speed of this one.
 */
import { dirname } from "node:path";
import type { TraceMakeOptions } from "../cli/commands.ts";
import { ExitStatus, FailedError, UsageError } from "../cli/errors.ts";
import { startHost } from "../host/host.ts";
import { calibrate, calibrationPoints, cpuTimes } from "./calibrate.ts";
import { makeTrace, type MixEntry, MIXES } from "./mixes.ts";
import { startProgress } from "./progress.ts";
import { referenceCpuMs } from "./reference_times.ts";
import { formatMs } from "./report.ts";
import { type TraceRow, writeTrace } from "../traces/alps.ts";

/**
 * Runs the command: makes the trace, writes it, and says on standard error what is in it. How long each kind of invocation
 * takes is that of a reference machine, so that the options alone decide about the trace; where it is asked for, it is
 * measured here first, so that the load is right here.
 *
 * @returns 0
 * @throws UsageError where the options leave room for no invocation, FailedError where the trace cannot be written
 */
export async function runTraceMake(options: TraceMakeOptions): Promise<number> {
  if (options.out !== undefined) await assertFolder(options.out);
  const mix = MIXES[options.mix];
  const cpuMsOf = options.measure ? await calibrateMix(mix) : referenceCpuMs;
  const rows = madeTrace({ ...options, mix, cpuMsOf });
  const text = writeTrace(rows);
  if (options.out === undefined) await writeOut(text);
  else await writeFile(options.out, text);
  for (const line of summary(rows, cpuMsOf, options)) console.error(line);
  return ExitStatus.done;
}

/** {@link makeTrace}, with options that cannot be met as a usage error. */
export function madeTrace(options: Parameters<typeof makeTrace>[0]): TraceRow[] {
  try {
    return makeTrace(options);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

async function calibrateMix(mix: readonly MixEntry[]): Promise<(job: string, n: number) => number> {
  await using host = await startHost({ listen: "127.0.0.1:0" });
  const points = calibrationPoints(mix, ({ job }) => job);
  using progress = startProgress("measuring CPU times", points.length);
  return cpuTimes(
    await calibrate({ points, targetUrl: host.url, onProgress: progress.update.bind(progress) }),
  );
}

/** What a trace holds, in a few lines: functions with their share and CPU time, load and span. */
export function summary(
  rows: readonly TraceRow[],
  cpuMsOf: (job: string, n: number) => number,
  { cores }: { cores: number },
): string[] {
  const byFunction = Map.groupBy(rows, (row) => row.function);
  const figures = [...byFunction].map(([name, list]) => {
    const cpuMs = list.reduce((sum, { job, n }) => sum + cpuMsOf(job, n), 0);
    return { name, count: list.length, cpuMs };
  }).sort((a, b) => a.cpuMs / a.count - b.cpuMs / b.count);
  const totalMs = figures.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  const spanMs = rows.at(-1)?.dueMs ?? 0;
  const width = Math.max(...figures.map(({ name }) => name.length));
  return [
    ...figures.map(({ name, count, cpuMs }) =>
      `${name.padEnd(width)}  ${String(count).padStart(6)} × ${formatMs(cpuMs / count).padStart(5)} ms`
    ),
    `${rows.length} invocations of ${figures.length} functions over ${(spanMs / 1000).toFixed(1)} s: ` +
    `${(totalMs / 1000).toFixed(1)} s of CPU time, load ${
      (totalMs / (cores * spanMs)).toFixed(3)
    } on ${cores} cores`,
  ];
}

async function writeOut(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += await Deno.stdout.write(bytes.subarray(written));
}

/** A folder that is not there is better noticed before the measuring. */
async function assertFolder(path: string): Promise<void> {
  try {
    if ((await Deno.stat(dirname(path))).isDirectory) return;
  } catch {
    // Said below.
  }
  throw new FailedError(`cannot write the trace to ${JSON.stringify(path)}: there is no such folder`);
}

async function writeFile(path: string, text: string): Promise<void> {
  try {
    await Deno.writeTextFile(path, text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FailedError(`cannot write the trace to ${JSON.stringify(path)}: ${why}`, { cause: error });
  }
}
