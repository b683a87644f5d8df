/**
 * `alps-agent replay`: sends a trace to a host and reports what was measured.
 */
import type { ReplayOptions as CommandOptions } from "../cli/commands.ts";
import { builtFrom } from "../core/about.ts";
import { ExitStatus, FailedError } from "../cli/errors.ts";
import { escapedLines, shown } from "../observe/names.ts";
import { measure, type Measurement } from "./join.ts";
import { describeCommit, describeMachine } from "./machine.ts";
import { oracleRun } from "./oracle.ts";
import { atRaisedPriority } from "./priority.ts";
import { CHECKOUT } from "./processes.ts";
import { startProgress } from "./progress.ts";
import { readRecord } from "./record_file.ts";
import { type Replay, replay } from "./replay.ts";
import { formatMs, runTable } from "./report.ts";
import type { Results, Run } from "./results.ts";
import { type Measured, summarizeRun } from "./summary.ts";
import { terminalColumns } from "./text.ts";
import { readReplayable } from "../traces/replay_file.ts";
import type { TraceRow } from "../traces/alps.ts";

/** How many different errors of failed requests are shown. */
const ERRORS_SHOWN = 3;

/**
 * Runs the command.
 *
 * @returns 0; 1 where a request failed, was not answered, or has no record although one was given
 * @throws FailedError for a trace or record that cannot be read, or a target that cannot be reached
 */
export async function runReplay(options: CommandOptions): Promise<number> {
  const rows = await readRows(options);
  if (rows.length === 0) {
    throw new FailedError(`cannot replay ${JSON.stringify(options.trace)}: it has no rows`);
  }
  await assertReachable(options.target);
  const sent = await send(rows, options);
  const entries = options.expResult === undefined
    ? undefined
    : await readRecord(options.expResult, sent.requests);
  const measurement = measure(sent, entries, options.speed);
  const run = describeRun(measurement.measured, options, entries !== undefined);
  if (options.json) {
    const results: Results = {
      machine: describeMachine(),
      commit: builtFrom() ?? await describeCommit(CHECKOUT),
      runs: [run],
    };
    console.log(escapedLines(JSON.stringify(results, null, 2)));
  } else {
    console.log(runTable(run.policies.measured!, run.policies.oracle, terminalColumns(Deno.stdout)));
    console.log();
    console.log(notes(run, sent, entries !== undefined).join("\n"));
  }
  for (const line of troubles(sent, measurement)) console.error(line);
  return measurement.failed + measurement.unrecorded === 0 ? ExitStatus.done : ExitStatus.failed;
}

async function readRows({ trace, limit }: CommandOptions): Promise<TraceRow[]> {
  const rows: TraceRow[] = [];
  for await (const row of readReplayable(trace, { limit })) rows.push(row);
  return rows;
}

/** A target that is not there is better noticed before a minute of failures. */
async function assertReachable(target: URL): Promise<void> {
  const port = Number(target.port || (target.protocol === "https:" ? 443 : 80));
  try {
    const connection = await Deno.connect({ hostname: target.hostname.replace(/^\[|\]$/g, ""), port });
    connection.close();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FailedError(`cannot reach ${target.origin}: ${why}`, { cause: error });
  }
}

async function send(rows: readonly TraceRow[], options: CommandOptions): Promise<Replay> {
  using progress = startProgress("replay", rows.length);
  return await atRaisedPriority(() =>
    replay({
      rows,
      targetUrl: options.target,
      speed: options.speed,
      onProgress: (sent, answered) => progress.update(sent, `${sent - answered} under way`),
    })
  );
}

function describeRun(measured: readonly Measured[], options: CommandOptions, recorded: boolean): Run {
  const { cores } = describeMachine();
  const spanMs = Math.max(...measured.map(({ dueMs }) => dueMs));
  const cpuMs = measured.reduce((sum, row) => sum + row.cpuMs, 0);
  return {
    trace: options.trace,
    load: spanMs > 0 ? cpuMs / (cores * spanMs) : 0,
    cores,
    rounds: 1,
    policies: {
      measured: summarizeRun(measured),
      ...(recorded && { oracle: summarizeRun(oracleRun([measured], cores)) }),
    },
    gap_closed: {},
  };
}

function notes(run: Run, sent: Replay, recorded: boolean): string[] {
  const { latenessMs, clientCpuMs } = sent;
  return [
    recorded
      ? "Turnaround is from due (by the trace) to the invocation's end in the kernel's record; the oracle is SRPT with " +
        `known sizes on ${run.cores} cores.`
      : "Turnaround is from due (by the trace) to the answer: no record of an agent was given (--exp-result).",
    run.load > 0
      ? `Load: ${run.load.toFixed(2)} of ${run.cores} cores.`
      : "Load: unknown, the host does not say CPU times.",
    `Requests left late by ${formatMs(latenessMs.p50)} ms (p50), ${
      formatMs(latenessMs.p99)
    } ms (p99), and cost ` +
    `${clientCpuMs.toFixed(2)} ms of CPU time each here.`,
  ];
}

function troubles(sent: Replay, { failed, unrecorded, firstSights }: Measurement): string[] {
  const lines: string[] = [];
  const total = sent.requests.length;
  if (failed > 0) {
    lines.push(`${failed} of ${total} invocations failed or were not answered:`);
    const errors = Map.groupBy(sent.requests.flatMap(({ error }) => error ?? []), (error) => error);
    const most = [...errors].sort((a, b) => b[1].length - a[1].length).slice(0, ERRORS_SHOWN);
    for (const [error, list] of most) lines.push(`  ${list.length} × ${shown(error)}`);
  }
  if (unrecorded > 0) {
    lines.push(`${unrecorded} of ${total} invocations are not in the record; they count as failed.`);
  }
  if (firstSights > 0) {
    lines.push(
      `${firstSights} of ${total} invocations were over before the agent had looked up what their program belongs to: ` +
        "they end with their answer.",
    );
  }
  return lines;
}
