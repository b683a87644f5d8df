/** The command line: commands, options, help, and the exit status that every error leads to. */
import { Command, CommanderError, Option } from "commander";
import { NotSupportedError } from "../ffi/errors.ts";
import { escapedLines, oneLine, shown } from "../observe/names.ts";
import {
  DOCTOR_TABLE,
  type DoctorOptions,
  HOST_TABLE,
  type HostOptions,
  hostOptions,
  INSTALL_TABLE,
  type InstallOptions,
  REPLAY_TABLE,
  type ReplayOptions,
  replayOptions,
  SIMULATE_TABLE,
  type SimulateOptions,
  simulateOptions,
  TRACE_CONVERT_TABLE,
  TRACE_MAKE_TABLE,
  type TraceConvertOptions,
  type TraceMakeOptions,
  WHATIF_TABLE,
  type WhatIfOptions,
} from "./commands.ts";
import { ExitStatus, FailedError, NotPossibleError, UsageError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { resolveRunOptions, RUN_TABLE, type RunOptions } from "./options.ts";
import { type OptionTable, type RawValue, type RawValues, readValues } from "./table.ts";
import { got } from "./values.ts";

/** Longest message, in characters. */
const MOST_MESSAGE = 4000;

/** What the commands do; each returns its exit status. Injected, so that only the one that runs is loaded. */
export interface Actions {
  /** What `--version` prints. */
  version(): string;
  /** What `--licenses` prints. */
  licences(): string;
  run(options: RunOptions): Promise<number>;
  doctor(options: DoctorOptions): Promise<number>;
  host(options: HostOptions): Promise<number>;
  replay(options: ReplayOptions): Promise<number>;
  simulate(options: SimulateOptions): Promise<number>;
  whatIf(options: WhatIfOptions): Promise<number>;
  traceMake(options: TraceMakeOptions): Promise<number>;
  traceConvert(options: TraceConvertOptions): Promise<number>;
  install(options: InstallOptions): Promise<number>;
  uninstall(options: InstallOptions): Promise<number>;
}

/** The process's surroundings; replaced in tests. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
}

/** A program that leaves its exit status in `status`. */
export interface Program {
  readonly command: Command;
  status: number;
}

/** The real ones. */
export function processSurroundings(): Surroundings {
  const encoder = new TextEncoder();
  return {
    env: Deno.env.toObject(),
    out: (text) => void Deno.stdout.writeSync(encoder.encode(text)),
    err: (text) => void Deno.stderr.writeSync(encoder.encode(text)),
  };
}

/**
 * Runs the command that `args` name (without the program's own name) and returns the exit status. Reports every error as
 * one line; never throws, and never ends the process.
 */
export async function main(
  args: readonly string[],
  actions: Actions,
  surroundings: Surroundings = processSurroundings(),
): Promise<number> {
  const program = buildProgram(actions, surroundings);
  try {
    await program.command.parseAsync(args, { from: "user" });
    return program.status;
  } catch (error) {
    // `--help` and `--version` end this way too.
    if (error instanceof CommanderError && error.exitCode === 0) return ExitStatus.done;
    const known = error instanceof CommanderError ? usageOf(error, program.command) : error;
    surroundings.err(`alps-agent: ${report(known)}\n`);
    return statusOf(known);
  }
}

/** The program, without running it. */
export function buildProgram(actions: Actions, { env, out }: Pick<Surroundings, "env" | "out">): Program {
  const command = new Command("alps-agent")
    .description("Makes short function invocations finish first, and learns which ones are short.")
    .option("-V, --version", "show the version, the commit, and what it was built with")
    .option("--licenses", "show the licences of everything in this program")
    .configureOutput({ writeOut: out, writeErr: () => {}, outputError: () => {} })
    .addHelpText("after", "\nThe agent's own options: alps-agent run --help")
    .showSuggestionAfterError(false)
    .exitOverride();
  const program: Program = { command, status: ExitStatus.done };

  const shows = (option: string, text: () => string) =>
    command.on(`option:${option}`, () => {
      out(text());
      throw new CommanderError(ExitStatus.done, `alps.${option}`, "");
    });
  shows("version", () => actions.version());
  shows("licenses", () => actions.licences());

  addCommand(command, "run", RUN_TABLE, { isDefault: true })
    .description("run the agent (the default command)")
    .action(async (_, self: Command) => {
      const raw = rawValues(self, RUN_TABLE);
      program.status = await actions.run(resolveRunOptions(raw, { env }));
    });
  addCommand(command, "doctor", DOCTOR_TABLE)
    .description("what this machine supports, and which backend `auto` takes")
    .action(async (_, self: Command) => {
      const options = readValues("doctor", DOCTOR_TABLE, [rawValues(self, DOCTOR_TABLE)]);
      if (options.restore && options.json) throw new UsageError("doctor takes either --restore or --json");
      program.status = await actions.doctor(options);
    });
  addCommand(command, "host", HOST_TABLE)
    .description("a small function host to try the agent with")
    .action(async (_, self: Command) => {
      const raw = rawValues(self, HOST_TABLE);
      program.status = await actions.host(hostOptions(readValues("host", HOST_TABLE, [raw])));
    });
  addCommand(command, "replay", REPLAY_TABLE)
    .description("send a trace to a host at its pace, and report")
    .action(async (_, self: Command) => {
      const raw = rawValues(self, REPLAY_TABLE);
      program.status = await actions.replay(replayOptions(readValues("replay", REPLAY_TABLE, [raw])));
    });
  addCommand(command, "simulate", SIMULATE_TABLE)
    .description("simulate a trace under scheduling policies, and compare them")
    .action(async (_, self: Command) => {
      const raw = rawValues(self, SIMULATE_TABLE);
      program.status = await actions.simulate(
        simulateOptions(readValues("simulate", SIMULATE_TABLE, [raw])),
      );
    });
  addCommand(command, "whatif", WHATIF_TABLE)
    .description("what ALPS would bring to the functions that have run here, by the agent that runs")
    .action(async (_, self: Command) => {
      const raw = rawValues(self, WHATIF_TABLE);
      program.status = await actions.whatIf(readValues("whatif", WHATIF_TABLE, [raw]));
    });
  const trace = addCommand(command, "trace", {})
    .description("work with traces")
    .action((_, self: Command) => {
      rawValues(self, {});
      throw new UsageError(`trace needs a command: must be ${commandsOf(self)}`);
    });
  addCommand(trace, "make", TRACE_MAKE_TABLE)
    .description("make a trace")
    .action(async (_, self: Command) => {
      const raw = rawValues(self, TRACE_MAKE_TABLE);
      program.status = await actions.traceMake(readValues("trace make", TRACE_MAKE_TABLE, [raw]));
    });
  addCommand(trace, "convert", TRACE_CONVERT_TABLE)
    .description("turn a published trace, or a record of the agent's, into one that replay takes")
    .action(async (_, self: Command) => {
      const raw = rawValues(self, TRACE_CONVERT_TABLE);
      program.status = await actions.traceConvert(readValues("trace convert", TRACE_CONVERT_TABLE, [raw]));
    });
  const descriptions = {
    install: "put this file in place as a service, or in place of an older one",
    uninstall: "take away what install has put in place",
  };
  for (const name of ["install", "uninstall"] as const) {
    addCommand(command, name, INSTALL_TABLE)
      .description(descriptions[name])
      .action(async (_, self: Command) => {
        program.status = await actions[name](
          readValues(name, INSTALL_TABLE, [rawValues(self, INSTALL_TABLE)]),
        );
      });
  }
  return program;
}

/**
 * Adds a command with the options of a table. Commander splits the arguments; what is unknown or missing is reported by
 * {@link rawValues}, which knows what is allowed.
 */
function addCommand(
  parent: Command,
  name: string,
  table: OptionTable,
  how: { isDefault?: boolean } = {},
): Command {
  const command = parent.command(name, how).allowUnknownOption().allowExcessArguments();
  for (const [long, { kind, help, fallback, required }] of Object.entries(table)) {
    const value = kind.placeholder === undefined ? "" : ` <${kind.placeholder}>`;
    const note = required
      ? " (required)"
      : value !== "" && fallback !== undefined
      ? ` (default: ${fallback})`
      : "";
    const option = new Option(`--${long}${value}`, help + note);
    if (value !== "") {
      option.argParser<string[]>((text, before) => [...(before as string[] | undefined ?? []), text]);
    }
    command.addOption(option);
  }
  return command;
}

/** What commander found for a command, option by option. Throws {@link UsageError} for what no option takes. */
function rawValues(command: Command, table: OptionTable): RawValues {
  const values = new Map<string, RawValue[]>();
  const given = command.opts<Record<string, string[] | boolean>>();
  for (const option of command.options) {
    const value = given[option.attributeName()];
    const name = option.long?.slice(2) ?? "";
    if (value === undefined) continue;
    const texts = Array.isArray(value) ? value : [String(value)];
    // `--state --ml LR` would take the next option for a folder.
    const swallowed = texts.find((text) => text.startsWith("--"));
    if (swallowed !== undefined) {
      throw new UsageError(`--${name} needs a value, ${table[name]?.kind.wanted} (${got(swallowed)})`);
    }
    values.set(name, texts.map((text) => ({ label: `--${name}`, text })));
  }
  const [extra] = command.args;
  if (extra !== undefined) throw unexpected(command, table, extra);
  return values;
}

/** An argument that no option took: an unknown option, an unknown command, or too much. */
function unexpected(command: Command, table: OptionTable, argument: string): UsageError {
  if (argument.startsWith("-") && argument !== "-") {
    const option = argument.replace(/=.*$/s, "");
    if (Object.hasOwn(table, option.slice(2))) return new UsageError(`${option} takes no value`);
    const allowed = [...Object.keys(table).map((name) => `--${name}`), "--help"];
    if (command.name() === "run") allowed.push("--version", "--licenses");
    const near = nearest(option, allowed);
    const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
    return new UsageError(`unknown option ${shown(option)}${hint}: allowed are ${allowed.join(", ")}`);
  }
  const group = command.commands.length > 0 ? command : command.name() === "run" ? command.parent : null;
  if (group === null) {
    return new UsageError(`unexpected argument "${shown(argument)}": ${command.name()} takes options only`);
  }
  if (group.commands.some((other) => other.name() === argument)) {
    return new UsageError(`unexpected argument "${argument}": a command comes first, its options after it`);
  }
  return new UsageError(`unknown command "${shown(argument)}": must be ${commandsOf(group)}`);
}

function commandsOf(group: Command): string {
  const names = group.commands.map((command) => command.name());
  return names.length === 1 ? names[0]! : `one of ${names.join(", ")}`;
}

/** Commander's own complaints: an option at the end without its value, and help on a command that there is not. */
function usageOf(error: CommanderError, program: Command): UsageError {
  const option = /--[a-z_-]+/.exec(error.message)?.[0];
  const kind = [
    RUN_TABLE,
    DOCTOR_TABLE,
    HOST_TABLE,
    REPLAY_TABLE,
    SIMULATE_TABLE,
    WHATIF_TABLE,
    TRACE_MAKE_TABLE,
    TRACE_CONVERT_TABLE,
    INSTALL_TABLE,
  ]
    .map((table: OptionTable) => table[option?.slice(2) ?? ""])
    .find((spec) => spec !== undefined)?.kind;
  if (error.code === "commander.optionMissingArgument" && kind !== undefined) {
    return new UsageError(`${option} needs a value, ${kind.wanted}`);
  }
  if (error.code === "commander.help") {
    return new UsageError(`help needs a command: must be ${commandsOf(program)}`);
  }
  return new UsageError(error.message.replace(/^error: /, ""));
}

function statusOf(error: unknown): number {
  if (error instanceof UsageError) return ExitStatus.usage;
  if (error instanceof NotPossibleError || error instanceof NotSupportedError) return ExitStatus.notPossible;
  return ExitStatus.failed;
}

/** One line for what was foreseen; for a mistake of this program the stack, which whoever mends it needs. */
function report(error: unknown): string {
  if (!(error instanceof Error)) return inOneLine(String(error));
  const mistake = [TypeError, ReferenceError, RangeError, SyntaxError].some((type) => error instanceof type);
  if (mistake && !(error instanceof FailedError)) return escapedLines(error.stack ?? error.message);
  return inOneLine(error.message);
}

/** What it says may have been written by others: it is cut where it is too long, and cannot act on the terminal. */
function inOneLine(text: string): string {
  return oneLine(text.trim().replace(/\s*[\r\n]+\s*/g, "; "), MOST_MESSAGE);
}
