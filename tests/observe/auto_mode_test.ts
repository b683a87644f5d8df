import assert from "node:assert/strict";
import type { ActiveInvocation } from "../../observe/active_set.ts";
import { AutoMode, SHORT_LIVES, WARM_IDLE_PERIODS, WARM_LIFE_NS } from "../../observe/auto_mode.ts";
import { Flags, InvocationEvent } from "../../observe/events.ts";
import { Modes } from "../../observe/modes.ts";

const { ALPS_AUTO: AUTO, ALPS_WARM: WARM } = Flags;
const NOW = 1e12;

/** Invocations in progress: each in the slot of its place in the list. */
function look(slots: { functionId: number; flags: number; periods: number; livedNs: number }[]) {
  const auto = new AutoMode({
    flags: (slot) => slots[slot]!.flags,
    idlePeriods: (slot) => slots[slot]!.periods,
    takenNs: (slot) => NOW - slots[slot]!.livedNs,
  });
  const active = slots.map(({ functionId }, slot) => ({ slot, functionId }) as ActiveInvocation);
  return { news: auto.look(active, NOW), decisions: auto.takeDecisions(), auto };
}

function end(functionId: number, idlePeriods: number, flags: number): InvocationEvent {
  return Object.assign(new InvocationEvent(), { functionId, idlePeriods, flags });
}

Deno.test("AutoMode takes a function for warm whose process has paused often and lives for long", () => {
  const enough = { flags: AUTO, periods: WARM_IDLE_PERIODS, livedNs: WARM_LIFE_NS };
  const { news, decisions } = look([
    { functionId: 1, ...enough },
    { functionId: 2, ...enough, periods: WARM_IDLE_PERIODS - 1 },
    { functionId: 3, ...enough, livedNs: WARM_LIFE_NS - 1 },
    { functionId: 4, ...enough, flags: 0 }, // its rule says mode process
    { functionId: 5, ...enough, flags: WARM },
    { functionId: 6, ...enough, flags: AUTO | WARM }, // known
    { functionId: 1, ...enough },
  ]);
  assert.deepEqual([news, decisions], [true, [[1, true]]]);
  assert.equal(look([]).news, false);
});

Deno.test("AutoMode changes its mind where processes of a warm function keep exiting after few pauses", () => {
  const { auto } = look([]);
  const few = WARM_IDLE_PERIODS - 1;
  for (let i = 1; i < SHORT_LIVES; i++) assert.equal(auto.instanceEnded(end(1, few, AUTO | WARM)), false);
  assert.equal(auto.instanceEnded(end(1, WARM_IDLE_PERIODS, AUTO | WARM)), false, "a long life in between");
  for (let i = 1; i < SHORT_LIVES; i++) assert.equal(auto.instanceEnded(end(1, few, AUTO | WARM)), false);
  assert.equal(auto.instanceEnded(end(2, few, AUTO | WARM)), false, "another function's");
  assert.equal(auto.instanceEnded(end(1, few, AUTO | WARM)), true);
  assert.deepEqual(auto.takeDecisions(), [[1, false]]);
  assert.deepEqual(auto.takeDecisions(), []);
  for (const flags of [0, AUTO, WARM]) {
    for (let i = 0; i < 2 * SHORT_LIVES; i++) assert.equal(auto.instanceEnded(end(3, 0, flags)), false);
  }
});

Deno.test("Modes tells the kernel side of each change, once", () => {
  const told: [id: number, flags: number, gapUs: number][] = [];
  const modes = new Modes({
    setMode: (...change) => void told.push(change),
    watchIdle() {},
    idleLengths: () => undefined,
  });
  const take = () => told.splice(0);
  modes.ruled(1, { mode: "warm", gapMs: 2.5 });
  modes.ruled(1, { mode: "warm", gapMs: 2.5 });
  modes.ruled(2, { mode: "auto" });
  modes.ruled(3, { mode: "process" });
  assert.deepEqual(take(), [[1, WARM, 2500], [2, AUTO, 5000], [3, 0, 5000]]);
  assert.deepEqual([1, 2, 3, 4].map((id) => modes.of(id)), ["warm", "process", "process", "process"]);

  assert.deepEqual([1, 2, 3, 4].map((id) => modes.decided(id, true)), [false, true, false, false]);
  modes.ruled(2, { mode: "auto" }); // another process of it
  assert.equal(modes.decided(2, true), false, "known");
  assert.deepEqual(take(), [[2, AUTO | WARM, 5000]]);
  assert.equal(modes.of(2), "warm");
  assert.equal(modes.decided(2, false), true);
  assert.deepEqual(take(), [[2, AUTO, 5000]]);

  modes.ruled(1, { mode: "auto", gapMs: 2.5 }); // a new rule
  assert.deepEqual(take(), [[1, AUTO, 2500]]);
});
