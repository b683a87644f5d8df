/**
 * `deno task demo`: real function processes under the kernel's default, then with ALPS, over the same requests.
 */
import { join } from "node:path";
import { ExitStatus, FailedError, NotPossibleError } from "../cli/errors.ts";
import { type DemoOptions, parseDemoOptions } from "./demo_options.ts";
import { escaped, escapedLines } from "../observe/names.ts";
import { describeDemo } from "./demo_document.ts";
import { planText, resultText } from "./demo_report.ts";
import { compareDemo, type DemoResult, type DemoRound } from "./demo_result.ts";
import { describeCommit, describeMachine } from "./machine.ts";
import { CHECKOUT, type Service, startHostProcess } from "./processes.ts";
import { runInterruptibly } from "./interrupt.ts";
import type { Results } from "./results.ts";
import { runPolicy } from "./policy_run.ts";
import { drift, driftOf, invalidity, runRound, sayWarnings } from "./rounds.ts";
import { terminalColumns } from "./text.ts";
import { tryOut } from "./trial.ts";
import { type MeasuredWorkload, measureWorkload, traceOf, workloadOf } from "./workload.ts";

/** How often a round is tried. */
const ATTEMPTS = 2;

/** Runs the demo and returns its exit status; 128 + its number after SIGHUP, SIGINT or SIGTERM. Errors are one line. */
export function runDemo(args: readonly string[]): Promise<number> {
  return runInterruptibly("demo", async (signal) => {
    const options = parseDemoOptions(args);
    if (options === undefined) return ExitStatus.done;
    assertRoot();
    return await measureAndReport(options, signal);
  });
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
    await using host = await startHostProcess({
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
      folder: join(folder, "trial"),
      label: "trial",
      signal,
    });
    const measured = await measureWorkload(workload, host.url, signal);
    const rounds = await runRounds({ ...plan, workload: measured, host, folder, signal });
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
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * All rounds that are valid. One that is not is repeated once, and then left out, which is said. Where all are left out for
 * drift, the one whose runs differ least is better than nothing: the report says how much they differ.
 */
async function runRounds(rounds: Rounds): Promise<DemoRound[]> {
  const { options, cores, workload } = rounds;
  const valid: DemoRound[] = [];
  let drifted: DemoRound | undefined;
  for (let round = 1; round <= options.rounds; round++) {
    const seed = options.seed + round - 1;
    const { load, seconds } = options;
    const rows = traceOf(workload, { seed, load, cores, seconds });
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const place = options.rounds === 1 ? "" : `round ${round}/${options.rounds}, `;
      const runs = await runRound(rounds.policies, round - 1, async (policy) => {
        const folder = join(rounds.folder, `${round}-${attempt}-${rounds.policies.indexOf(policy)}`);
        const run = await runPolicy({ ...rounds, rows, policy, folder, label: `${place}${policy.name}` });
        sayWarnings(run);
        return run;
      });
      const broken = runs.flatMap(invalidity);
      const why = [...broken, ...drift(runs, options.drift)];
      if (broken.length === 0 && !(drifted && driftOf(drifted.runs) <= driftOf(runs))) {
        drifted = { seed, runs };
      }
      if (why.length === 0) {
        valid.push({ seed, runs });
        break;
      }
      const then = attempt < ATTEMPTS ? "it is repeated" : "it is left out";
      console.error(`Round ${round} is invalid (${escaped(why.join("; "))}): ${then}.`);
    }
  }
  if (valid.length > 0 || drifted === undefined) return valid;
  console.error(
    "No round was valid. What follows is of the one whose runs differ least; --drift allows more.",
  );
  return [drifted];
}

if (import.meta.main) Deno.exit(await runDemo(Deno.args));
