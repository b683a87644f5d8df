/**
 * `deno task demo`: real function processes under the kernel's default, then with ALPS, over the same requests.
 */
import { join } from "node:path";
import { ExitStatus, FailedError, NotPossibleError, UsageError } from "../cli/errors.ts";
import { type DemoOptions, parseDemoOptions } from "./demo_options.ts";
import { escaped, escapedLines } from "../observe/names.ts";
import { describeDemo } from "./demo_document.ts";
import { planText, resultText } from "./demo_report.ts";
import { driftPercent } from "./drift.ts";
import { compareDemo, type DemoResult, type DemoRound } from "./demo_result.ts";
import { describeCommit, describeMachine } from "./machine.ts";
import { type PolicyRun, type RunnablePolicy, runPolicy } from "./policy_run.ts";
import { CHECKOUT, type Service, startHostProcess } from "./processes.ts";
import type { Results } from "./results.ts";
import { terminalColumns } from "./text.ts";
import { tryOut } from "./trial.ts";
import { type MeasuredWorkload, measureWorkload, traceOf, workloadOf } from "./workload.ts";

/** How often a round is tried. */
const ATTEMPTS = 2;

/** By how much the CPU time of the same invocations may differ between a round's runs, in percent. */
const MOST_DRIFT_PERCENT = 4;

/** Ended by a signal. */
class Interrupted extends Error {
  constructor(readonly status: number) {
    super("interrupted");
  }
}

/** Runs the demo and returns its exit status; 128 + its number after SIGHUP, SIGINT or SIGTERM. Errors are one line. */
export async function runDemo(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  const listeners = ([["SIGHUP", 129], ["SIGINT", 130], ["SIGTERM", 143]] as const).map(([name, status]) => {
    const listener = () => interrupt.abort(new Interrupted(status));
    Deno.addSignalListener(name, listener);
    return () => Deno.removeSignalListener(name, listener);
  });
  try {
    const options = parseDemoOptions(args);
    if (options === undefined) return ExitStatus.done;
    assertRoot();
    return await measureAndReport(options, interrupt.signal);
  } catch (error) {
    // Ctrl-C reaches host and agent too: that they ended is no error then.
    if (interrupt.signal.reason instanceof Interrupted) return interrupt.signal.reason.status;
    console.error(`demo: ${escapedLines(describeError(error))}`);
    if (error instanceof UsageError) return ExitStatus.usage;
    return error instanceof NotPossibleError ? ExitStatus.notPossible : ExitStatus.failed;
  } finally {
    for (const forget of listeners) forget();
  }
}

/** One line for what was foreseen; for a mistake of this program the stack, which whoever mends it needs. */
function describeError(error: unknown): string {
  const mistake = [TypeError, ReferenceError, RangeError, SyntaxError].some((type) => error instanceof type);
  return !(error instanceof Error) ? String(error) : mistake ? error.stack ?? error.message : error.message;
}

function assertRoot(): void {
  if (Deno.uid() === 0) return;
  throw new NotPossibleError(
    "not running as root",
    "the agent loads eBPF programs and sets scheduling attributes; start the same command with sudo",
  );
}

