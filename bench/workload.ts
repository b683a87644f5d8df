/**
 * What a demo runs: functions, how the agent finds them, and traces of them.
 */
import { FailedError, UsageError } from "../cli/errors.ts";
import { readCommands } from "../host/commands.ts";
import { shown } from "../observe/names.ts";
import { calibrate, calibrationPoints, cpuTimes } from "./calibrate.ts";
import type { DemoOptions } from "./demo_options.ts";
import { type MixEntry, MIXES } from "./mixes.ts";
import { startProgress } from "./progress.ts";
import type { TraceRow } from "../traces/alps.ts";
import { madeTrace } from "./trace_command.ts";

/** A process's name has as many bytes in the kernel. */
const COMM_BYTES = 15;

const DESCRIPTIONS: Record<DemoOptions["mix"], string> = {
  azure: "an Azure-shaped trace",
  huawei: "a Huawei-shaped trace",
  alike: "four functions, each with invocations of one size",
  lognormal: "four functions, each with invocations of very different sizes",
  "two-peaked": "four functions, each with invocations of two sizes",
};

/** What decides about a workload. */
export type WorkloadOptions = Pick<DemoOptions, "mix" | "warm" | "commands" | "rule" | "call">;

/** Functions, before their CPU time is known. */
export interface Workload {
  /** A few words for people. */
  readonly description: string;
  /** Their rules: all that an agent is told. */
  readonly rules: readonly string[];
  /** The name under which the host runs a function. */
  runAs(functionName: string): string;
  /** With a share of 0, how often an entry is called follows from its CPU time. */
  readonly mix: readonly MixEntry[];
  /** The function that an entry of the mix, or a row made from it, is an invocation of. */
  functionOf(entry: { readonly job: string; readonly function: string }): string;
}

/** Functions whose CPU time is known. */
export interface MeasuredWorkload extends Workload {
  readonly cpuMsOf: (job: string, n: number) => number;
}

/**
 * The workload of some options.
 *
 * @throws UsageError where a call names no command; CommandsError where the commands cannot be read
 */
export async function workloadOf(options: WorkloadOptions): Promise<Workload> {
  return options.commands === undefined
    ? embedded(options.mix, options.warm)
    : await programs(options.commands, options);
}

function embedded(name: DemoOptions["mix"], warm: boolean): Workload {
  return embeddedWorkload(MIXES[name], DESCRIPTIONS[name], warm);
}

/** The host's own functions, found by their processes' names. */
export function embeddedWorkload(mix: readonly MixEntry[], description: string, warm: boolean): Workload {
  const names = shortNames([...new Set(mix.map(({ job, number }) => `${job}-${number}`))]);
  return {
    description: description + (warm ? ", served by warm instances" : ""),
    rules: [...names].map(([name, short]) =>
      `${name}=comm:${short.slice(0, COMM_BYTES)}${warm ? ";mode=warm" : ""}`
    ),
    runAs: (name) => names.get(name) ?? name,
    mix,
    functionOf: (row) => row.function,
  };
}

/**
 * Names that can be told apart by the 15 bytes that the kernel keeps: the same where they can already, else what fits of
 * the job before the number.
 *
 * @param names of the form JOB-NUMBER, in ASCII
 */
export function shortNames(names: readonly string[]): Map<string, string> {
  const kept = Map.groupBy(names, (name) => name.slice(0, COMM_BYTES));
  return new Map(names.map((name) => {
    if (kept.get(name.slice(0, COMM_BYTES))!.length === 1) return [name, name];
    const suffix = name.slice(name.lastIndexOf("-"));
    return [name, name.slice(0, COMM_BYTES - suffix.length) + suffix];
  }));
}

async function programs(file: string, { rule, call }: WorkloadOptions): Promise<Workload> {
  const commands = await readCommands(file);
  if (commands.size === 0) throw new FailedError(`${JSON.stringify(file)} has no command`);
  for (const { name } of call) {
    if (!commands.has(name)) {
      const known = [...commands.keys()].map(shown).join(", ");
      throw new UsageError(`--call names ${shown(name)}, which is no command: must be one of ${known}`);
    }
  }
  const calls = new Map(call.map((each) => [each.name, each]));
  const shared = call.some(({ share }) => share !== undefined);
  return {
    description: `programs of ${file}`,
    rules: rule,
    runAs: (name) => name,
    // Where shares are given, a function without a call is not called.
    mix: [...commands.keys()].filter((name) => !shared || calls.has(name)).map((name, index) => {
      const { n = 1, share = 0, sigma } = calls.get(name) ?? {};
      return { job: name, number: index, n, share, ...(sigma !== undefined && { sigma }) };
    }),
    functionOf: (row) => row.job,
  };
}

/** Measures a workload's CPU times on a host, alone. */
export async function measureWorkload(
  workload: Workload,
  targetUrl: string,
  signal: AbortSignal | undefined,
): Promise<MeasuredWorkload> {
  const points = calibrationPoints(
    workload.mix,
    ({ job, number }) => workload.runAs(workload.functionOf({ job, function: `${job}-${number}` })),
  );
  using progress = startProgress("measuring CPU times", points.length);
  const onProgress = (done: number, what: string) => progress.update(done, what);
  const cpuMsOf = cpuTimes(await calibrate({ points, targetUrl, onProgress, signal }));
  const mix = workload.mix.map((entry) =>
    entry.share > 0 ? entry : { ...entry, share: 1 / cpuMsOf(entry.job, entry.n) }
  );
  return { ...workload, mix, cpuMsOf };
}

/**
 * A trace of a workload.
 *
 * @throws UsageError where the options leave room for no invocation
 */
export function traceOf(
  workload: MeasuredWorkload,
  options: { seed: number; load: number; cores: number; seconds: number },
): TraceRow[] {
  return madeTrace({ ...options, mix: workload.mix, cpuMsOf: workload.cpuMsOf })
    .map((row) => ({ ...row, function: workload.functionOf(row) }));
}
