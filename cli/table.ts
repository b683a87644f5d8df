/** Tables of options: one entry says everything about an option, for parsing, for the help and for error messages. */
import { UsageError } from "./errors.ts";
import { got, type Kind } from "./values.ts";

/** One option of a command. */
export interface OptionSpec<T> {
  readonly kind: Kind<T>;
  /** One line for `--help`. */
  readonly help: string;
  /** As text, the way a user would write it; undefined where there is no value by default. */
  readonly fallback: string | undefined;
  /** May be given several times. */
  readonly repeats: boolean;
  /** The command cannot do without. */
  readonly required: boolean;
}

/** Options by their long name, without the dashes. */
export type OptionTable = Readonly<Record<string, OptionSpec<unknown>>>;

/** What one place (command line, environment, file) says: option → texts, in the order given. */
export type RawValues = ReadonlyMap<string, readonly RawValue[]>;

/** One value as it was given, and what an error message calls the place: `--ml`, `ALPS_ML`, `alps.json, line 3: "ml"`. */
export interface RawValue {
  readonly label: string;
  readonly text: string;
}

/** An option that always has a value. */
export function withDefault<T>(kind: Kind<T>, fallback: string, help: string) {
  return { kind, help, fallback, repeats: false, required: false } as const;
}

/** An option without a value by default. */
export function optional<T>(kind: Kind<T>, help: string) {
  return { kind, help, fallback: undefined, repeats: false, required: false } as const;
}

/** An option that must be given. */
export function required<T>(kind: Kind<T>, help: string) {
  return { kind, help, fallback: undefined, repeats: false, required: true } as const;
}

/** An option that may be given several times. */
export function repeated<T>(kind: Kind<T>, help: string) {
  return { kind, help, fallback: undefined, repeats: true, required: false } as const;
}

/** The value of an option, by how the table declares it. */
export type ValueOf<Spec> = Spec extends
  { kind: Kind<infer T>; repeats: infer R; required: infer Q; fallback: infer F } ? R extends true ? T[]
  : Q extends true ? T
  : F extends string ? T
  : T | undefined
  : never;

/** The values of all options of a table. */
export type Values<Table extends OptionTable> = { [Name in keyof Table]: ValueOf<Table[Name]> };

/**
 * The values of a command's options.
 *
 * @param command the command's name, for messages.
 * @param sources what was given, the strongest place first. An option that may be repeated is not taken from here: its
 * values of all places come one after the other.
 * @throws {UsageError} for the first value that is not wanted, an option given twice in one place, or one that is missing.
 */
export function readValues<Table extends OptionTable>(
  command: string,
  table: Table,
  sources: readonly RawValues[],
): Values<Table> {
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(table)) {
    // Values of weaker places are read too: a mistake there is one, although it does no harm today.
    const given = sources.map((source) => readOne(spec, source.get(name) ?? []));
    if (spec.repeats) values[name] = given.flat();
    else {
      const [first] = given.flat();
      if (first === undefined && spec.required) {
        throw new UsageError(`${command} needs --${name} ${spec.kind.placeholder}`);
      }
      values[name] = first ?? (spec.fallback === undefined ? undefined : spec.kind.parse(spec.fallback));
    }
  }
  return values as Values<Table>;
}

function readOne(spec: OptionSpec<unknown>, raw: readonly RawValue[]): unknown[] {
  if (raw.length > 1 && !spec.repeats) {
    throw new UsageError(`${raw[0]!.label} is given ${raw.length} times: wanted once`);
  }
  return raw.map(({ label, text }) => {
    const value = spec.kind.parse(text);
    if (value === undefined) throw new UsageError(`${label} must be ${spec.kind.wanted} (${got(text)})`);
    return value;
  });
}
