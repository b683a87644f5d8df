import assert from "node:assert/strict";
import { Troubles } from "../../core/readiness.ts";

const WORKING = { state: "working" };

function working(): Troubles {
  const troubles = new Troubles();
  troubles.phase = undefined;
  return troubles;
}

Deno.test("Troubles: everything works where there is none", () => {
  const troubles = working();
  assert.deepEqual(troubles.reasons([]), []);
  assert.deepEqual(troubles.parts([], "stock"), {
    observing: WORKING,
    learning: WORKING,
    enforcing: WORKING,
  });
});

Deno.test("Troubles: each part has its own reasons, those that last and those that pass", () => {
  const troubles = working();
  troubles.add("no learner", "learning");
  troubles.add("no events", "observing", "enforcing");
  const passing = [{ reason: "switched off by PUT /enforcement", parts: ["enforcing"] as const }];
  assert.deepEqual(troubles.reasons(passing), [
    "no learner",
    "no events",
    "switched off by PUT /enforcement",
  ]);
  assert.deepEqual(troubles.parts(passing, "stock"), {
    observing: { state: "not working", reason: "no events" },
    learning: { state: "not working", reason: "no learner" },
    enforcing: { state: "not working", reason: "no events; switched off by PUT /enforcement" },
  });
  assert.equal(troubles.parts([], "stock").enforcing.reason, "no events");
});

Deno.test("Troubles: an agent that starts or stops is not ready, nor is any part of it", () => {
  for (const state of ["starting", "stopping"] as const) {
    const troubles = new Troubles();
    troubles.phase = state;
    assert.deepEqual(troubles.reasons([]), [state]);
    const { observing, learning, enforcing } = troubles.parts([], "stock");
    assert.deepEqual([observing, learning, enforcing], [{ state }, { state }, { state }]);
  }
});

Deno.test("Troubles: enforcing is off where nobody wanted it, and does not work where it was wanted in vain", () => {
  const troubles = working();
  assert.deepEqual(troubles.parts([], "none").observing, WORKING);
  assert.equal(troubles.parts([], "none").enforcing.state, "off");
  troubles.add("no journal", "enforcing");
  assert.deepEqual(troubles.parts([], "none").enforcing, { state: "not working", reason: "no journal" });
});