async function measureAndReport(options: DemoOptions, signal: AbortSignal): Promise<number> {
  const say = options.json ? console.error : console.log;
  const columns = terminalColumns(options.json ? Deno.stderr : Deno.stdout);
  const cores = navigator.hardwareConcurrency;
  const policies: DemoResult["policies"] = [
    { name: "default", backend: "none", ml: options.ml },
    options.null
      ? { name: "default again", backend: "none", ml: options.ml }
      : { name: `alps:${options.ml}`, backend: "auto", ml: options.ml },
  ];
  const workload = await workloadOf(options);
  const plan = { options, description: workload.description, cores, policies };
  say(planText(plan, columns) + "\n");

  const folder = await Deno.makeTempDir({ prefix: "alps-demo-" });
  try {
    const direct = options.http ? undefined : join(folder, "host.sock");
    await using host = await startHostProcess({
      direct,
      commands: options.commands,
      warm: options.warm,
      cgroups: options.cgroups,
      sessions: options.sessions,
      signal,
    });
    await tryOut({
      policy: policies[1],
      workload,
      host,
      direct,
      folder: join(folder, "trial"),
      label: "trial",
      signal,
    });
    const measured = await measureWorkload(workload, host.url, signal);
    const rounds = await runRounds({ ...plan, workload: measured, host, direct, folder, signal });
    if (rounds.length === 0) throw new FailedError("no round was valid: there is nothing to report");
    const result: DemoResult = { ...plan, rounds };
    const comparison = compareDemo(result);
    say("\n" + resultText(result, comparison, columns));
    if (options.json) {
      const document: Results = {
        machine: describeMachine(cores),
        commit: await describeCommit(CHECKOUT),
        runs: [describeDemo(result, comparison)],
      };
      console.log(escapedLines(JSON.stringify(document, null, 2)));
    }
    return ExitStatus.done;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Rounds extends Omit<DemoResult, "rounds"> {
  readonly workload: MeasuredWorkload;
  readonly host: Service;
  readonly direct: string | undefined;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** All rounds that are valid. One that is not is repeated once, and then left out, which is said. */
async function runRounds(rounds: Rounds): Promise<DemoRound[]> {
  const { options, cores, workload } = rounds;
  const valid: DemoRound[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    const seed = options.seed + round - 1;
    const { load, seconds } = options;
    const rows = traceOf(workload, { seed, load, cores, seconds });
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const runs = await runRound(rounds, { round, attempt, rows });
      const why = [...runs.flatMap(invalidity), ...drift(runs)];
      if (why.length === 0) {
        valid.push({ seed, runs });
        break;
      }
      const then = attempt < ATTEMPTS ? "it is repeated" : "it is left out";
      console.error(`Round ${round} is invalid (${escaped(why.join("; "))}): ${then}.`);
    }
  }
  return valid;
}

interface OneRound {
  readonly round: number;
  readonly attempt: number;
  readonly rows: Parameters<typeof runPolicy>[0]["rows"];
}

/** Both policies over the same requests, in an order that changes from round to round. */
async function runRound(rounds: Rounds, { round, attempt, rows }: OneRound): Promise<PolicyRun[]> {
  const { policies, options, workload, host, direct, folder, signal } = rounds;
  const runs = new Map<RunnablePolicy, PolicyRun>();
  for (const policy of round % 2 === 1 ? policies : policies.toReversed()) {
    const place = options.rounds === 1 ? "" : `round ${round}/${options.rounds}, `;
    const run = await runPolicy({
      policy,
      rows,
      workload,
      host,
      direct,
      folder: join(folder, `${round}-${attempt}-${policies.indexOf(policy)}`),
      label: `${place}${policy.name}`,
      signal,
    });
    for (const message of run.agent.messages) console.error(`The agent says: ${escaped(message)}`);
    runs.set(policy, run);
  }
  return policies.map((policy) => runs.get(policy)!);
}

/**
 * Why runs cannot be compared: the machine was faster in one of them (a virtual machine whose neighbours came or went). By
 * CPU times, which say nothing of who wins.
 */
function drift(runs: readonly PolicyRun[]): string[] {
  const percent = driftPercent(runs.map(({ measurement }) => measurement.measured));
  return percent <= MOST_DRIFT_PERCENT
    ? []
    : [`the same invocations took ${percent.toFixed(1)} % more CPU time in one run than in another`];
}

function invalidity({ policy, measurement: { failed, unrecorded } }: PolicyRun): string[] {
  return [
    ...(failed > 0 ? [`${policy.name}: ${failed} invocations failed or were not answered`] : []),
    ...(unrecorded > 0 ? [`${policy.name}: ${unrecorded} invocations are not in the agent's record`] : []),
  ];
}

if (import.meta.main) Deno.exit(await runDemo(Deno.args));
