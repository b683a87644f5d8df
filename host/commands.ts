/**
 * The file of `--commands`: functions that are programs of the user's own.
 */
import { parse, type ParseError, printParseErrorCode } from "jsonc-parser";
import { z } from "zod";

/** By function name: a program's path and its arguments; `{n}` in an argument stands for the request's n. */
export type Commands = ReadonlyMap<string, readonly string[]>;

/** The file cannot be read or does not say what it should: one line, made to be shown. */
export class CommandsError extends Error {
  override name = "CommandsError";
}

const Command = z.array(z.string()).min(1).max(256).refine(
  ([program]) => program?.startsWith("/"),
  { error: "must begin with a program's absolute path" },
);
const CommandsFile = z.record(z.string().min(1), Command);

const SHAPE = 'wanted {"NAME": ["/path/to/program", "argument", "{n}"], ...}';

/**
 * Reads a commands file: JSON with comments and trailing commas.
 *
 * @throws {CommandsError} naming the file, and the line or the entry that is wrong
 */
export async function readCommands(path: string): Promise<Commands> {
  const wrong = (why: string): CommandsError =>
    new CommandsError(`cannot read commands from ${JSON.stringify(path)}: ${why}`);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw wrong(
      error instanceof Error ? error.message.replace(/\(os error \d+\).*$/s, "").trim() : String(error),
    );
  }
  const errors: ParseError[] = [];
  let value: unknown;
  try {
    value = parse(text, errors, { allowTrailingComma: true });
  } catch (error) {
    // The parser calls itself for each level.
    if (error instanceof RangeError) throw wrong(`nested too deeply; ${SHAPE}`);
    throw error;
  }
  const [error] = errors;
  if (error) {
    const line = text.slice(0, error.offset).split("\n").length;
    throw wrong(`line ${line}: ${printParseErrorCode(error.error)}; ${SHAPE}`);
  }
  const parsed = CommandsFile.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const entry = issue?.path.length ? `${JSON.stringify(issue.path.map(String).join("."))}: ` : "";
    throw wrong(`${entry}${issue?.message}; ${SHAPE}`);
  }
  return new Map(Object.entries(parsed.data));
}

/** A command's argv for a request. */
export function commandFor(command: readonly string[], n: number): string[] {
  return command.map((argument, index) => index === 0 ? argument : argument.replaceAll("{n}", String(n)));
}
