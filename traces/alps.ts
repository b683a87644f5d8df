/**
 * Traces in the format that ALPS published: a line per invocation, `id n job inter-arrival_ms port`, separated by spaces,
 * without a header. The function is `<job>-<port − 5000>`.
 */

import { cutTo, escaped } from "../observe/names.ts";

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

const COLUMNS = "id n job inter-arrival_ms port";

/** A trace that cannot be read; the message says which line and what is wrong with it. */
export class TraceError extends Error {
  constructor(readonly line: number, problem: string) {
    super(`cannot read line ${line} of the trace: ${problem}`);
    this.name = "TraceError";
  }
}

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
 * Writes a trace that {@link parseTrace} reads back. Due times are written to a thousandth of a millisecond.
 *
 * @param rows by due time
 * @throws RangeError where a row cannot be written in this format
 */
export function writeTrace(rows: readonly TraceRow[]): string {
  let writtenUs = 0;
  return rows.map((row) => {
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
    if (!(dueUs >= writtenUs)) {
      throw new RangeError(
        `cannot write invocation ${row.id} due at ${row.dueMs} ms: must not be before the one above (${
          writtenUs / 1000
        } ms)`,
      );
    }
    const waitUs = dueUs - writtenUs;
    writtenUs = dueUs;
    return `${row.id} ${row.n} ${row.job} ${waitUs / 1000} ${FIRST_PORT + Number(number[2])}\n`;
  }).join("");
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
  if (functionNumber < 0 || functionNumber > 65535 - FIRST_PORT) {
    throw new TraceError(number, `port is ${quoted(port)}, wanted ${FIRST_PORT} to 65535`);
  }
  if (!/^\d+(\.\d+)?$/.test(wait)) {
    throw new TraceError(number, `inter-arrival_ms is ${quoted(wait)}, wanted milliseconds, at least 0`);
  }
  return {
    id: wholeNumber(number, "id", id),
    n: wholeNumber(number, "n", n),
    job,
    function: `${job}-${functionNumber}`,
    // In whole microseconds, so that a long sum of fractions stays exact.
    dueMs: (Math.round(previousDueMs * 1000) + Math.round(Number(wait) * 1000)) / 1000,
  };
}

function wholeNumber(line: number, column: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new TraceError(line, `${column} is ${quoted(text)}, wanted a whole number, at least 0`);
  }
  return value;
}

/** For messages: a field of a foreign file, escaped and cut short. */
function quoted(text: string): string {
  return escaped(JSON.stringify(cutTo(text, 40)));
}
