/**
 * The options of `deno task demo`.
 */
import { Command, CommanderError, Option } from "commander";
import { MIXES as MIX_NAMES } from "../cli/commands.ts";
import { UsageError } from "../cli/errors.ts";
import { nearest } from "../cli/nearest.ts";
import { type BUILD, predictor } from "../cli/options.ts";
import { optional, type RawValue, readValues, repeated, withDefault } from "../cli/table.ts";
import { flag, type Kind, number, oneOf, path, text } from "../cli/values.ts";
import { shown } from "../observe/names.ts";
import { parseRule, RuleError } from "../observe/rules.ts";

/** How a program of the user's own is called: how often, and with what n. */
export interface Call {
  readonly name: string;
  /** Of the invocations, relative to the other functions'; undefined for as many as give each as much CPU time. */
  readonly share: number | undefined;
  readonly n: number;
  /** Standard deviation of the logarithm of n. */
  readonly sigma: number | undefined;
}

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

/** What the demo is told. */
export interface DemoOptions {
  readonly load: number;
  readonly ml: typeof BUILD.ml[number];
  readonly seconds: number;
  readonly seed: number;
  readonly rounds: number;
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
  const command = demoCommand();
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw usageOf(error, args);
  }
  const given = command.opts<Record<string, string[] | true | undefined>>();
  const raw = Object.keys(TABLE).flatMap((name): [string, RawValue[]][] => {
    const values = given[name];
    const texts = values === true ? ["true"] : values ?? [];
    return texts.length === 0 ? [] : [[name, texts.map((value) => ({ label: `--${name}`, text: value }))]];
  });
  const options: DemoOptions = readValues("demo", TABLE, [new Map(raw)]);
  assertTogether(options, raw.some(([name]) => name === "mix"));
  return options;
}

function demoCommand(): Command {
  const command = new Command("demo")
    .usage("[options]")
    .description(
      "Real function processes under the kernel's default, then with ALPS, over the same requests.",
    )
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
    .showSuggestionAfterError(false)
    .allowExcessArguments(false)
    .exitOverride();
  for (const [name, { kind, help, fallback }] of Object.entries(TABLE)) {
    const isSwitch = kind.placeholder === undefined;
    const note = isSwitch || fallback === undefined ? "" : ` (default: ${fallback})`;
    const option = new Option(`--${name}${isSwitch ? "" : ` <${kind.placeholder}>`}`, help + note);
    if (!isSwitch) {
      option.argParser<string[]>((value, before) => [...(before as string[] | undefined ?? []), value]);
    }
    command.addOption(option);
  }
  return command.addHelpText(
    "after",
    `
With --commands, the host runs the programs of FILE, which need no knowledge of
any of this. The agent finds them by --rule. --call 'NAME:n=1000,share=60,sigma=1'
replaces {n} in NAME's arguments by 1000 (default 1), gives NAME 60 parts of the
invocations (default: as many as give every function as much CPU time), and
spreads n lognormally.`,
  );
}

function usageOf(error: CommanderError, args: readonly string[]): UsageError {
  const allowed = [...Object.keys(TABLE).map((name) => `--${name}`), "--help"];
  if (error.code === "commander.unknownOption") {
    const option = args.find((arg) => arg.startsWith("-") && !allowed.includes(arg.replace(/=.*$/s, ""))) ??
      "";
    const near = nearest(option, allowed);
    const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
    return new UsageError(`unknown option ${shown(option)}${hint}: allowed are ${allowed.join(", ")}`);
  }
  const name = /--([a-z]+)/.exec(error.message)?.[1] ?? "";
  if (error.code === "commander.optionMissingArgument" && Object.hasOwn(TABLE, name)) {
    return new UsageError(`--${name} needs a value, ${TABLE[name as keyof typeof TABLE].kind.wanted}`);
  }
  if (error.code === "commander.excessArguments") {
    const extra = args.find((arg, index) => !arg.startsWith("-") && !args[index - 1]?.startsWith("--"));
    return new UsageError(`unexpected argument "${shown(extra ?? "")}": demo takes options only`);
  }
  return new UsageError(error.message.replace(/^error: /, ""));
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
  for (const each of rule) {
    try {
      parseRule(each, "command line");
    } catch (error) {
      if (error instanceof RuleError) throw new UsageError(error.message, { cause: error });
      throw error;
    }
  }
  const names = new Set(call.map(({ name }) => name));
  if (names.size < call.length) throw new UsageError("--call is given twice for one function: wanted once");
  const shares = call.filter(({ share }) => share !== undefined).length;
  if (shares > 0 && shares < call.length) {
    throw new UsageError("--call has a share for some functions only: wanted for all or none");
  }
}

/** `NAME:n=1000,share=60,sigma=1`, each of the three once at most. */
function call(): Kind<Call> {
  const wholeNumber = number({ least: 1, integer: true }), positive = number({ least: 0, above: true });
  return {
    placeholder: "CALL",
    wanted: "NAME:KEY=NUMBER,… with keys n (a whole number from 1), share and sigma (above 0)",
    json: "string",
    parse(value) {
      const colon = value.lastIndexOf(":");
      if (colon < 1) return undefined;
      const found: { n?: number; share?: number; sigma?: number } = {};
      for (const part of value.slice(colon + 1).split(",")) {
        const [key, figure] = part.split("=", 2);
        if (key !== "n" && key !== "share" && key !== "sigma" || key in found) return undefined;
        const parsed = (key === "n" ? wholeNumber : positive).parse(figure ?? "");
        if (parsed === undefined) return undefined;
        found[key] = parsed;
      }
      return { name: value.slice(0, colon), n: found.n ?? 1, share: found.share, sigma: found.sigma };
    },
  };
}
