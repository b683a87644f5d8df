/**
 * Waiting, and one clock for what this process sees and what the kernel's record says.
 */

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

/** Microseconds matter, which `Date.parse` cuts off: RFC 3339 to milliseconds since 1970; NaN where it is no time. */
export function parseRfc3339Ms(text: string): number {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (parts === null) return NaN;
  return Date.parse(parts[1]! + parts[3]!) + Number(`0.${parts[2] ?? "0"}`) * 1000;
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
