/**
 * Where requests come from: a mix, a trace, or programs of the user's own.
 */
import { join } from "node:path";
import { FailedError } from "../../cli/errors.ts";
import { shown } from "../../observe/names.ts";
import type { TraceRow } from "../../traces/alps.ts";
import { readOptions } from "../../traces/read.ts";
import { readReplayable } from "../../traces/replay_file.ts";
import type { MixEntry } from "../mixes.ts";
import { embeddedWorkload, type MeasuredWorkload, traceOf, type Workload, workloadOf } from "../workload.ts";
import { type BenchOptions, parseCommands } from "./options.ts";
import type { Condition, Plan } from "./plan.ts";

/** Requests of one kind of functions. */
export interface Source {
  readonly workload: Workload;
  /**
   * The requests of a round.
   *
   * @param load undefined: as a trace has it
   */
  rows(measured: MeasuredWorkload, seed: number, load: number | undefined): TraceRow[];
}

/** The file of programs for the host, and with it their workload; undefined where there are none. */
export async function writeCommands(options: BenchOptions, folder: string): Promise<string | undefined> {
  if (options.command.length === 0) return undefined;
  const file = join(folder, "commands.json");
  await Deno.writeTextFile(file, JSON.stringify(parseCommands(options.command)));
  return file;
}

/** The source that a condition names. */
export async function openSource(
  name: Condition["source"],
  options: BenchOptions,
  plan: Plan,
  commands: string | undefined,
): Promise<Source> {
  const warm = plan.host === "warm";
  const { cores, seconds } = plan;
  if (name === "trace") return await traceSource(options, plan);
  const workload = name === "programs"
    ? {
      ...await workloadOf({ ...options, mix: "azure", warm, commands }),
      description: "programs of the user's own",
    }
    : await workloadOf({ mix: name, warm, commands: undefined, rule: [], call: [] });
  return {
    workload,
    rows: (measured, seed, load = 1) => traceOf(measured, { seed, load, cores, seconds }),
  };
}

async function traceSource(options: BenchOptions, { host, seconds, cores, work }: Plan): Promise<Source> {
  const { trace = "", format, durations, seed } = options;
  const rows: TraceRow[] = [];
  const reading = { format, durations, seed, seconds, limit: undefined };
  for await (const row of readReplayable(trace, readOptions(reading))) rows.push(row);
  if (rows.length === 0) {
    throw new FailedError(
      `cannot measure ${JSON.stringify(trace)}: it has no invocation in its first ${seconds} s`,
    );
  }
  const workload = embeddedWorkload(mixOf(rows), `the trace ${shown(trace)}`, host === "warm");
  return {
    workload,
    rows: (measured, _seed, load) => {
      const cpuMs = rows.reduce((sum, { job, n }) => sum + measured.cpuMsOf(job, n), 0);
      const spanMs = rows.at(-1)!.dueMs;
      // As it is, an invocation that does a part of the work is due after the same part of the time.
      const factor = load === undefined ? work : cpuMs / (cores * spanMs * load);
      return rows.map((row) => ({ ...row, dueMs: row.dueMs * factor }));
    },
  };
}

/** The job that stands for any function, its CPU time in proportion to n (traces/replayable.ts). */
const PROPORTIONAL_JOB = "floatOperation";

/**
 * One entry for each kind of invocation, so that each is run alone once to see what it takes. Of the job whose CPU time is in
 * proportion to n, which stands for functions of thousands of sizes, two sizes are enough, and each function once.
 */
export function mixOf(rows: readonly TraceRow[]): MixEntry[] {
  const proportional = rows.filter(({ job }) => job === PROPORTIONAL_JOB).map(({ n }) => n);
  const least = Math.min(...proportional), most = Math.max(...proportional);
  const entries = new Map<string, MixEntry>();
  for (const { job, n, function: name } of rows) {
    const sizes = job !== PROPORTIONAL_JOB ? [n] : n === most ? [least, most] : [least];
    for (const size of sizes) {
      const number = Number(name.slice(name.lastIndexOf("-") + 1));
      entries.set(`${name} ${size}`, { job, number, n: size, share: 1 });
    }
  }
  return [...entries.values()];
}
