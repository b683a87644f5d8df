/** Azure Functions invocations of 2021: a row per invocation, with its end and duration in seconds. */
import { SECONDS } from "./bounds.ts";
import type { Table } from "./csv.ts";
import type { TraceEntry } from "./entry.ts";
import { EntryStore } from "./store.ts";

export const AZURE_2021_COLUMNS = ["app", "func", "end_timestamp", "duration"] as const;

/** Reads a table with {@link AZURE_2021_COLUMNS}. A function is `<app>/<func>`: another app may have one of its name. */
export async function* readAzure2021({ rows }: Table): AsyncGenerator<TraceEntry> {
  const store = new EntryStore();
  for await (const row of rows) {
    const endS = row.number("end_timestamp", SECONDS);
    const durationS = row.number("duration", SECONDS);
    // Before 0 where it had started when the recording did; the first start of all becomes 0.
    store.add(`${row.text("app")}/${row.text("func")}`, (endS - durationS) * 1000, durationS * 1000);
  }
  yield* store.inOrder();
}
