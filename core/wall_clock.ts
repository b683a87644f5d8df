/** Times for people: the kernel's monotonic nanoseconds as RFC 3339 with microseconds. */

/** Microseconds since 1970 as `2026-01-31T12:00:00.123456Z`. */
export function rfc3339(epochUs: number): string {
  const ms = Math.floor(epochUs / 1000);
  const micros = Math.floor(epochUs - ms * 1000);
  return new Date(ms).toISOString().slice(0, -1) + String(micros).padStart(3, "0") + "Z";
}

/**
 * Now, in microseconds since 1970. The wall clock alone shows whole milliseconds, rounded down; the other clock does not
 * know of a wall clock that has been set. So: the finer one, as long as both agree.
 */
export function nowUs(): number {
  const fineMs = performance.timeOrigin + performance.now(), wallMs = Date.now();
  return 1000 * (Math.abs(fineMs - wallMs) < 2 ? fineMs : wallMs + 0.5);
}

/**
 * Turns monotonic times of the recent past into wall time, by what both clocks show at this moment, so that a step of
 * the wall clock does not shift what comes after it.
 */
export function wallClock(monotonicNowNs: number): (monotonicNs: number) => string {
  const offsetUs = nowUs() - monotonicNowNs / 1000;
  return (monotonicNs) => rfc3339(offsetUs + monotonicNs / 1000);
}
