/** A load on containers: requests of four functions, each sent when it is due to a container of its function. */
import { sleep } from "../clock.ts";
import { makeTrace } from "../mixes.ts";
import type { Measured } from "../summary.ts";
import type { TraceRow } from "../../traces/alps.ts";
import type { Served } from "./served.ts";

/** CPU time of an invocation in milliseconds, the share of the requests, and how many containers serve the function. */
export const FUNCTIONS = [
  { ms: 5, share: 60, containers: 12 },
  { ms: 20, share: 20, containers: 12 },
  { ms: 100, share: 12, containers: 16 },
  { ms: 400, share: 8, containers: 40 },
] as const;

/** What a function is called. */
export function nameOf({ ms }: { readonly ms: number }): string {
  return `spin-${ms}`;
}

/** A trace of {@link FUNCTIONS}. @throws RangeError as {@link makeTrace} */
export function containerTrace(
  options: { seed: number; load: number; cores: number; seconds: number },
): TraceRow[] {
  const mix = FUNCTIONS.map(({ ms, share }) => ({ job: "spin", number: ms, n: ms, share }));
  return makeTrace({ ...options, mix, cpuMsOf: (_, n) => n });
}

/**
 * Sends everything when it is due. A request goes to the container of its function that has been free for longest, as a
 * service in front of them would have it that takes them in turn; where none is free, it waits for one.
 *
 * @returns what became of each, in the order of the trace; times on the trace's clock
 */
export async function sendToContainers(
  rows: readonly TraceRow[],
  pools: ReadonlyMap<string, readonly Served[]>,
  signal: AbortSignal,
): Promise<Measured[]> {
  const free = new Map([...pools].map(([name, pool]) => [name, [...pool]]));
  const waiting = new Map([...pools.keys()].map((name) => [name, [] as ((container: Served) => void)[]]));
  const startMs = performance.now();
  const one = async ({ function: name, n, dueMs }: TraceRow): Promise<Measured> => {
    await sleep(Math.max(0, dueMs - (performance.now() - startMs)), signal);
    const container = free.get(name)!.shift() ??
      await new Promise<Served>((resolve) => waiting.get(name)!.push(resolve));
    signal.throwIfAborted();
    const sentMs = performance.now() - startMs;
    const cpuMs = await container.request(`w${n}`);
    const endMs = performance.now() - startMs;
    const next = waiting.get(name)!.shift();
    if (next) next(container);
    else free.get(name)!.push(container);
    return { function: name, dueMs, endMs, cpuMs, executionMs: endMs - sentMs, failed: false };
  };
  return await Promise.all(rows.map(one));
}
