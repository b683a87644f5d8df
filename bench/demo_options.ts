/**
 * The options of `deno task demo`.
 */
import { MIXES as MIX_NAMES } from "../cli/commands.ts";
import { UsageError } from "../cli/errors.ts";
import { type BUILD, predictor } from "../cli/options.ts";
import { optional, repeated, withDefault } from "../cli/table.ts";
import { flag, number, oneOf, path, text } from "../cli/values.ts";
import { assertCalls, assertRules, type Call, call } from "./calls.ts";
import { parseCommand } from "./command_options.ts";
import { MOST_DRIFT_PERCENT } from "./rounds.ts";

const TABLE = {
  "load": withDefault(number({ least: 0, above: true, most: 10 }), "0.9", "CPU time over cores × span"),
  "ml": withDefault(predictor(), "avg", "the agent's predictor"),
  "seconds": withDefault(number({ least: 1, most: 86_400 }), "60", "span of the trace"),
  "seed": withDefault(
    number({ least: 0, most: 2 ** 32 - 1, integer: true }),
    "1",
    "of the first round's trace; each round adds 1",
  ),
  "rounds": withDefault(number({ least: 1, most: 1000, integer: true }), "1", "times that all is measured"),
  "drift": withDefault(
    number({ least: 0, most: 1000 }),
    String(MOST_DRIFT_PERCENT),
    "percent by which the invocations' CPU time may differ between a round's runs",
  ),
  "mix": withDefault(oneOf(MIX_NAMES), "azure", "which functions, in which shares"),
  "warm": withDefault(flag(), "false", "the functions' processes stay up, serving one request after another"),
  "null": withDefault(flag(), "false", "compare the default with itself: the noise of this machine"),
  "json": withDefault(
    flag(),
    "false",
    "print one JSON document on standard output, all else on standard error",
  ),
  "cgroups": withDefault(flag(), "false", "each function in a cgroup of its own"),
  "sessions": withDefault(flag(), "false", "each invocation in a session of its own"),
  "commands": optional(path("FILE"), 'run these programs instead: {"NAME": ["/path/to/program", "{n}"]}'),
  "rule": repeated(text("RULE", "a rule"), "with --commands: how the agent finds them; may be repeated"),
  "call": repeated(call(), "with --commands: n and share of a function, spread of n; may be repeated"),
} as const;

const TEXT = {
  name: "demo",
  description: "Real function processes under the kernel's default, then with ALPS, over the same requests.",
  after: `
With --commands, the host runs the programs of FILE, which need no knowledge of
any of this. The agent finds them by --rule. --call 'NAME:n=1000,share=60,sigma=1'
replaces {n} in NAME's arguments by 1000 (default 1), gives NAME 60 parts of the
invocations (default: as many as give every function as much CPU time), and
spreads n lognormally.`,
};

/** What the demo is told. */
export interface DemoOptions {
  readonly load: number;
  readonly ml: typeof BUILD.ml[number];
  readonly seconds: number;
  readonly seed: number;
  readonly rounds: number;
  /** Of CPU time, in percent. */
  readonly drift: number;
  readonly mix: typeof MIX_NAMES[number];
  readonly warm: boolean;
  readonly null: boolean;
  readonly json: boolean;
  readonly cgroups: boolean;
  readonly sessions: boolean;
  /** With it come rules, and maybe calls. */
  readonly commands: string | undefined;
  readonly rule: readonly string[];
  readonly call: readonly Call[];
}

/**
 * Reads the demo's arguments.
 *
 * @returns undefined after help was printed
 * @throws UsageError for what is not allowed: one line
 */
export function parseDemoOptions(args: readonly string[]): DemoOptions | undefined {
  const parsed = parseCommand(TEXT, TABLE, args);
  if (parsed === undefined) return undefined;
  assertTogether(parsed.values, parsed.given.has("mix"));
  return parsed.values;
}

function assertTogether({ commands, rule, call, warm }: DemoOptions, mixGiven: boolean): void {
  for (const [name, list] of [["rule", rule], ["call", call]] as const) {
    if (commands === undefined && list.length > 0) {
      throw new UsageError(
        `--${name} needs --commands FILE: the demo's own functions have rules and calls already`,
      );
    }
  }
  if (commands === undefined) return;
  if (rule.length === 0) {
    throw new UsageError("--commands needs --rule RULE, by which the agent finds these programs");
  }
  if (warm) {
    throw new UsageError(
      "--warm and --commands exclude each other: a command has a process for each request",
    );
  }
  if (mixGiven) throw new UsageError("--mix and --commands exclude each other");
  assertRules(rule);
  assertCalls(call);
}
