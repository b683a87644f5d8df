/**
 * The options of the commands that are no part of `alps-agent`: `deno task demo`, `deno task bench`. Tables as those of
 * `cli/table.ts`, with the same messages.
 */
import { Command, CommanderError, Option } from "commander";
import { UsageError } from "../cli/errors.ts";
import { nearest } from "../cli/nearest.ts";
import { type OptionTable, type RawValue, readValues, type Values } from "../cli/table.ts";
import { shown } from "../observe/names.ts";

/** A command, for its help and its messages. */
export interface CommandText {
  readonly name: string;
  readonly description: string;
  /** After the list of options. */
  readonly after: string;
}

/** What was given. */
export interface GivenOptions<Table extends OptionTable> {
  readonly values: Values<Table>;
  /** The options that were given, and not left to their defaults. */
  readonly given: ReadonlySet<string>;
}

/**
 * Reads a command's arguments.
 *
 * @returns undefined after help was printed
 * @throws UsageError for what is not allowed: one line
 */
export function parseCommand<Table extends OptionTable>(
  text: CommandText,
  table: Table,
  args: readonly string[],
): GivenOptions<Table> | undefined {
  const command = commandOf(text, table);
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw usageOf(error, text.name, table, args);
  }
  const found = command.opts<Record<string, string[] | true | undefined>>();
  const raw = Object.keys(table).flatMap((name): [string, RawValue[]][] => {
    const values = found[camelCase(name)];
    const texts = values === true ? ["true"] : values ?? [];
    return texts.length === 0 ? [] : [[name, texts.map((value) => ({ label: `--${name}`, text: value }))]];
  });
  return {
    values: readValues(text.name, table, [new Map(raw)]),
    given: new Set(raw.map(([name]) => name)),
  };
}

/** As commander names the values of options. */
function camelCase(name: string): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function commandOf({ name, description, after }: CommandText, table: OptionTable): Command {
  const command = new Command(name)
    .usage("[options]")
    .description(description)
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
    .showSuggestionAfterError(false)
    .allowExcessArguments(false)
    .exitOverride();
  for (const [name, { kind, help, fallback }] of Object.entries(table)) {
    const isSwitch = kind.placeholder === undefined;
    const note = isSwitch || fallback === undefined ? "" : ` (default: ${fallback})`;
    const option = new Option(`--${name}${isSwitch ? "" : ` <${kind.placeholder}>`}`, help + note);
    if (!isSwitch) {
      option.argParser<string[]>((value, before) => [...(before as string[] | undefined ?? []), value]);
    }
    command.addOption(option);
  }
  return command.addHelpText("after", after);
}

function usageOf(
  error: CommanderError,
  command: string,
  table: OptionTable,
  args: readonly string[],
): UsageError {
  const allowed = [...Object.keys(table).map((name) => `--${name}`), "--help"];
  if (error.code === "commander.unknownOption") {
    const option = args.find((arg) => arg.startsWith("-") && !allowed.includes(arg.replace(/=.*$/s, ""))) ??
      "";
    const near = nearest(option, allowed);
    const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
    return new UsageError(`unknown option ${shown(option)}${hint}: allowed are ${allowed.join(", ")}`);
  }
  const name = /--([a-z-]+)/.exec(error.message)?.[1] ?? "";
  if (error.code === "commander.optionMissingArgument" && Object.hasOwn(table, name)) {
    return new UsageError(`--${name} needs a value, ${table[name]!.kind.wanted}`);
  }
  if (error.code === "commander.excessArguments") {
    const extra = args.find((arg, index) => !arg.startsWith("-") && !args[index - 1]?.startsWith("--"));
    return new UsageError(`unexpected argument "${shown(extra ?? "")}": ${command} takes options only`);
  }
  return new UsageError(error.message.replace(/^error: /, ""));
}
