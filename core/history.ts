/** Finished invocations: the latest in memory, and all of them in a file where that was asked for. */

import { osReason } from "../ffi/errors.ts";
import type { InvocationEntry } from "../api/agent_view.ts";
import type { Invocation } from "../observe/invocation.ts";
import { escaped, shown } from "../observe/names.ts";

/** How many are kept for `GET /invocations`. */
const KEPT = 10_000;

/**
 * One invocation as `GET /invocations` and `--exp_result` show it.
 * @param id the function's, as people see it
 */
export function invocationEntry(
  invocation: Invocation,
  functionName: string,
  time: (monotonicNs: number) => string,
  id = String(invocation.functionId),
): InvocationEntry {
  const { pid, kind, startNs, endNs, cpuNs, waitNs, firstRunNs, preemptions } = invocation;
  return {
    function: functionName,
    function_id: id,
    pid,
    kind,
    start: time(startNs),
    end: time(endNs),
    cpu_us: Math.round(cpuNs / 1000),
    wait_us: Math.round(waitNs / 1000),
    turnaround_us: Math.round((endNs - startNs) / 1000),
    execution_us: Math.round((endNs - startNs - firstRunNs) / 1000),
    preemptions,
  };
}

/** A ring of the latest, and a file. */
export class History implements Disposable {
  readonly #ring: InvocationEntry[] = [];
  #next = 0;
  #file: Deno.FsFile | undefined;
  readonly #encoder = new TextEncoder();

  /**
   * @param path of a file that is started anew; one JSON object per line
   * @param onWriteError called once: the file is given up, the rest goes on
   */
  constructor(path: string | undefined, readonly onWriteError: (error: unknown) => void) {
    if (path === undefined) return;
    try {
      this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
    } catch (cause) {
      const why = osReason(cause);
      throw new Error(`cannot write ${shown(path)}: ${shown(why)}`, { cause });
    }
  }

  /** Takes entries in the order of their ends. */
  add(entries: readonly InvocationEntry[]): void {
    for (const entry of entries) {
      this.#ring[this.#next] = entry;
      this.#next = (this.#next + 1) % KEPT;
    }
    if (!this.#file || entries.length === 0) return;
    try {
      const bytes = this.#encoder.encode(
        entries.map((entry) => escaped(JSON.stringify(entry)) + "\n").join(""),
      );
      for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    } catch (error) {
      this.#file.close();
      this.#file = undefined;
      this.onWriteError(error);
    }
  }

  /** The latest, newest first. */
  latest(limit: number, functionName?: string): InvocationEntry[] {
    const found: InvocationEntry[] = [];
    for (let back = 1; back <= this.#ring.length && found.length < limit; back++) {
      const entry = this.#ring[(this.#next - back + KEPT) % KEPT];
      if (entry && (functionName === undefined || entry.function === functionName)) found.push(entry);
    }
    return found;
  }

  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
