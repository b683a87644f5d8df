/**
 * The options of `deno task bench`.
 */
import { MIXES } from "../../cli/commands.ts";
import { UsageError } from "../../cli/errors.ts";
import { predictor } from "../../cli/options.ts";
import { optional, repeated, type Values, withDefault } from "../../cli/table.ts";
import { flag, number, oneOf, path, text } from "../../cli/values.ts";
import { TRACE_FORMATS } from "../../traces/formats.ts";
import { assertCalls, assertRules, call } from "../calls.ts";
import { parseCommand } from "../command_options.ts";
import { POLICIES } from "../policies/mod.ts";

/** Where functions run. */
export const PLACES = ["shared", "cgroups", "warm"] as const;

const TABLE = {
  "quick": withDefault(flag(), "false", "three minutes: the default and ALPS at load 0.9"),
  "full": withDefault(
    flag(),
    "false",
    "hours: both mixes, loads 0.7, 0.9 and 1.1, all policies; writes docs/results.md",
  ),
  "load": repeated(
    number({ least: 0, above: true, most: 10 }),
    "CPU time over cores × span; may be repeated",
  ),
  "mix": repeated(oneOf(MIXES), "which functions, in which shares; may be repeated"),
  "policy": repeated(oneOf([...POLICIES.keys()]), "a policy to measure beside the default; may be repeated"),
  "ml": repeated(predictor(), "a predictor of ALPS to measure; may be repeated"),
  "rounds": optional(number({ least: 1, most: 1000, integer: true }), "times that all is measured"),
  "seconds": optional(number({ least: 1, most: 86_400 }), "span of each trace"),
  "work": optional(
    number({ least: 0.01, most: 100 }),
    "factor of the functions' work: less fits into less time",
  ),
  "seed": withDefault(
    number({ least: 0, most: 2 ** 32 - 1, integer: true }),
    "1",
    "of the first round's trace; each round adds 1",
  ),
  "host": withDefault(
    oneOf(PLACES),
    "shared",
    "functions side by side, in cgroups of their own, or in processes that stay up",
  ),
  "trace": optional(path("FILE"), "replay this trace, of any supported format, instead of a mix"),
  "format": optional(oneOf(TRACE_FORMATS), "the trace's format, where it is not to be recognised"),
  "durations": optional(path("FILE"), "of a trace in azure-2019: the table of the functions' durations"),
  "command": repeated(
    text("NAME=PROGRAM", "NAME=/path/to/program and its arguments, separated by spaces"),
    "a program of your own as a function, {n} in an argument is replaced; may be repeated",
  ),
  "rule": repeated(text("RULE", "a rule"), "with --command: how the agent finds them; may be repeated"),
  "call": repeated(call(), "with --command: n and share of a function, spread of n; may be repeated"),
  "compare": optional(path("FILE"), "an earlier results.json: say what has changed since"),
  "out": withDefault(path("FOLDER"), "bench/out", "a folder for the report is made in it"),
  "json": withDefault(flag(), "false", "print the document on standard output, all else on standard error"),
} as const;

/** What is measured. */
export const STUDIES = ["evaluation", "ablation", "sensitivity"] as const;
export type Study = typeof STUDIES[number];

/** What the command is told. */
export interface BenchOptions extends Values<typeof TABLE> {
  readonly study: Study;
}

const AFTER = `
Without an option: about a quarter of an hour on 2 cores. deno task bench ablation
measures ALPS with both tunings, each alone and none; deno task bench sensitivity
varies one setting at a time. Both take the options above.
deno task bench overhead, memory, switch-cost and one-file measure the agent itself,
deno task bench containers functions in real containers.`;

/**
 * Reads the arguments after `deno task bench`.
 *
 * @returns undefined after help was printed
 * @throws UsageError for what is not allowed: one line
 */
export function parseBenchOptions(args: readonly string[]): BenchOptions | undefined {
  const study = STUDIES.find((name) => name === args[0]);
  const parsed = parseCommand(
    {
      name: study === undefined || study === "evaluation" ? "bench" : `bench ${study}`,
      description: "Real function processes under several scheduling policies, over the same requests.",
      after: AFTER,
    },
    TABLE,
    study === undefined ? args : args.slice(1),
  );
  if (parsed === undefined) return undefined;
  const options = { ...parsed.values, study: study ?? "evaluation" };
  assertTogether(options);
  return options;
}

function assertTogether(options: BenchOptions): void {
  const { quick, full, trace, mix, command, rule, work, host, study, policy, ml, format, durations } =
    options;
  const exclude = (a: string, hasA: boolean, b: string, hasB: boolean) => {
    if (hasA && hasB) throw new UsageError(`--${a} and --${b} exclude each other`);
  };
  exclude("quick", quick, "full", full);
  exclude("trace", trace !== undefined, "mix", mix.length > 0);
  exclude("command", command.length > 0, "mix", mix.length > 0);
  exclude("command", command.length > 0, "trace", trace !== undefined);
  exclude("command", command.length > 0, "work", work !== undefined);
  if (command.length > 0 && host === "warm") {
    throw new UsageError(
      "--command and --host warm exclude each other: a command has a process for each request",
    );
  }
  if (full && (trace !== undefined || command.length > 0)) {
    throw new UsageError("--full measures the published mixes: leave --trace and --command out");
  }
  if (study !== "evaluation" && (quick || full || policy.length > 0)) {
    throw new UsageError(`bench ${study} has policies of its own: leave --quick, --full and --policy out`);
  }
  if (study === "sensitivity" && ml.length > 1) throw new UsageError("bench sensitivity takes one --ml");
  if (trace === undefined && (format !== undefined || durations !== undefined)) {
    throw new UsageError("--format and --durations say how --trace FILE is read: wanted with it");
  }
  for (const [name, list] of [["rule", rule], ["call", options.call]] as const) {
    if (command.length === 0 && list.length > 0) {
      throw new UsageError(`--${name} needs --command: the embedded functions have rules and calls already`);
    }
  }
  if (command.length > 0 && rule.length === 0) {
    throw new UsageError("--command needs --rule RULE, by which the agent finds these programs");
  }
  parseCommands(command);
  assertRules(rule);
  assertCalls(options.call);
}

/**
 * The programs of `--command NAME=PROGRAM ARGUMENT…`.
 *
 * @throws UsageError where one is not of this form, or two have one name
 */
export function parseCommands(commands: readonly string[]): Record<string, string[]> {
  const entries = commands.map((each): [string, string[]] => {
    const [, name, program] = /^([^=]+)=(\/.*)$/s.exec(each) ?? [];
    if (name === undefined || program === undefined) {
      throw new UsageError(
        `--command must be NAME=/path/to/program and its arguments (got ${JSON.stringify(each)})`,
      );
    }
    return [name, program.split(" ").filter((part) => part !== "")];
  });
  if (new Set(entries.map(([name]) => name)).size < entries.length) {
    throw new UsageError("--command is given twice for one name: wanted once");
  }
  return Object.fromEntries(entries);
}
