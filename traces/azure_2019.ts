/**
 * Azure Functions of 2019: two tables, one with how often each function was invoked in each minute, and one with the
 * percentiles of each function's durations. Single invocations are drawn from both.
 */
import { IndexedHeap } from "../learn/heap.ts";
import { MILLISECONDS } from "./bounds.ts";
import { needColumns, type Row, type Table } from "./csv.ts";
import type { TraceEntry } from "./entry.ts";
import { TraceError } from "./error.ts";
import { type Random, randomNumbers } from "./random.ts";

const FUNCTION_COLUMNS = ["HashOwner", "HashApp", "HashFunction"] as const;

/** Of the table of invocations: the function, and the first minute. All minutes up to the last one must be there. */
export const AZURE_2019_COLUMNS = [...FUNCTION_COLUMNS, "1"] as const;

const PERCENTILES = [0, 1, 25, 50, 75, 99, 100] as const;

/** Of the table of durations. */
export const AZURE_2019_DURATIONS_COLUMNS = [
  ...FUNCTION_COLUMNS,
  ...PERCENTILES.map((percent) => `percentile_Average_${percent}` as const),
] as const;

const MINUTE_MS = 60_000;

/** Minutes of a day: the tables are of a day each. */
const MOST_MINUTES = 1440;

/** More than any machine would serve of one function, and exact in 32 bits. */
const MOST_PER_MINUTE = 1e9;

/** Per function its durations at {@link PERCENTILES}, in milliseconds. */
export type Durations = ReadonlyMap<string, Float64Array>;

/**
 * Reads a table with {@link AZURE_2019_DURATIONS_COLUMNS}. Of a function that is there twice, the first row counts.
 *
 * @throws TraceError also where a percentile is below the one before it
 */
export async function readAzure2019Durations({ columns, rows }: Table): Promise<Durations> {
  needColumns(columns, AZURE_2019_DURATIONS_COLUMNS);
  const durations = new Map<string, Float64Array>();
  for await (const row of rows) {
    const name = nameOf(row);
    const values = new Float64Array(PERCENTILES.length);
    PERCENTILES.forEach((percent, place) => {
      const column = `percentile_Average_${percent}`;
      const value = row.number(column, MILLISECONDS);
      if (place > 0 && value < values[place - 1]!) {
        throw new TraceError(
          row.line,
          `column "${column}" is ${value}, wanted at least the percentile before it (${values[place - 1]})`,
        );
      }
      values[place] = value;
    });
    if (!durations.has(name)) durations.set(name, values);
  }
  return durations;
}

/** How to draw invocations. */
export interface DrawOptions {
  readonly durations: Durations;
  /** Any whole number; the same tables and seed give the same invocations. */
  readonly seed: number;
  /** Told at the end of the table: how many invocations are left out, as no durations of their functions are known. */
  readonly onLeftOut?: (invocations: number) => void;
}

/** A function's counts, minute by minute. */
interface Counts {
  readonly name: string;
  readonly durations: Float64Array;
  readonly perMinute: Uint8Array | Uint16Array | Uint32Array;
}

/**
 * Reads a table with {@link AZURE_2019_COLUMNS} and draws its invocations, in the order of their due times: within a
 * minute at instants spread evenly by chance, with durations between the function's percentiles along straight lines.
 * Counts are kept in memory, invocations are not: each is drawn when it is its turn.
 */
export async function* readAzure2019(table: Table, options: DrawOptions): AsyncGenerator<TraceEntry> {
  const minutes = minutesOf(table.columns);
  const functions: Counts[] = [];
  let leftOut = 0;
  for await (const row of table.rows) {
    const { perMinute, sum } = countsOf(row, minutes);
    const name = nameOf(row);
    const durations = options.durations.get(name);
    if (durations === undefined) leftOut += sum;
    else if (sum > 0) functions.push({ name, durations, perMinute });
  }
  options.onLeftOut?.(leftOut);
  yield* drawn(functions, minutes, randomNumbers(options.seed));
}

function* drawn(functions: readonly Counts[], minutes: number, random: Random): Generator<TraceEntry> {
  const remaining = new Uint32Array(functions.length);
  // In which part of the minute each function's next invocation is due, the earliest on top.
  const next = new IndexedHeap(functions.length);
  for (let minute = 0; minute < minutes; minute++) {
    const pushNext = (place: number, part: number) => {
      const left = remaining[place]!;
      // The least of so many numbers that are spread evenly over what is left of the minute.
      if (left > 0) next.push(place, part + (1 - part) * (1 - (1 - random()) ** (1 / left)));
    };
    functions.forEach(({ perMinute }, place) => {
      remaining[place] = perMinute[minute]!;
      pushNext(place, 0);
    });
    while (next.size > 0) {
      const part = next.topKey();
      const place = next.pop();
      const { name, durations } = functions[place]!;
      remaining[place]!--;
      yield {
        function: name,
        dueMs: Math.round((minute + Math.min(part, 1)) * MINUTE_MS * 1000) / 1000,
        cpuMs: durationAt(durations, random()),
      };
      pushNext(place, part);
    }
  }
}

/** The duration that a part of all invocations (0 to 1) do not exceed. */
function durationAt(values: Float64Array, part: number): number {
  const percent = part * 100;
  const above = PERCENTILES.findIndex((each) => each > percent);
  const low = PERCENTILES[above - 1]!, high = PERCENTILES[above]!;
  const from = values[above - 1]!, to = values[above]!;
  return from + (to - from) * (percent - low) / (high - low);
}

/** How many minutes the table has. */
function minutesOf(columns: readonly string[]): number {
  const numbers = columns.filter((column) => /^[1-9]\d{0,3}$/.test(column)).map(Number);
  const last = Math.max(1, ...numbers.filter((number) => number <= MOST_MINUTES));
  needColumns(columns, [
    ...FUNCTION_COLUMNS,
    ...Array.from({ length: last }, (_, index) => String(index + 1)),
  ]);
  return last;
}

/** Counts in the smallest array that holds them: most functions are called less than 256 times a minute. */
function countsOf(row: Row, minutes: number): { perMinute: Counts["perMinute"]; sum: number } {
  const counts = new Uint32Array(minutes);
  let most = 0, sum = 0;
  for (let minute = 0; minute < minutes; minute++) {
    const column = String(minute + 1);
    const count = row.number(column, { least: 0, most: MOST_PER_MINUTE, wanted: "a whole number" });
    if (!Number.isInteger(count)) {
      throw new TraceError(row.line, `column "${column}" is ${count}, wanted a whole number`);
    }
    counts[minute] = count;
    most = Math.max(most, count);
    sum += count;
  }
  const perMinute = most < 2 ** 8
    ? Uint8Array.from(counts)
    : most < 2 ** 16
    ? Uint16Array.from(counts)
    : counts;
  return { perMinute, sum };
}

/** All three: an app's hash says nothing about its owner, nor a function's about its app. */
function nameOf(row: Row): string {
  return FUNCTION_COLUMNS.map((column) => row.text(column)).join("/");
}
