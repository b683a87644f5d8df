import assert from "node:assert/strict";
import { nowUs, rfc3339, wallClock } from "../../core/wall_clock.ts";

Deno.test("rfc3339() shows microseconds, with all their digits", () => {
  const base = Date.UTC(2026, 0, 31, 12, 0, 0) * 1000;
  assert.equal(rfc3339(base), "2026-01-31T12:00:00.000000Z");
  assert.equal(rfc3339(base + 1), "2026-01-31T12:00:00.000001Z");
  assert.equal(rfc3339(base + 123_456), "2026-01-31T12:00:00.123456Z");
  assert.equal(rfc3339(base + 999_999), "2026-01-31T12:00:00.999999Z");
  assert.equal(rfc3339(base + 59_000_010), "2026-01-31T12:00:59.000010Z");
});

Deno.test("rfc3339() never rounds up to a thousand microseconds", () => {
  const base = Date.UTC(2026, 0, 31) * 1000;
  for (const fraction of [0.5, 0.75]) {
    assert.equal(rfc3339(base + 999 + fraction), "2026-01-31T00:00:00.000999Z");
  }
  for (let us = 0; us < 5000; us += 0.25) {
    assert.equal(Date.parse(rfc3339(base + us)), Math.floor((base + us) / 1000));
    assert.match(rfc3339(base + us), /^2026-01-31T00:00:00\.\d{6}Z$/);
  }
});

Deno.test("nowUs() is the wall clock", () => {
  const before = Date.now(), now = nowUs() / 1000, after = Date.now();
  assert.ok(now > before - 1000 && now < after + 1000, `${before} ${now} ${after}`);
});

Deno.test("wallClock() keeps the distance between two times, and shows the present as now", () => {
  const time = wallClock(5e15);
  const us = (ns: number) => Date.parse(time(ns)) * 1000 + Number(time(ns).slice(-4, -1));
  assert.ok(Math.abs(us(5e15) / 1000 - Date.now()) < 1000);
  assert.equal(us(5e15) - us(5e15 - 1_234_567_000), 1_234_567);
});
