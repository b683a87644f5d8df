/** Reads a trace of any format. */
import type { TraceReadOptions } from "../cli/commands.ts";
import { readAlps } from "./alps.ts";
import { readAzure2019, readAzure2019Durations } from "./azure_2019.ts";
import { readAzure2021 } from "./azure_2021.ts";
import { needColumns, openTable, type Table } from "./csv.ts";
import type { TraceEntry } from "./entry.ts";
import { TraceError } from "./error.ts";
import { readExpResult } from "./exp_result.ts";
import type { TraceFormat } from "./formats.ts";
import { readHuawei2025 } from "./huawei_2025.ts";
import { NEEDED_COLUMNS, recogniseTable, shapeOf, type TableFormat } from "./recognise.ts";
import { fileSource, type Source } from "./source.ts";

/** How to read a trace. */
export interface ReadOptions {
  /** Recognised by the first line where it is not given. */
  readonly format?: TraceFormat | undefined;
  /** Of azure-2019: the table of durations. */
  readonly durations?: Source | undefined;
  /** Of azure-2019: any whole number; the same one draws the same invocations. 1 by default. */
  readonly seed?: number | undefined;
  /** The first so many invocations. */
  readonly limit?: number | undefined;
  /** Invocations that are due before this time. */
  readonly seconds?: number | undefined;
  /** Of azure-2019: told how many invocations are left out, as no durations of their functions are known. */
  readonly onLeftOut?: (invocations: number) => void;
}

/** What a command line says of it. */
export function readOptions({ durations, ...rest }: TraceReadOptions): ReadOptions {
  return { ...rest, durations: durations === undefined ? undefined : fileSource(durations) };
}

/**
 * The invocations of a trace, in the order of their due times.
 *
 * ```ts
 * import { readTrace } from "@alps/agent";
 * import assert from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "app,func,end_timestamp,duration\nshop,pay,10.5,0.5\nshop,list,10.25,0.1\n");
 * const due = [];
 * for await (const { function: name, dueMs, cpuMs } of readTrace(path)) due.push([name, dueMs, cpuMs]);
 * assert.deepEqual(due, [["shop/pay", 0, 500], ["shop/list", 150, 100]]);
 * await Deno.remove(path);
 * ```
 *
 * @param source a path, or where else the bytes come from
 * @throws TraceError for the first thing that is wrong; FailedError where a file cannot be read
 */
export async function* readTrace(
  source: Source | string,
  options: ReadOptions = {},
): AsyncGenerator<TraceEntry> {
  const from = typeof source === "string" ? fileSource(source) : source;
  const { limit = Infinity, seconds = Infinity } = options;
  let count = 0;
  const entries = await named(from, () => entriesOf(from, options));
  try {
    for (;;) {
      if (count++ >= limit) return;
      const step = await named(from, () => entries.next());
      if (step.done || step.value.dueMs >= seconds * 1000) return;
      yield step.value;
    }
  } finally {
    await entries.return(undefined);
  }
}

/** What a reader does, with the file named in what it throws. */
async function named<T>(source: Source, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw error instanceof TraceError ? error.inFile(source.name) : error;
  }
}

async function entriesOf(source: Source, options: ReadOptions): Promise<AsyncGenerator<TraceEntry>> {
  const { format } = options;
  const { shape, whole } = format === undefined ? await shapeOf(source) : { shape: undefined, whole: source };
  if (format === "alps" || shape === "words") return readAlps(whole);
  if (format === "exp-result" || shape === "json") return readExpResult(whole);
  const table = await openTable(whole);
  try {
    if (format !== undefined) needColumns(table.columns, NEEDED_COLUMNS[format as TableFormat]);
    return await readTable(
      table,
      format as TableFormat | undefined ?? recogniseTable(table.columns),
      options,
    );
  } catch (error) {
    await table.close();
    throw error;
  }
}

async function readTable(
  table: Table,
  format: TableFormat,
  { durations, seed = 1, onLeftOut }: ReadOptions,
): Promise<AsyncGenerator<TraceEntry>> {
  switch (format) {
    case "azure-2021":
      return readAzure2021(table);
    case "huawei-2025":
      return readHuawei2025(table);
    case "azure-2019":
      return readAzure2019(table, {
        durations: await durationsOf(durations),
        seed,
        ...(onLeftOut && { onLeftOut }),
      });
  }
}

async function durationsOf(source: Source | undefined) {
  if (source === undefined) {
    throw new TraceError(
      1,
      "an azure-2019 trace says how often functions were invoked, not for how long: the table of their durations is " +
        "wanted too (alps-agent trace convert --durations FILE)",
    );
  }
  return await named(source, async () => {
    const table = await openTable(source);
    try {
      return await readAzure2019Durations(table);
    } finally {
      await table.close();
    }
  });
}
