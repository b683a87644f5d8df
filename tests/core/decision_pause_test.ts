import assert from "node:assert/strict";
import { DecisionPause } from "../../core/decision_pause.ts";

const MS = 1e6;

Deno.test("DecisionPause: a long decision is followed by four times its length, at most 50 ms; the first ones are not", () => {
  const pause = new DecisionPause();
  for (let i = 0; i < 100; i++) pause.took(0.1 * MS, i * MS);
  for (let i = 0; i < 5; i++) pause.took(3 * MS, (100 + i) * MS);
  assert.equal(pause.untilNs, 0, "cold");
  pause.took(1 * MS, 110 * MS);
  assert.equal(pause.untilNs, 0, "not long");
  pause.took(2 * MS, 200 * MS);
  assert.equal(pause.untilNs, 208 * MS);
  pause.took(900 * MS, 2000 * MS);
  assert.equal(pause.untilNs, 2050 * MS);
});
