/** Tables of comma-separated values with a header: rows with their columns by name. */
import { pipeline, Readable } from "node:stream";
import { CsvError, type Info, Parser } from "csv-parse";
import { shown } from "../observe/names.ts";
import { quoted, TraceError } from "./error.ts";
import { MOST_LINE_BYTES, type Source } from "./source.ts";

/** How many columns a message lists. */
const COLUMNS_SHOWN = 25;

/** A table that is being read. */
export interface Table {
  /** The names of the columns, in their order. */
  readonly columns: readonly string[];
  /** The rows below the header; can be read once. */
  readonly rows: AsyncIterable<Row>;
  /** Closes what it is read from, where its rows are not read. Reading them closes it too. */
  close(): Promise<void>;
}

/** A row of a table. */
export class Row {
  constructor(
    /** Where it ends in the file; the first line is 1. */
    readonly line: number,
    readonly fields: readonly string[],
    readonly places: ReadonlyMap<string, number>,
  ) {}

  /** A field that must not be empty. */
  text(column: string): string {
    const text = this.fields[this.places.get(column)!]!;
    if (text === "") throw new TraceError(this.line, `column ${quoted(column)} is empty`);
    return text;
  }

  /** A decimal number within bounds, `wanted` in words for the message. */
  number(column: string, { least, most, wanted }: { least: number; most: number; wanted: string }): number {
    const text = this.fields[this.places.get(column)!]!;
    const value = DECIMAL.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new TraceError(
      this.line,
      `column ${quoted(column)} is ${quoted(text)}, wanted ${wanted} from ${least} to ${most}`,
    );
  }
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;

/**
 * Reads the header of a table, and the rows as they are asked for.
 *
 * @throws TraceError, also while the rows are read: for a row with more or fewer fields than the header, a quote that does
 * not end, or a record that is too long
 */
export async function openTable(source: Source): Promise<Table> {
  const records = recordsOf(source);
  const close = async () => void await records.return(undefined);
  const first = await records.next();
  const { line, fields: columns } = first.done ? { line: 1, fields: [] } : first.value;
  const places = new Map(columns.map((column, place) => [column, place]));
  const twice = columns.find((column, place) => places.get(column) !== place);
  if (twice !== undefined) {
    await close();
    throw new TraceError(line, `column ${quoted(twice)} is there twice`);
  }
  return { columns, rows: rowsOf(records, columns.length, places), close };
}

/**
 * Sees to it that a table has some columns.
 *
 * @throws TraceError that names those that are missing and those that are there
 */
export function needColumns(columns: readonly string[], needed: readonly string[]): void {
  const missing = needed.filter((column) => !columns.includes(column));
  if (missing.length === 0) return;
  const what = missing.length === 1
    ? `column ${quoted(missing[0]!)} is missing`
    : `columns ${listed(missing)} are missing`;
  throw new TraceError(1, `${what}, found ${columns.length === 0 ? "no header" : listed(columns)}`);
}

/** Names of columns for a message. */
export function listed(columns: readonly string[]): string {
  const some = columns.slice(0, COLUMNS_SHOWN).map(quoted).join(", ");
  return columns.length > COLUMNS_SHOWN ? `${some} and ${columns.length - COLUMNS_SHOWN} more` : some;
}

async function* rowsOf(
  records: AsyncIterable<{ line: number; fields: string[] }>,
  count: number,
  places: ReadonlyMap<string, number>,
): AsyncGenerator<Row> {
  for await (const { line, fields } of records) {
    if (fields.length !== count) {
      throw new TraceError(line, `it has ${fields.length} fields, wanted ${count} as the header has`);
    }
    yield new Row(line, fields, places);
  }
}

async function* recordsOf(source: Source): AsyncGenerator<{ line: number; fields: string[] }, undefined> {
  const parser = new Parser({
    bom: true,
    info: true,
    // Counted above, where the message can say more.
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: ["\r\n", "\n"],
    max_record_size: MOST_LINE_BYTES,
  });
  // An error of the file ends the reading below too.
  pipeline(Readable.from(withLineFeeds(source.chunks())), parser, () => {});
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      yield { line: info.lines, fields: record };
    }
  } catch (error) {
    if (error instanceof CsvError) throw new TraceError(Number(error.lines ?? 1), problemOf(error));
    throw error;
  }
}

const CARRIAGE_RETURN = 0x0d, LINE_FEED = 0x0a;

/** Makes CR LF a line feed: within quotes the parser counts it as two lines, and messages would name a wrong one. */
async function* withLineFeeds(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held = false;
  for await (const chunk of chunks) {
    if (!held && !chunk.includes(CARRIAGE_RETURN)) {
      yield chunk;
      continue;
    }
    const bytes = new Uint8Array(chunk.length + 1);
    let count = 0;
    for (const byte of chunk) {
      if (held && byte !== LINE_FEED) bytes[count++] = CARRIAGE_RETURN;
      held = byte === CARRIAGE_RETURN;
      if (!held) bytes[count++] = byte;
    }
    if (count > 0) yield bytes.subarray(0, count);
  }
  if (held) yield Uint8Array.of(CARRIAGE_RETURN);
}

function problemOf(error: CsvError): string {
  switch (error.code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return "a quote is opened and not closed before the end of the file";
    case "CSV_MAX_RECORD_SIZE":
      return `a record is longer than ${MOST_LINE_BYTES} bytes`;
    default:
      return shown(error.message);
  }
}
