import assert from "node:assert/strict";
import { parseRfc3339Ms, sleep, wallOffsetMs } from "../../bench/clock.ts";

Deno.test("parseRfc3339Ms() keeps microseconds", () => {
  const whole = Date.UTC(2026, 0, 31, 12);
  assert.ok(Math.abs(parseRfc3339Ms("2026-01-31T12:00:00.123456Z") - whole - 123.456) < 0.001);
  assert.equal(parseRfc3339Ms("2026-01-31T13:00:00+01:00"), whole);
  for (const text of ["", "x", "2026-01-31", "2026-01-31T12:00:00", "2026-13-31T12:00:00Z"]) {
    assert.ok(Number.isNaN(parseRfc3339Ms(text)), text);
  }
});

Deno.test("wallOffsetMs() leads from the monotonic to the wall clock", () => {
  const offsetMs = wallOffsetMs();
  const before = Date.now(), nowMs = performance.now() + offsetMs, after = Date.now();
  // The wall clock shows whole milliseconds, rounded down.
  assert.ok(nowMs > before - 1 && nowMs < after + 2, `${nowMs} is not between ${before} and ${after}`);
});

Deno.test("sleep() rejects with the signal's reason", async () => {
  const stop = new AbortController();
  const sleeping = sleep(3_600_000, stop.signal);
  stop.abort(new Error("wake up"));
  await assert.rejects(sleeping, /wake up/);
  await assert.rejects(sleep(0, stop.signal), /wake up/);
  await sleep(0);
});
