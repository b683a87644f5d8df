/**
 * `deno task bench attach`: does an agent change anything on a machine that is not overloaded? The same requests without an
 * agent and with one, in pairs one after the other, so that a machine whose speed changes does not decide.
 */
import Table from "cli-table3";
import { ExitStatus, FailedError } from "../../cli/errors.ts";
import { sleep } from "../clock.ts";
import { parseDemoOptions } from "../demo_options.ts";
import { sendTrace, stopAgent } from "../policy_run.ts";
import { type Service, startAgentProcess, startHostProcess } from "../processes.ts";
import { formatMs } from "../report.ts";
import type { Interval } from "../results.ts";
import { roughDuration } from "../text.ts";
import type { TraceRow } from "../../traces/alps.ts";
import { fewEach } from "../trial.ts";
import { type MeasuredWorkload, measureWorkload, traceOf, workloadOf } from "../workload.ts";
import { measure } from "../join.ts";
import type { Measured } from "../summary.ts";
import { ALLOWED, type Effect, effects, type Pair } from "./figures.ts";

/** What the command line says. */
export interface AttachOptions {
  readonly ml: string;
  readonly mix: string;
  readonly load: number;
  /** Length of each replay. */
  readonly seconds: number;
  readonly pairs: number;
  readonly json: boolean;
}

/** After an agent's start or end, before requests are sent: what starting and ending cost is not part of being attached. */
const SETTLE_MS = 1500;

/** What a replay takes on top, in seconds: half of them start an agent and stop it. */
const AROUND_S = 3;

/** Times that each function is invoked before anything counts, so that the agent has a policy for all. */
const LEARNING_TIMES = 10;

/** Measures, prints, and returns the exit status: 1 where a function is surely slower by more than is allowed. */
export async function runAttach(options: AttachOptions, signal: AbortSignal): Promise<number> {
  const { mix, pairs: count, seconds, load, json } = options;
  console.error(
    `${count} pairs of replays of ${seconds} s at load ${load}: about ${
      roughDuration(2 * count * (seconds + AROUND_S))
    }.`,
  );
  const folder = await Deno.makeTempDir({ prefix: "alps-attach-" });
  try {
    await using host = await startHostProcess({ signal });
    const workload = await measureWorkload(
      await workloadOf(parseDemoOptions(["--mix", mix])!),
      host.url,
      signal,
    );
    const scene: Scene = { options, host, workload, folder, signal };
    await attached(scene, () => send(scene, fewEach(workload, LEARNING_TIMES), "learning"));
    const pairs: Pair[] = [];
    for (let i = 0; i < count; i++) pairs.push(await runPair(scene, i));
    const found = effects(pairs);
    console.log(json ? JSON.stringify({ ...options, effects: found }, null, 2) : table(found));
    return found.some(({ verdict }) => verdict === "slower") ? ExitStatus.failed : ExitStatus.done;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Scene {
  readonly options: AttachOptions;
  readonly host: Service;
  readonly workload: MeasuredWorkload;
  /** The agent's, which keeps what it has learned there from one start to the next. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** The same requests both ways; every other pair begins with the agent. */
async function runPair(scene: Scene, index: number): Promise<Pair> {
  const { load, seconds, pairs } = scene.options;
  const rows = traceOf(scene.workload, {
    seed: index + 1,
    load,
    cores: navigator.hardwareConcurrency,
    seconds,
  });
  const label = `pair ${index + 1}/${pairs}`;
  const withAgent = () => attached(scene, () => send(scene, rows, `${label}, attached`));
  const alone = async () => {
    await sleep(SETTLE_MS);
    return await send(scene, rows, `${label}, no agent`);
  };
  if (index % 2 === 0) return { without: await alone(), attached: await withAgent() };
  return { attached: await withAgent(), without: await alone() };
}

/** While an agent enforces. */
async function attached<T>(scene: Scene, action: () => Promise<T>): Promise<T> {
  const { options: { ml }, workload: { rules }, folder, signal } = scene;
  await using agent = await startAgentProcess({ backend: "auto", ml, rules, folder, signal });
  await sleep(SETTLE_MS);
  const result = await action();
  await stopAgent(agent);
  return result;
}

/** Sends requests; what their client saw of them: the agent's record would be there in one half only. */
async function send(scene: Scene, rows: readonly TraceRow[], label: string): Promise<readonly Measured[]> {
  const { measured, failed } = measure(await sendTrace({ ...scene, rows, label }), undefined);
  if (failed > 0) throw new FailedError(`${failed} of ${rows.length} invocations failed: they say nothing`);
  return measured;
}

/** The other reports' ratios have two places: too few for a bound of 2 %. */
function promille({ median, low, high }: Interval): string {
  return `${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}

function table(found: readonly Effect[]): string {
  const rows = new Table({
    head: ["", "invocations", "mean ms, no agent", "attached / no agent", "of CPU time", ""],
    style: { head: [], border: [] },
  });
  for (const { function: name, invocations, withoutMs, turnaround, cpu, verdict } of found) {
    rows.push([
      name,
      invocations,
      formatMs(withoutMs),
      promille(turnaround),
      promille(cpu),
      verdict,
    ]);
  }
  return `${rows.toString()}
Medians over the pairs, with the 95 % bootstrap interval. Unchanged: the interval lies within ${
    100 * ALLOWED
  } % of 1; faster, slower:
beyond that; unclear: it reaches over that, which more pairs (--pairs) or longer ones (--seconds) narrow. Faster can be what is
meant: even at a low load, more invocations than there are CPUs want one now and then.`;
}
