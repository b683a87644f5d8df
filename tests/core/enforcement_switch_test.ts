import assert from "node:assert/strict";
import type { EnforcementState } from "../../core/enforcement.ts";
import { EnforcementSwitch } from "../../core/enforcement_switch.ts";

const time = (ns: number) => `at ${ns}`;
const trips = { wait: 0, events_lost: 0, late: 0, memory: 0 };

Deno.test("EnforcementSwitch is on from the start", () => {
  const own = new EnforcementSwitch("stock", 5, time);
  assert.deepEqual(own.snapshot, { enabled: true, by: "start", since: "at 5" });
  assert.equal(own.trouble, undefined);
});

Deno.test("EnforcementSwitch shows why it is off: in its state and for /readyz", () => {
  const own = new EnforcementSwitch("stock", 5, time);
  const trip: EnforcementState["trip"] = {
    reason: "memory",
    text: "the machine has 1 MiB left",
    untilNs: 10,
  };
  own.take({ enabled: false, by: "guard", trip, sinceNs: 7, trips }, time);
  assert.deepEqual(own.snapshot, {
    enabled: false,
    by: "guard",
    since: "at 7",
    reason: "the machine has 1 MiB left",
    tries_again: "at 10",
  });
  assert.equal(own.trouble, "enforcement is off: the machine has 1 MiB left");
  own.take({ enabled: false, by: "person", sinceNs: 8, trips }, time);
  assert.equal(own.trouble, "enforcement is off: switched off by a person");
  own.take({ enabled: true, by: "person", sinceNs: 9, trips }, time);
  assert.equal(own.trouble, undefined);
});

Deno.test("EnforcementSwitch of the backend none is off, and that is no trouble", () => {
  const own = new EnforcementSwitch("none", 5, time);
  assert.equal(own.trouble, undefined);
  assert.deepEqual(own.snapshot, {
    enabled: false,
    by: "start",
    since: "at 5",
    reason: "the backend is none: it observes and learns only",
  });
});
