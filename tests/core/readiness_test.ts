import assert from "node:assert/strict";
import type { PartName } from "../../api/agent_view.ts";
import { partStates } from "../../core/readiness.ts";

const WORKING = { state: "working" };
const NONE = new Map<string, readonly PartName[]>();

Deno.test("partStates() says that everything works where there is no reason", () => {
  assert.deepEqual(partStates([], NONE, "stock"), {
    observing: WORKING,
    learning: WORKING,
    enforcing: WORKING,
  });
});

Deno.test("partStates() gives each part its own reasons, and enforcing those of which nothing is said", () => {
  const parts = new Map<string, readonly PartName[]>([
    ["no learner", ["learning"]],
    ["no events", ["observing", "enforcing"]],
  ]);
  const reasons = ["no learner", "no events", "switched off by PUT /enforcement"];
  assert.deepEqual(partStates(reasons, parts, "stock"), {
    observing: { state: "not working", reason: "no events" },
    learning: { state: "not working", reason: "no learner" },
    enforcing: { state: "not working", reason: "no events; switched off by PUT /enforcement" },
  });
});

Deno.test("partStates() knows starting and stopping, and enforcing that is off", () => {
  for (const state of ["starting", "stopping"] as const) {
    const { observing, learning, enforcing } = partStates([state], NONE, "stock");
    assert.deepEqual([observing, learning, enforcing], [{ state }, { state }, { state }]);
  }
  const off = partStates([], NONE, "none");
  assert.deepEqual([off.observing, off.enforcing.state], [WORKING, "off"]);
});
