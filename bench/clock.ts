/**
 * Waiting, and one clock for what this process sees and what the kernel's record says.
 */
export { parseRfc3339Ms } from "../traces/rfc3339.ts";

/**
 * What to add to `performance.now()` for milliseconds since 1970. Looks at the wall clock for up to a millisecond, until
 * it steps on: it shows whole milliseconds only, and half of one matters to an invocation of five.
 */
export function wallOffsetMs(): number {
  const before = Date.now();
  let now = before;
  let monotonicMs = performance.now();
  // A wall clock that does not move (someone has stopped or set it back) ends the search too.
  const giveUpMs = monotonicMs + 5;
  while (now === before && monotonicMs < giveUpMs) {
    now = Date.now();
    monotonicMs = performance.now();
  }
  return now - monotonicMs;
}

/** Resolves after some milliseconds, or rejects with the signal's reason. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => {
    clearTimeout(timer);
    reject(signal?.reason);
  };
  const timer = setTimeout(() => {
    signal?.removeEventListener("abort", onAbort);
    resolve();
  }, ms);
  signal?.addEventListener("abort", onAbort, { once: true });
  return promise;
}
