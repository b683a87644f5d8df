/** Reads a file of any format as rows that can be replayed. */
import { FailedError } from "../cli/errors.ts";
import { shown } from "../observe/names.ts";
import type { TraceRow } from "./alps.ts";
import type { TraceEntry } from "./entry.ts";
import { type ReadOptions, readTrace } from "./read.ts";
import { Replayable } from "./replayable.ts";
import type { Source } from "./source.ts";

/**
 * The rows of a trace, in the order of their due times.
 *
 * @param onEntry told what the trace said, before each row
 * @throws TraceError where the trace is broken; FailedError where it cannot be read, or not be replayed
 */
export async function* readReplayable(
  source: string | Source,
  options: ReadOptions,
  onEntry?: (entry: TraceEntry) => void,
): AsyncGenerator<TraceRow> {
  const replayable = new Replayable();
  const path = typeof source === "string" ? source : source.name;
  for await (const entry of readTrace(source, options)) {
    onEntry?.(entry);
    yield rowOf(replayable, entry, path);
  }
}

function rowOf(replayable: Replayable, entry: TraceEntry, path: string): TraceRow {
  try {
    return replayable.row(entry);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new FailedError(`cannot replay "${shown(path)}": ${error.message}`, { cause: error });
  }
}
