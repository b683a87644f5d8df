/** Huawei's requests of 2025: a row per request, times in seconds. */
import { SECONDS } from "./bounds.ts";
import type { Table } from "./csv.ts";
import type { TraceEntry } from "./entry.ts";
import { EntryStore } from "./store.ts";

export const HUAWEI_2025_COLUMNS = [
  "time_worker",
  "funcName",
  "userID",
  "podID",
  "totalCost_worker",
  "runtimeCost",
] as const;

/**
 * Reads a table with {@link HUAWEI_2025_COLUMNS}. A function is `<funcName>---<userID>---<pool>`, as the data set's own
 * tables of functions call it; the pool is the pod's name without its last number. `runtimeCost` is the time in the
 * function's runtime, without the platform's parts. `cpu_usage` is the whole pod's, so it does not tell more.
 */
export async function* readHuawei2025({ rows }: Table): AsyncGenerator<TraceEntry> {
  const store = new EntryStore();
  for await (const row of rows) {
    const pool = row.text("podID").replace(/-\d+$/, "");
    // The worker's log line holds what the request cost, and comes before the frontend's: it is written at the end.
    const startS = row.number("time_worker", SECONDS) - row.number("totalCost_worker", SECONDS);
    const runtimeS = row.number("runtimeCost", SECONDS);
    store.add(`${row.text("funcName")}---${row.text("userID")}---${pool}`, startS * 1000, runtimeS * 1000);
  }
  yield* store.inOrder();
}
