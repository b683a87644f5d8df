/**
 * `deno task bench whatif`: how right `GET /whatif` is. The same requests under the kernel's default, with an agent that only
 * observes, and under ALPS; each time the agent is asked at the end, and what it says is set beside what was measured.
 */
import { join } from "node:path";
import Table from "cli-table3";
import { median } from "simple-statistics";
import type { WhatIfSnapshot } from "../api/agent_view.ts";
import { FailedError } from "../cli/errors.ts";
import { parseDemoOptions } from "./demo_options.ts";
import { type RunnablePolicy, runPolicy } from "./policy_run.ts";
import { startHostProcess } from "./processes.ts";
import { drift, invalidity, runRound } from "./rounds.ts";
import { measureWorkload, traceOf, workloadOf } from "./workload.ts";

export interface WhatIfErrorOptions {
  readonly load: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly seed: number;
  readonly ml: string;
  readonly json: boolean;
}

/** One round: means of turnaround in milliseconds, as measured, and as the agent of the one run or the other said. */
interface WhatIfRound {
  readonly measured: { readonly default: number; readonly alps: number };
  /** Of the agent that only observed: under the fair ideal, and under the ranks that it had learned. */
  readonly foretold: { readonly fair: number; readonly policy: number };
  /** Of the agent that enforced: the same of its own run. */
  readonly afterwards: { readonly fair: number; readonly policy: number };
  /** Why it says little: the machine was faster in one run than in the other. */
  readonly doubts: readonly string[];
}

/** Runs it, prints the figures, returns 0. */
export async function runWhatIfError(options: WhatIfErrorOptions, signal: AbortSignal): Promise<number> {
  if (Deno.uid() !== 0) {
    console.error("cannot measure: loading eBPF programs needs root (sudo deno task bench whatif)");
    return 3;
  }
  const rounds = await measureRounds(options, signal);
  const result = {
    ...options,
    rounds,
    // Relative errors, below 0 where the simulation says too little.
    error: {
      default: median(rounds.map(({ measured, foretold }) => foretold.fair / measured.default - 1)),
      alps: median(rounds.map(({ measured, afterwards }) => afterwards.policy / measured.alps - 1)),
      ratio: median(
        rounds.map(({ measured, foretold }) =>
          (foretold.policy / foretold.fair) / (measured.alps / measured.default) - 1
        ),
      ),
    },
  };
  console.log(options.json ? JSON.stringify(result, null, 2) : textOf(rounds, result.error));
  return 0;
}

async function measureRounds(
  { load, seconds, rounds, seed, ml }: WhatIfErrorOptions,
  signal: AbortSignal,
): Promise<WhatIfRound[]> {
  const policies: RunnablePolicy[] = [
    { name: "default", backend: "none", ml },
    { name: `alps:${ml}`, backend: "auto", ml },
  ];
  await using resources = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "alps-whatif-" });
  resources.defer(() => Deno.remove(folder, { recursive: true }));
  const host = resources.use(await startHostProcess({ signal }));
  const workload = await measureWorkload(await workloadOf(parseDemoOptions([])!), host.url, signal);
  const done: WhatIfRound[] = [];
  for (let round = 0; round < rounds; round++) {
    const cores = navigator.hardwareConcurrency;
    const rows = traceOf(workload, { seed: seed + round, load, cores, seconds });
    const runs = await runRound(policies, round, async (policy) => {
      let said: WhatIfSnapshot | undefined;
      const run = await runPolicy({
        ...{ policy, rows, workload, host, signal },
        folder: join(folder, `${round}-${policy.backend}`),
        label: `round ${round + 1}/${rounds} ${policy.name}`,
        surroundings: {
          atEnd: async (url) => {
            said = await ask(url, Math.ceil(seconds / 60) + 1);
          },
        },
      });
      return { run, said: said!.all };
    });
    const [observed, enforced] = runs as [typeof runs[0], typeof runs[0]];
    const own = runs.map(({ run }) => run);
    done.push({
      measured: { default: observed.said.measured.mean_ms, alps: enforced.said.measured.mean_ms },
      foretold: { fair: observed.said.fair.mean_ms, policy: observed.said.policy.mean_ms },
      afterwards: { fair: enforced.said.fair.mean_ms, policy: enforced.said.policy.mean_ms },
      doubts: [...own.flatMap(invalidity), ...drift(own)],
    });
  }
  return done;
}

async function ask(url: string, minutes: number): Promise<WhatIfSnapshot> {
  const response = await fetch(`${url}/whatif?minutes=${minutes}`);
  if (!response.ok) throw new FailedError(`the agent does not answer GET /whatif: status ${response.status}`);
  return await response.json();
}

function textOf(
  rounds: readonly WhatIfRound[],
  error: { readonly default: number; readonly alps: number; readonly ratio: number },
): string {
  const head = ["round", "default", "foretold", "ALPS", "afterwards", "ALPS/default", "foretold"];
  const table = new Table({
    head,
    colAligns: head.map(() => "right" as const),
    style: { head: [], border: [], compact: true },
  });
  rounds.forEach(({ measured, foretold, afterwards, doubts }, index) =>
    table.push([
      `${index + 1}${doubts.length > 0 ? " *" : ""}`,
      ...[measured.default, foretold.fair, measured.alps, afterwards.policy].map((ms) => ms.toFixed(0)),
      (measured.alps / measured.default).toFixed(2),
      (foretold.policy / foretold.fair).toFixed(2),
    ])
  );
  const percent = (value: number) => `${value < 0 ? "" : "+"}${(100 * value).toFixed(0)} %`;
  const doubtful = rounds.flatMap(({ doubts }, index) => doubts.map((why) => `* round ${index + 1}: ${why}`));
  return [
    "Mean turnaround in ms, from the start of a process; foretold by an agent that only observed:",
    table.toString(),
    ...doubtful,
    `Error (median): default ${percent(error.default)}, ALPS ${percent(error.alps)}, ` +
    `ALPS over default ${percent(error.ratio)}`,
  ].join("\n");
}
