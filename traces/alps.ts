/**
 * Traces in the format that ALPS published: a line per invocation, `id n job inter-arrival_ms port`, separated by spaces,
 * without a header. The function is `<job>-<port − 5000>`.
 */

import { MOST_DUE_MS } from "./bounds.ts";
import type { TraceEntry } from "./entry.ts";
import { quoted, TraceError } from "./error.ts";
import { linesOf, type Source } from "./source.ts";

export { TraceError } from "./error.ts";

/** One invocation of a trace. */
export interface TraceRow {
  readonly id: number;
  /** The job's argument: how much work it does. */
  readonly n: number;
  /** Which program runs. */
  readonly job: string;
  /** Whose invocation it is: `<job>-<number>`. */
  readonly function: string;
  /** When the request is due, in milliseconds after the start of the replay. */
  readonly dueMs: number;
}

/** The port of function number 0. */
const FIRST_PORT = 5000;

/** The greatest number that a function can have. */
export const MOST_FUNCTION_NUMBER = 65535 - FIRST_PORT;

const COLUMNS = "id n job inter-arrival_ms port";

/**
 * Reads a trace. The due times are the running sum of the inter-arrival times, the first one included, as the published
 * client waits before each request. Lines may end in CR LF; empty lines are allowed at the end only.
 *
 * @throws TraceError at the first broken line
 */
export function parseTrace(text: string): TraceRow[] {
  const rows: TraceRow[] = [];
  const lines = text.split("\n");
  while (lines.length > 0 && lines[lines.length - 1]!.trim() === "") lines.pop();
  let dueMs = 0;
  lines.forEach((line, index) => {
    const row = parseLine(line, index + 1, dueMs);
    dueMs = row.dueMs;
    rows.push(row);
  });
  return rows;
}

/**
 * Reads a trace line by line; {@link parseTrace} says what is allowed.
 *
 * @throws TraceError at the first broken line
 */
export async function* readAlps(source: Source): AsyncGenerator<TraceEntry> {
  let dueMs = 0, firstEmpty = 0;
  for await (const { number, text } of linesOf(source)) {
    if (text.trim() === "") {
      firstEmpty ||= number;
      continue;
    }
    if (firstEmpty > 0) parseLine("", firstEmpty, dueMs);
    const row = parseLine(text, number, dueMs);
    dueMs = row.dueMs;
    yield { function: row.function, dueMs, call: { job: row.job, n: row.n } };
  }
}

/**
 * Writes a trace that {@link parseTrace} reads back. Due times are written to a thousandth of a millisecond.
 *
 * @param rows by due time
 * @throws RangeError where a row cannot be written in this format
 */
export function writeTrace(rows: readonly TraceRow[]): string {
  const writer = new TraceWriter();
  return rows.map((row) => writer.line(row)).join("");
}

/** Writes a trace line by line; what {@link writeTrace} says holds. */
export class TraceWriter {
  #writtenUs = 0;

  /** The line of the row that comes next, with its line feed. */
  line(row: TraceRow): string {
    const number = /^(.+)-(\d+)$/.exec(row.function);
    if (number === null || number[1] !== row.job || /\s/.test(row.job)) {
      throw new RangeError(
        `cannot write invocation ${row.id} of ${
          JSON.stringify(row.function)
        }: must be named <job>-<number>, ` +
          `with job ${JSON.stringify(row.job)} and no white space`,
      );
    }
    const dueUs = Math.round(row.dueMs * 1000);
    if (!(dueUs >= this.#writtenUs)) {
      throw new RangeError(
        `cannot write invocation ${row.id} due at ${row.dueMs} ms: must not be before the one above (${
          this.#writtenUs / 1000
        } ms)`,
      );
    }
    const waitUs = dueUs - this.#writtenUs;
    this.#writtenUs = dueUs;
    return `${row.id} ${row.n} ${row.job} ${waitUs / 1000} ${FIRST_PORT + Number(number[2])}\n`;
  }
}

function parseLine(line: string, number: number, previousDueMs: number): TraceRow {
  const fields = line.trim().split(/\s+/);
  if (line.trim() === "") throw new TraceError(number, `it is empty, wanted ${JSON.stringify(COLUMNS)}`);
  if (fields.length !== 5) {
    const count = fields.length === 1 ? "1 field" : `${fields.length} fields`;
    throw new TraceError(number, `it has ${count}, wanted 5: ${JSON.stringify(COLUMNS)}`);
  }
  const [id, n, job, wait, port] = fields as [string, string, string, string, string];
  if (!/^[A-Za-z_][\w.-]*$/.test(job)) {
    throw new TraceError(number, `job is ${quoted(job)}, wanted a name of letters, digits and _ . -`);
  }
  const functionNumber = wholeNumber(number, "port", port) - FIRST_PORT;
  if (functionNumber < 0 || functionNumber > MOST_FUNCTION_NUMBER) {
    throw new TraceError(number, `port is ${quoted(port)}, wanted ${FIRST_PORT} to 65535`);
  }
  // In whole microseconds, so that a long sum of fractions stays exact.
  const dueMs = (Math.round(previousDueMs * 1000) + Math.round(Number(wait) * 1000)) / 1000;
  if (!/^\d+(\.\d+)?$/.test(wait)) {
    throw new TraceError(number, `inter-arrival_ms is ${quoted(wait)}, wanted milliseconds, at least 0`);
  }
  if (dueMs > MOST_DUE_MS) {
    throw new TraceError(
      number,
      `inter-arrival_ms is ${quoted(wait)}, wanted a sum of at most ${MOST_DUE_MS}`,
    );
  }
  return {
    id: wholeNumber(number, "id", id),
    n: wholeNumber(number, "n", n),
    job,
    function: `${job}-${functionNumber}`,
    dueMs,
  };
}

function wholeNumber(line: number, column: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new TraceError(line, `${column} is ${quoted(text)}, wanted a whole number, at least 0`);
  }
  return value;
}
