/** `deno task bench`: the evaluation (evaluation/), and with a command's name, benchmarks of the agent itself. */

import { Command, Option } from "commander";
import { type AttachOptions, runAttach } from "./attach/command.ts";
import { type BackendsOptions, HOSTS, runBackends } from "./backends.ts";
import { type ContainersOptions, ENGINES, runContainers } from "./containers/command.ts";
import { runBench } from "./evaluation/command.ts";
import { runInterruptibly } from "./interrupt.ts";
import { runMemory } from "./memory.ts";
import { MIXES } from "./mixes.ts";
import { positiveNumber, wholeNumber } from "./numbers.ts";
import { ONE_FILE, runOneFile } from "./one_file.ts";
import { runWhatIfError, type WhatIfErrorOptions } from "./whatif_error.ts";
import { runSwitchCost, type SwitchCostOptions } from "./switch_cost/command.ts";
import { GROUPS, type OverheadOptions, runOverhead } from "./overhead/overhead.ts";

const program = new Command("deno task bench").description(
  "Benchmarks of the agent itself. Each needs root.",
);
program.command("overhead")
  .description("what the agent costs, how fast it reacts, and how that grows")
  .option("--ml <name>", "predictor", "avg")
  .option("--seconds <n>", "length of each part", positiveNumber, 15)
  .addOption(
    new Option("--only <group...>", "not all parts, but these groups of them").choices(GROUPS).default([]),
  )
  .option("--functions <n>", "most functions to be met: 10 to 100000", wholeNumber(10, 100_000), 100_000)
  .option("--json", "print one JSON document", false)
  .action(async (options: OverheadOptions) => Deno.exit(await runOverhead(options)));
program.command("memory")
  .description("what the agent holds in memory after many invocations of many functions")
  .option("--functions <n>", "how many functions", wholeNumber(), 10_000)
  .option("--invocations <n>", "how many invocations", wholeNumber(), 100_000)
  .option("--json", "print one JSON document", false)
  .action(async (options: { functions: number; invocations: number; json: boolean }) =>
    Deno.exit(await runMemory(options))
  );
program.command("backends")
  .description("the kernel's default and backends of the agent, over the same requests")
  .option("--backends <names>", "backends, separated by commas", "stock")
  .option("--beside <programs>", "programs of other sched_ext schedulers, separated by commas", "")
  .option("--loads <loads>", "loads, separated by commas", "0.9,1.1")
  .option("--mix <mix>", "which functions", "alike")
  .addOption(
    new Option("--host <kind>", "functions side by side, in cgroups of their own, or invocations in sessions")
      .choices(HOSTS).default("shared"),
  )
  .option("--scale <x>", "times as much work in each invocation", positiveNumber, 1)
  .option("--ml <name>", "predictor", "avg")
  .option("--rounds <n>", "how often all is measured", wholeNumber(), 5)
  .option("--seconds <n>", "length of each replay", positiveNumber, 60)
  .option("--json", "print one JSON document", false)
  .action(async (options: BackendsOptions) =>
    Deno.exit(await runInterruptibly("bench backends", (signal) => runBackends(options, signal)))
  );
program.command("attach")
  .description("whether an agent changes anything on a machine that is not overloaded")
  .option("--ml <name>", "predictor", "avg")
  .addOption(new Option("--mix <mix>", "which functions").choices(Object.keys(MIXES)).default("alike"))
  .option("--load <n>", "load", positiveNumber, 0.3)
  .option(
    "--pairs <n>",
    "how often the same requests are sent without an agent and with one",
    wholeNumber(),
    20,
  )
  .option("--seconds <n>", "length of each replay", positiveNumber, 10)
  .option("--json", "print one JSON document", false)
  .action(async (options: AttachOptions) =>
    Deno.exit(await runInterruptibly("bench attach", (signal) => runAttach(options, signal)))
  );
program.command("switch-cost")
  .description("what a context switch costs with and without the agent, while no function runs")
  .option("--backends <names>", "agents' backends, separated by commas; none only observes", "none,stock")
  .option("--runs <n>", "how often each is measured", wholeNumber(), 5)
  .option("--switches <n>", "how many switches of each process make a run", wholeNumber(), 20_000)
  .option("--json", "print one JSON document", false)
  .action(async (options: SwitchCostOptions) =>
    Deno.exit(await runInterruptibly("bench switch-cost", (signal) => runSwitchCost(options, signal)))
  );
program.command("one-file")
  .description("how large the one file is, how fast it is ready, and what it holds in memory")
  .option("--file <file>", "the file", ONE_FILE)
  .option("--rounds <n>", "how often it is started", wholeNumber(), 9)
  .option("--json", "print one JSON document", false)
  .action(async (options: { file: string; rounds: number; json: boolean }) =>
    Deno.exit(await runOneFile(options))
  );
program.command("whatif")
  .description("how right GET /whatif is: foretold and measured")
  .option("--ml <name>", "predictor", "avg")
  .option("--load <n>", "load", positiveNumber, 0.9)
  .option("--seconds <n>", "length of each run", positiveNumber, 60)
  .option("--rounds <n>", "how often", wholeNumber(), 3)
  .option("--seed <n>", "the first round's trace", wholeNumber(0), 1)
  .option("--json", "print one JSON document", false)
  .action(async (options: WhatIfErrorOptions) =>
    Deno.exit(await runInterruptibly("bench whatif", (signal) => runWhatIfError(options, signal)))
  );
program.command("containers")
  .description("what ordering is worth where functions are in real containers")
  .addOption(new Option("--platform <name>", "whose containers").choices(ENGINES).default("docker"))
  .option("--ml <name>", "predictor", "avg")
  .option("--load <n>", "load", positiveNumber, 0.9)
  .option("--seconds <n>", "length of each run", positiveNumber, 35)
  .option("--rounds <n>", "how often", wholeNumber(), 5)
  .option("--seed <n>", "the first round's trace", wholeNumber(0), 1)
  .option("--json", "print one JSON document", false)
  .action(async (options: ContainersOptions) =>
    Deno.exit(await runInterruptibly("bench containers", (signal) => runContainers(options, signal)))
  );

if (import.meta.main) {
  const own = program.commands.some((command) => command.name() === Deno.args[0]);
  if (own) await program.parseAsync(Deno.args, { from: "user" });
  else Deno.exit(await runBench(Deno.args));
}
